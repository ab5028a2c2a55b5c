#pragma once
// A target that tries again what failed for a reason that may pass.
//
// One request, one timeline: scheduled and dispatched are those of the first attempt, so every
// pause counts into the latency; the other stamps and the outcome are the last attempt's. A request
// whose next attempt could not start before its deadline ends at once, as its last attempt did.
// The prompt of every open request is kept: it may be needed again.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "agents/targets/resilience/forwarding_target.hpp"
#include "agents/targets/resilience/retry_policy.hpp"

namespace squall::agents {

class RetryingTarget final : public ForwardingTarget {
 public:
  RetryingTarget(const scenarios::Retries& settings, TargetEvents events,
                 std::shared_ptr<DelayedCalls> calls, const MakeTarget& make_inner);
  ~RetryingTarget() override { close(); }

  void submit(actors::LoadRequest request) override;
  void abandon(const actors::RequestOutcome& outcome) override;

 private:
  struct Open {
    actors::LoadRequest request;
    std::uint32_t attempts = 1;
    Instant first_dispatched;
    std::optional<actors::RequestTimeline> paused_after;  // while it waits for its next attempt
    std::optional<actors::RequestOutcome> abandoned;      // no further attempt
  };

  void on_attempt_ended(actors::RequestTimeline attempt);
  void try_again(std::uint64_t id);
  static actors::RequestTimeline whole(const Open& open, actors::RequestTimeline last_attempt);

  RetryPolicy policy_;
  std::mutex mutex_;  // guards what follows; never held while anything is called
  std::condition_variable handed_over_;
  bool handing_over_ = false;  // a further attempt is on its way to the inner target
  std::unordered_map<std::uint64_t, Open> open_;
};

}  // namespace squall::agents
