#pragma once
// Who asks what and when, on virtual time: the scenario's users or arrivals, by the plan that real
// agents follow (scenarios/load), with answers that come when a simulation says so. One owner.
//
// As agents/load/user_pool, without leases: a user asks, waits for its answer, thinks, asks again;
// after an answer that failed its conversation ends. Answers have their planned length.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "coordinator/fleet/simulated_engine.hpp"
#include "scenarios/load/load_plan.hpp"

namespace squall::coordinator {

/// A request that is asked now.
struct FleetRequest {
  EngineJob job;          // its id is the number of the request: 0, 1, 2 …
  std::uint64_t who = 0;  // user, or arrival
  double scheduled = 0;   // seconds after the run's start; latency counts from here
};

class FleetLoad {
 public:
  /// `scenario` outlives this. Throws FleetError where prompts' lengths are not known.
  FleetLoad(const scenarios::Scenario& scenario, std::shared_ptr<const scenarios::Trace> trace,
            std::uint32_t assumed_prompt_tokens);

  /// When somebody asks next, unless an answer comes before; `never`: nobody does.
  double next() const;
  /// It is next(): the request, or none when it may not be sent now or not any more.
  std::optional<FleetRequest> take();
  /// The answer to `request` has ended. What waited for it is asked next, at `now`.
  void on_ended(const FleetRequest& request, bool completed, double now);
  /// The load is over: arrivals that still wait for room are never sent.
  void close();

  double stop() const { return stop_; }                 // nothing is asked from then on
  std::uint64_t not_sent() const { return not_sent_; }  // arrivals that never were in flight
  std::uint64_t not_sent_in_measure() const { return not_sent_in_measure_; }

 private:
  struct User {
    double begin = 0, end = 0;  // of its stretch
    double think_time = 0;
    std::uint64_t history = 0;  // tokens of this session so far, answers included
    std::uint32_t session = 0, turn = 0;
    enum class Doing : unsigned char { nothing, waits, thinks } does = Doing::nothing;
    bool last_turn = true;
  };
  struct Wake {
    double at;
    std::uint64_t order;
    std::uint64_t user;
    bool operator>(const Wake& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  std::optional<FleetRequest> begin_stretch();
  std::optional<FleetRequest> ask_of_user(std::uint64_t user, double at);
  std::optional<FleetRequest> take_arrival();
  FleetRequest ask(const scenarios::RequestPlan& plan, double scheduled, std::uint64_t history);
  std::uint32_t prompt_tokens_of(const scenarios::RequestPlan& plan) const;
  void count_not_sent(double intended);
  bool has_room() const { return most_in_flight_ == 0 || in_flight_ < most_in_flight_; }

  const scenarios::Scenario& scenario_;
  std::uint32_t assumed_prompt_tokens_;
  scenarios::LoadPlan plan_;
  double warm_up_, stop_, timeout_;
  std::uint64_t asked_ = 0;
  std::uint64_t not_sent_ = 0, not_sent_in_measure_ = 0;

  // Closed model.
  std::vector<User> users_;
  std::size_t next_stretch_ = 0;  // of plan_.users
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::uint64_t wakes_so_far_ = 0;

  // Open model.
  std::unique_ptr<scenarios::ArrivalStream> arrivals_;
  std::optional<scenarios::PlannedArrival> next_arrival_;
  std::uint64_t most_in_flight_ = 0, in_flight_ = 0;
  scenarios::WhenFull when_full_ = scenarios::WhenFull::wait;
  std::deque<scenarios::PlannedArrival> late_;  // came while as many as may be were in flight
  double room_since_ = never;                   // when the first of them may be sent
};

}  // namespace squall::coordinator
