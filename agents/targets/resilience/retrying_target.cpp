#include "agents/targets/resilience/retrying_target.hpp"

#include <cassert>
#include <vector>

namespace squall::agents {

using namespace actors;

RetryingTarget::RetryingTarget(const scenarios::Retries& settings, TargetEvents events,
                               std::shared_ptr<DelayedCalls> calls, const MakeTarget& make_inner)
    : ForwardingTarget(std::move(events), std::move(calls)), policy_(settings) {
  stand_before(make_inner,
               [this](RequestTimeline attempt) { on_attempt_ended(std::move(attempt)); });
}

void RetryingTarget::submit(LoadRequest request) {
  {
    const std::lock_guard lock(mutex_);
    const auto [place, fresh] = open_.try_emplace(request.id);
    assert(fresh && "request ids are unique within an agent");
    place->second.request = request;
  }
  inner_->submit(std::move(request));
}

RequestTimeline RetryingTarget::whole(const Open& open, RequestTimeline last_attempt) {
  last_attempt.dispatched = open.first_dispatched;
  last_attempt.attempts = open.attempts;
  return last_attempt;
}

void RetryingTarget::on_attempt_ended(RequestTimeline attempt) {
  std::unique_lock lock(mutex_);
  const auto place = open_.find(attempt.request);
  assert(place != open_.end() && "a request ends once");
  Open& open = place->second;
  if (open.attempts == 1) open.first_dispatched = attempt.dispatched;
  const auto next = policy_.next_attempt(attempt, open.attempts, open.request.plan.sampling_seed,
                                         open.request.deadline);
  if (next && !open.abandoned) {
    open.paused_after = std::move(attempt);
    calls_->call_at(*next, [this, id = place->first] { try_again(id); });
    return;
  }
  // Abandoned while it failed: it would have gone on, so this is how it ends.
  if (next) attempt.outcome = *open.abandoned;
  attempt = whole(open, std::move(attempt));
  open_.erase(place);
  lock.unlock();
  events_.ended(std::move(attempt));
}

void RetryingTarget::try_again(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  const auto place = open_.find(id);
  if (place == open_.end()) return;  // abandoned during its pause
  Open& open = place->second;
  open.paused_after.reset();
  open.request.attempt = ++open.attempts;
  LoadRequest request = open.request;
  handing_over_ = true;
  lock.unlock();
  inner_->submit(std::move(request));
  lock.lock();
  handing_over_ = false;
  lock.unlock();
  handed_over_.notify_all();
}

void RetryingTarget::abandon(const RequestOutcome& outcome) {
  std::vector<RequestTimeline> ended;
  {
    std::unique_lock lock(mutex_);
    const Instant now = std::chrono::steady_clock::now();
    for (auto place = open_.begin(); place != open_.end();) {
      Open& open = place->second;
      open.abandoned = outcome;
      if (open.paused_after) {
        RequestTimeline& timeline = ended.emplace_back(whole(open, std::move(*open.paused_after)));
        timeline.ended = now;
        timeline.outcome = outcome;
        place = open_.erase(place);
      } else {
        ++place;
      }
    }
    // An attempt on its way would reach the inner target after it was told to abandon its own. On
    // the shared thread itself none can be: it is here.
    if (!calls_->on_this_thread()) handed_over_.wait(lock, [this] { return !handing_over_; });
  }
  inner_->abandon(outcome);
  for (RequestTimeline& timeline : ended) report(std::move(timeline));
}

}  // namespace squall::agents
