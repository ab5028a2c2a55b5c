#pragma once
// A target that is spared while it fails: requests meanwhile end at once as failed, with the reason
// "circuit breaker open", and changes of state are told for the run's timeline.
//
// The breaker stands behind the retries, so it sees each attempt: it opens as soon as the target
// has failed so many times in a row, and while it is open no attempt at all gets through, also none
// whose pause ends then. Its refusal does not pass by trying again, so it ends the request.

#include <mutex>
#include <unordered_map>

#include "agents/targets/resilience/circuit_breaker.hpp"
#include "agents/targets/resilience/forwarding_target.hpp"

namespace squall::agents {

class BreakerTarget final : public ForwardingTarget {
 public:
  BreakerTarget(const scenarios::CircuitBreaker& settings, TargetEvents events,
                std::shared_ptr<DelayedCalls> calls, const MakeTarget& make_inner);
  ~BreakerTarget() override { close(); }

  void submit(actors::LoadRequest request) override;

 private:
  void on_attempt_ended(actors::RequestTimeline attempt);
  void tell(const CircuitBreaker::Change& change, Instant at);

  std::mutex mutex_;  // guards what follows; never held while anything is called
  CircuitBreaker breaker_;
  std::unordered_map<std::uint64_t, CircuitBreaker::Permit> permits_;  // of open attempts
};

}  // namespace squall::agents
