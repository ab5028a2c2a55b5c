#pragma once
// What a run looks like at one moment: the figures that a live view shows. A plain value that may
// cross threads.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/metrics_timeline.hpp"
#include "coordinator/run/run_stage.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

/// One latency so far. Percentiles are absent below the floor at which they may be printed.
struct LiveLatency {
  std::uint64_t samples = 0;
  std::optional<nanoseconds> p50, p95, p99;
  bool p50_at_least = false, p95_at_least = false, p99_at_least = false;
};

struct LiveStatus {
  static constexpr std::size_t events_shown = 20;  // reports have more of them

  std::string scenario;
  RunStage stage = RunStage::gathering;
  nanoseconds elapsed{0};  // since the common start
  nanoseconds planned{0};  // warm-up + measure
  std::size_t agents_alive = 0, agents_wanted = 0;
  bool synthetic_model = false;
  bool simulated_target = false;
  bool insecure = false;           // plain connections beyond this machine
  std::size_t agents_suspect = 0;  // alive, but not heard of for a while
  std::size_t agents_lost = 0;
  std::size_t agents_paused = 0;      // without a lease in their newest report
  std::vector<std::string> warnings;  // of the agents, as every report has them
  std::vector<std::string> events;    // the first ones: "0:12 agent a: circuit breaker open"

  bool open_model = false;          // arrivals, not users
  std::uint64_t active_users = 0;   // closed model
  std::uint64_t planned_users = 0;  // closed model
  std::uint64_t in_flight = 0;
  // Of the whole run so far.
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // errors and timeouts

  std::optional<double> tokens_per_second_now;       // newest complete second
  std::optional<double> tokens_per_second_measured;  // measured window so far
  bool latencies_of_warm_up = false;                 // none of the measured phase yet
  LiveLatency ttft, e2e;
};

/// What the timeline does not know of the moment.
struct LiveMoment {
  RunStage stage = RunStage::gathering;
  nanoseconds elapsed{0};
  std::size_t agents_alive = 0, agents_wanted = 0;
  bool synthetic_model = false;
  bool simulated_target = false;
  std::vector<std::string> warnings{};
  std::vector<std::string> agent_names{};  // by their numbers
  bool insecure = false;
  std::size_t agents_suspect = 0;
  std::vector<bool> lost{};  // by their numbers; none: nobody is
};

LiveStatus make_live_status(const scenarios::Scenario& scenario, const MetricsTimeline& timeline,
                            const LiveMoment& moment);

}  // namespace squall::coordinator
