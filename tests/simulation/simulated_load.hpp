#pragma once
// An agent's load on virtual time: the production users, service times and recorder, around a pacer
// and a target that only the simulated clock moves. What the actors around them do on threads is
// done here within one event.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "actors/metrics/metrics_recorder.hpp"
#include "agents/load/prompt_source.hpp"
#include "agents/load/user_pool.hpp"
#include "agents/targets/simulated_service.hpp"
#include "tests/simulation/simulated_process.hpp"

namespace squall::tests {

class SimulatedLoad {
 public:
  struct Events {
    std::function<void(const actors::LoadRequest&)> submitted;  // the target sees it now
    std::function<void(nanoseconds)> first_start;               // so late
  };

  SimulatedLoad(SimulatedProcess& process, Events events)
      : process_(&process), events_(std::move(events)) {}

  /// Why it cannot be done; empty when it can.
  std::string prepare(std::shared_ptr<const scenarios::Scenario> scenario,
                      const scenarios::AgentShare& share);
  void begin(std::shared_ptr<const scenarios::LoadPlan> plan, Instant start);
  /// It may go on; nothing starts at or after this instant.
  void lease_until(Instant until);
  void pause();
  void add_share(std::shared_ptr<const scenarios::LoadPlan> plan);
  /// Nothing starts any more when this returns, and all that came due has been counted.
  void stop();
  void abandon_open(const actors::RequestOutcome& outcome);
  actors::MetricsSnapshot take_snapshot(Instant until);

  bool begun() const { return recorder_.has_value(); }
  std::uint64_t submitted() const { return submitted_; }

 private:
  struct Later {
    bool operator()(const actors::DueWake& a, const actors::DueWake& b) const {
      return a.intended != b.intended ? a.intended > b.intended : a.item > b.item;
    }
  };

  struct Stream {
    std::unique_ptr<scenarios::ArrivalStream> wakes;
    actors::DueWake next;
  };
  void add_stream(std::unique_ptr<scenarios::ArrivalStream> wakes);
  bool pull(Stream& stream) const;
  std::vector<Stream>::iterator earliest_stream();
  std::optional<Instant> next_wake();
  std::optional<actors::DueWake> take_wake_before(Instant end);
  void arm();
  void deliver_due();
  void wake(const actors::DueWake& due);
  void carry_out();
  void submit(actors::LoadRequest&& request);
  void answer_due(std::uint64_t request);
  void end(actors::RequestTimeline&& timeline);

  SimulatedProcess* process_;
  Events events_;
  std::shared_ptr<const scenarios::Scenario> scenario_;
  std::shared_ptr<const agents::PromptSource> prompts_;
  std::unique_ptr<agents::SimulatedService> service_;
  std::unique_ptr<agents::UserPool> pool_;
  agents::LoadOrders orders_;
  std::optional<actors::MetricsRecorder> recorder_;
  std::map<std::uint64_t, actors::RequestTimeline> open_;  // as they will have been
  std::uint64_t submitted_ = 0;

  std::vector<Stream> streams_;
  std::priority_queue<actors::DueWake, std::vector<actors::DueWake>, Later> ordered_;
  Instant start_;
  std::optional<Instant> armed_;
  bool woke_ = false;
};

}  // namespace squall::tests
