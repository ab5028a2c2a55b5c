#pragma once
// What all targets that stand before a target share: they pass on what they do not change.
//
// Threads: whatever one of these reports of its own goes through the shared DelayedCalls, so
// nothing is ever reported from inside submit() or abandon().

#include <memory>
#include <utility>

#include "agents/targets/resilience/delayed_calls.hpp"
#include "agents/targets/target.hpp"

namespace squall::agents {

/// Makes the target that stands behind; throws what its making throws.
using MakeTarget = std::function<std::unique_ptr<Target>(TargetEvents)>;

class ForwardingTarget : public Target {
 public:
  const TargetDescription& description() const override { return inner_->description(); }
  nanoseconds engine_cpu() const override { return inner_->engine_cpu(); }
  void begin(Instant start) override { inner_->begin(start); }
  void abandon(const actors::RequestOutcome& outcome) override { inner_->abandon(outcome); }

 protected:
  ForwardingTarget(TargetEvents events, std::shared_ptr<DelayedCalls> calls)
      : events_(std::move(events)), calls_(std::move(calls)) {}

  /// For a constructor's end: `on_ended` hears of the inner target's requests, the rest goes by.
  void stand_before(const MakeTarget& make_inner,
                    std::function<void(actors::RequestTimeline)> on_ended) {
    inner_ = make_inner({std::move(on_ended), events_.progress, events_.happened});
  }

  /// For each destructor: afterwards nothing comes from behind, nor from the shared thread.
  void close() {
    calls_->stop();
    inner_.reset();
  }

  void report(actors::RequestTimeline timeline) {
    const Instant at = timeline.ended;
    calls_->call_at(
        at, [this, ended = std::move(timeline)]() mutable { events_.ended(std::move(ended)); });
  }

  /// The timeline of a request that ends before the inner target has seen it.
  static actors::RequestTimeline ended_here(const actors::LoadRequest& request, Instant now,
                                            actors::RequestOutcome outcome) {
    actors::RequestTimeline timeline;
    timeline.request = request.id;
    timeline.phase = request.phase;
    timeline.scheduled = request.scheduled;
    timeline.dispatched = now;
    timeline.ended = now;
    timeline.category = request.plan.category;
    timeline.outcome = std::move(outcome);
    return timeline;
  }

  TargetEvents events_;
  std::shared_ptr<DelayedCalls> calls_;
  std::unique_ptr<Target> inner_;
};

}  // namespace squall::agents
