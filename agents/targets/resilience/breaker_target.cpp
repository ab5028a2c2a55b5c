#include "agents/targets/resilience/breaker_target.hpp"

#include <cassert>

namespace squall::agents {

using namespace actors;

namespace {

std::string reason_of(const RequestOutcome& outcome) {
  if (const auto* failed = std::get_if<Failed>(&outcome)) return failed->reason;
  return std::holds_alternative<TimedOut>(outcome) ? "timed out" : "";
}

}  // namespace

BreakerTarget::BreakerTarget(const scenarios::CircuitBreaker& settings, TargetEvents events,
                             std::shared_ptr<DelayedCalls> calls, const MakeTarget& make_inner)
    : ForwardingTarget(std::move(events), std::move(calls)), breaker_(settings) {
  stand_before(make_inner,
               [this](RequestTimeline attempt) { on_attempt_ended(std::move(attempt)); });
}

void BreakerTarget::submit(LoadRequest request) {
  std::unique_lock lock(mutex_);
  const Instant now = std::chrono::steady_clock::now();
  const auto decision = breaker_.on_request(now);
  tell(decision.change, now);
  if (!decision.permit) {
    lock.unlock();
    report(ended_here(request, now, Failed{"circuit breaker open"}));
    return;
  }
  const bool fresh = permits_.emplace(request.id, *decision.permit).second;
  assert(fresh && "a request has one attempt at a time");
  lock.unlock();
  inner_->submit(std::move(request));
}

void BreakerTarget::on_attempt_ended(RequestTimeline attempt) {
  {
    const std::lock_guard lock(mutex_);
    const auto permit = permits_.extract(attempt.request);
    assert(!permit.empty() && "an attempt ends once");
    const Instant now = std::chrono::steady_clock::now();
    tell(
        breaker_.on_end(permit.mapped(), sign_of(attempt.outcome), reason_of(attempt.outcome), now),
        now);
  }
  events_.ended(std::move(attempt));
}

void BreakerTarget::tell(const CircuitBreaker::Change& change, Instant at) {
  // Queued under the lock, so that changes are told in the order in which they happened.
  if (change) calls_->call_at(at, [this, at, what = *change] { events_.happened(at, what); });
}

}  // namespace squall::agents
