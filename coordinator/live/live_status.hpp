#pragma once
// What a run looks like at one moment: the figures that live views show, in a terminal or a
// browser. A plain value that may cross threads. However long the run and however many its agents,
// it stays small: see the limits below.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/live/live_agents.hpp"
#include "coordinator/live/live_lights.hpp"
#include "coordinator/run/metrics_timeline.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run/run_stage.hpp"

namespace squall::coordinator {

/// One latency. Percentiles of the phase so far are absent below the floor at which they may be
/// printed; those of the newest second are of what was seen, and estimate nothing.
struct LiveLatency {
  std::uint64_t samples = 0;
  std::optional<nanoseconds> p50, p95, p99;
  bool p50_at_least = false, p95_at_least = false, p99_at_least = false;
  LatencyQuantiles now;  // of the newest complete second; count 0: nothing ended in it
};

/// Requests that failed for one reason.
struct LiveError {
  std::string what;  // class of error, as reports name it; a server may have written it
  std::uint64_t count = 0;
};

/// What was counted in one phase, all agents together.
struct LiveTotals {
  actors::Ledger ledger;
  std::uint64_t prompt_tokens = 0, output_tokens = 0;  // of completed requests
  std::uint64_t retried = 0, cached = 0;
};

struct LiveStatus {
  static constexpr std::size_t events_shown = 20;     // reports have more of them
  static constexpr std::size_t seconds_shown = 300;   // of the course
  static constexpr std::size_t agents_shown = 1'000;  // rows
  static constexpr std::size_t errors_shown = 20;     // classes

  std::string run;  // its id
  std::string scenario;
  RunStage stage = RunStage::gathering;
  nanoseconds elapsed{0};  // since the common start
  nanoseconds planned{0};  // warm-up + measure
  nanoseconds warm_up{0};  // of it
  std::size_t agents_alive = 0, agents_wanted = 0;
  bool synthetic_model = false;
  bool simulated_target = false;
  bool insecure = false;           // plain connections beyond this machine
  std::size_t agents_suspect = 0;  // alive, but not heard of for a while
  std::size_t agents_lost = 0;
  std::size_t agents_paused = 0;      // without a lease in their newest report
  std::vector<std::string> warnings;  // of the agents, as every report has them
  std::vector<std::string> events;    // the first ones: "0:12 agent a: circuit breaker open"

  bool open_model = false;            // arrivals, not users
  std::uint64_t active_users = 0;     // closed model
  std::uint64_t planned_users = 0;    // closed model, at most
  std::optional<double> planned_now;  // users, or arrivals per second; none: not known, or not now
  std::uint64_t in_flight = 0;
  // Of the whole run so far.
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;                            // errors and timeouts
  std::vector<LiveError> errors;                       // most first
  std::uint64_t other_errors = 0;                      // requests of classes that are left out
  std::array<LiveTotals, actors::phase_count> totals;  // indexed by Phase

  std::optional<double> tokens_per_second_now;       // newest complete second
  std::optional<double> tokens_per_second_measured;  // measured window so far
  std::optional<double> answers_per_second_now;
  std::optional<double> answers_per_second_measured;
  bool latencies_of_warm_up = false;  // none of the measured phase yet
  LiveLatency ttft, tpot, e2e;

  std::vector<TimelinePoint> course;  // the newest complete seconds, in order of time
  std::vector<LiveAgent> agents;      // worst first
  std::size_t agents_left_out = 0;    // rows beyond agents_shown; none of them is worse
  std::vector<LiveLight> audit;       // what of it can be said while the run goes on
  std::vector<LiveLight> thresholds;  // in the order in which the run is judged by them
};

/// What the record does not know of the moment.
struct LiveMoment {
  RunStage stage = RunStage::gathering;
  nanoseconds elapsed{0};
  std::size_t agents_alive = 0, agents_wanted = 0;
  bool synthetic_model = false;
  bool simulated_target = false;
  std::vector<std::string> warnings{};
  bool insecure = false;
  std::vector<LiveAgentState> states{};  // of the record's agents; none: all as the record says
};

/// Everything anew. Of a thousand agents a millisecond or two: LiveStatusSource makes it bearable
/// several times a second.
LiveStatus make_live_status(const RunRecord& record, const LiveMoment& moment);

/// Makes statuses one after the other. What is costly (percentiles, lights, rows of agents) is made
/// at most once a second and when the stage changes; what a reader follows, each time. One owner.
class LiveStatusSource {
 public:
  LiveStatus look(const RunRecord& record, const LiveMoment& moment, actors::Instant now);

 private:
  std::optional<LiveStatus> newest_;
  actors::Instant made_at_;  // its costly parts
};

}  // namespace squall::coordinator
