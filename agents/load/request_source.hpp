#pragma once
// Who asks: a user of the closed model, or the stream of open arrivals. Plain decisions; the actor
// beside it only passes messages.

#include <memory>
#include <optional>

#include "actors/actor_interfaces.hpp"
#include "scenarios/load/load_plan.hpp"

namespace squall::agents {

using actors::Instant;

/// The run as every source of requests sees it.
struct LoadContext {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::shared_ptr<const scenarios::LoadPlan> plan;
  Instant start;

  actors::Phase phase_at(Instant intended) const;
  Instant stop() const { return start + plan->stop; }
};

class RequestSource {
 public:
  /// A user of the closed model.
  RequestSource(std::shared_ptr<const LoadContext> context, scenarios::PlannedUser user);
  /// All arrivals of this agent's share.
  explicit RequestSource(std::shared_ptr<const LoadContext> context);

  /// The request that starts at `intended`; `item` is the arrival's number in the open model.
  /// `dispatched` is left for the caller to stamp.
  actors::LoadRequest next_request(Instant intended, std::uint64_t item);

  /// When this source asks again after an answer that ended at `ended`; none in the open model, and
  /// none when that would be at or after the end of the load.
  std::optional<Instant> next_wake(Instant ended) const;

 private:
  std::shared_ptr<const LoadContext> context_;
  std::optional<std::uint64_t> user_;  // none: open arrivals
  std::uint64_t sequence_ = 0;
  scenarios::nanoseconds think_time_{0};
};

}  // namespace squall::agents
