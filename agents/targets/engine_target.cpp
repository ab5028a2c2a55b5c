#include "agents/targets/engine_target.hpp"

#include <utility>

#include "agents/thread_priority.hpp"

namespace squall::agents {

using namespace actors;

EngineTarget::EngineTarget(const scenarios::Scenario& scenario,
                           const TargetSurroundings& surroundings, TargetEvents events,
                           const DownloadContext& downloads)
    : events_(std::move(events)) {
  std::promise<void> loaded;
  auto outcome = loaded.get_future();
  // The promise is the thread's: it must outlive its own notification.
  thread_ = std::thread([&, promise = std::move(loaded)]() mutable {
    load(scenario, surroundings, downloads, promise);
  });
  try {
    outcome.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

EngineTarget::~EngineTarget() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void EngineTarget::load(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
                        const DownloadContext& downloads, std::promise<void>& loaded) {
  prefer_long_turns();  // this thread, and those that the engine starts from it
  try {
    requests_ = std::make_unique<EngineRequests>(scenario, surroundings, downloads);
  } catch (...) {
    loaded.set_exception(std::current_exception());
    return;
  }
  loaded.set_value();  // the arguments are gone from here on
  run();
}

void EngineTarget::submit(LoadRequest request) {
  request.dispatched = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    mail_.requests.push_back(std::move(request));
  }
  wake_.notify_one();
}

void EngineTarget::abandon(const RequestOutcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    mail_.abandon_as = outcome;
    mail_.asked_before = mail_.requests.size();
  }
  wake_.notify_one();
}

/// Waits for mail if there is nothing else to do; false: the thread ends.
bool EngineTarget::take_mail(Mail& mail) {
  std::unique_lock lock(mutex_);
  if (requests_->empty()) wake_.wait(lock, [this] { return ending_ || !mail_.empty(); });
  mail = std::exchange(mail_, {});
  return !ending_;
}

void EngineTarget::run() {
  Mail mail;
  while (take_mail(mail)) {
    EngineRequests::StepResult result;
    for (std::size_t i = 0; i <= mail.requests.size(); ++i) {
      if (mail.abandon_as && i == mail.asked_before) requests_->abandon(*mail.abandon_as, result);
      if (i < mail.requests.size()) requests_->add(mail.requests[i], result);
    }
    requests_->step(result);
    report(result);
  }
}

void EngineTarget::report(EngineRequests::StepResult& result) {
  engine_cpu_ = requests_->cpu_time().count();
  if (events_.progress) events_.progress(result.tokens);
  for (RequestTimeline& timeline : result.ended) events_.ended(std::move(timeline));
}

}  // namespace squall::agents
