#include "agents/targets/null_target.hpp"

#include <utility>

namespace squall::agents {

NullTarget::NullTarget(TargetEvents events) : events_(std::move(events)) {
  description_.kind = scenarios::TargetKind::simulated;
  description_.simulated = true;
  description_.model_name = "nothing: answers at once";
  thread_ = std::thread([this] { run(); });
}

NullTarget::~NullTarget() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void NullTarget::submit(actors::LoadRequest request) {
  const Instant dispatched = std::chrono::steady_clock::now();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = asked_.empty();
    asked_.push_back({std::move(request), dispatched});
  }
  if (first) wake_.notify_one();
}

void NullTarget::run() {
  std::vector<Asked> batch;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !asked_.empty(); });
      if (asked_.empty()) return;
      batch.swap(asked_);
    }
    std::uint64_t tokens = 0;
    for (Asked& asked : batch) {
      tokens += asked.request.plan.answer_tokens;
      answer(asked);
    }
    batch.clear();
    if (events_.progress) events_.progress(tokens);
  }
}

void NullTarget::answer(Asked& asked) const {
  const actors::LoadRequest& request = asked.request;
  actors::RequestTimeline timeline;
  timeline.request = request.id;
  timeline.phase = request.phase;
  timeline.scheduled = request.scheduled;
  timeline.dispatched = asked.dispatched;
  timeline.category = request.plan.category;
  timeline.prompt_tokens = request.plan.prompt_tokens;
  timeline.output_tokens = request.plan.answer_tokens;
  timeline.content.reserve(request.plan.answer_tokens);
  for (std::uint32_t chunk = 0; chunk < request.plan.answer_tokens; ++chunk)
    timeline.content.push_back(std::chrono::steady_clock::now());
  timeline.ended = std::chrono::steady_clock::now();
  if (!timeline.content.empty()) timeline.first_chunk = timeline.first_output = timeline.content[0];
  timeline.outcome = actors::Completed{};
  events_.ended(std::move(timeline));
}

}  // namespace squall::agents
