#pragma once
// All agents' snapshots of one run, merged: totals per agent and phase, and the course of the run
// second by second for the live view and for charts. Pure arithmetic; one owner.
//
// Memory is bounded: histograms are kept once per phase, and for the few newest seconds; an older
// second and a single agent keep only their numbers. The course of the run keeps coarse ones.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/metrics/metrics_snapshot.hpp"
#include "coordinator/run/resources/resource_timeline.hpp"
#include "coordinator/run/timeline/latency_course.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

inline double in_seconds(nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// The measured window as it really was: intervals whose middle lies between warm-up's end and
/// measure's end.
struct MeasuredWindow {
  nanoseconds length{0};            // of the agent that reported on most of it
  std::uint64_t output_tokens = 0;  // stamped inside
  std::uint64_t answers = 0;        // completed inside
  nanoseconds in_flight_time{0};    // integral of requests in flight

  double tokens_per_second() const;  // 0 when the window is empty
  double requests_per_second() const;
  double mean_in_flight() const;
};

/// How one agent fared in the measured window.
struct AgentWindow {
  nanoseconds length{0};
  nanoseconds process_cpu{0};
  nanoseconds engine_cpu{0};
  nanoseconds worst_loop_lag{0};
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t starts = 0;                        // requests handed to the target
  std::uint64_t peak_starts = 0, peak_tokens = 0;  // of the busiest second

  /// CPU time of everything but the engine for one start; none without any.
  std::optional<nanoseconds> cpu_per_start() const;
  /// CPU time of everything but the engine, in cores; 0 when the window is empty.
  double generator_cores() const;
};

/// Content chunks for each token of the phase's answers; 1 where every token comes alone, or
/// nothing is known.
double chunks_a_token(const actors::PhaseMetrics& metrics);

/// What an agent's newest snapshot says of the moment.
struct AgentGauges {
  nanoseconds from{0}, to{0};
  std::uint32_t in_flight = 0;
  std::uint32_t active_users = 0;
  nanoseconds loop_lag{0};
  std::uint64_t resident_bytes = 0;
  nanoseconds paused{0};  // of the interval
  // Of the interval, too.
  std::uint64_t starts = 0, answers = 0, failures = 0, tokens = 0;
  nanoseconds process_cpu{0};
};

struct LatencyQuantiles {
  std::uint64_t count = 0;
  nanoseconds p50{0}, p95{0}, p99{0};  // zero when count is 0
};

/// What an agent wanted to be known of the course of the run.
struct TimelineEvent {
  nanoseconds at{0};  // since the common start
  std::size_t agent = 0;
  std::string what;
};

/// One second of the run, all agents together.
struct TimelinePoint {
  nanoseconds at{0};              // start of the second, since the common start
  std::uint32_t agents = 0;       // that reported on it
  std::uint64_t starts = 0;       // handed to the target in this second
  std::uint64_t tokens = 0;       // stamped in this second
  std::uint64_t answers = 0;      // completed in this second
  std::uint64_t errors = 0;       // failed and timed out in this second
  double tokens_per_second = 0;   // a second cut short by the end still has its true rate
  double answers_per_second = 0;  // likewise
  double in_flight = 0;           // mean over the second
  std::uint64_t active_users = 0;
  nanoseconds loop_lag{0};  // worst
  nanoseconds process_cpu{0};
  nanoseconds engine_cpu{0};
  LatencyQuantiles ttft, e2e;  // of requests that completed in this second, of whichever phase
  LatencyQuantiles tpot;       // likewise
};

class MetricsTimeline {
 public:
  MetricsTimeline() = default;
  MetricsTimeline(const scenarios::Phases& phases, std::size_t agents);

  /// Each kept batch exactly once, in the order of each agent's sequence.
  void add(std::size_t agent, const actors::MetricsSnapshot& snapshot);

  /// The agent is lost or has sealed: a second is complete without it. What comes of it later
  /// still counts.
  void wait_no_more_for(std::size_t agent);

  /// The run is cut short at this offset from the common start: what comes later is kept in the
  /// totals but is no part of the measured window.
  void end_measuring_at(nanoseconds offset);

  std::size_t agents() const { return agents_.size(); }
  const actors::PhaseMetrics& total(actors::Phase phase) const;  // all agents
  /// One agent's counts. Of its durations number, sum and extremes are known, and no ranks: a
  /// thousand agents' buckets would be a gigabyte.
  const actors::PhaseMetrics& of_agent(std::size_t agent, actors::Phase phase) const;
  const MeasuredWindow& measured() const { return measured_; }
  const AgentWindow& window_of(std::size_t agent) const { return windows_.at(agent); }
  /// How long in all the agent was without a lease, so that nothing could start.
  nanoseconds paused_of(std::size_t agent) const { return paused_.at(agent); }
  /// Every second that anything was reported for, in order.
  std::vector<TimelinePoint> points() const;
  /// The distributions of those seconds, or of stretches of them: coarse, for heat maps.
  LatencyCourse latency_course() const;
  /// The newest second that every agent has reported on in full.
  std::optional<TimelinePoint> newest_complete_point() const;
  /// The newest such seconds, at most so many, in order of time.
  std::vector<TimelinePoint> newest_complete_points(std::size_t most) const;
  /// The newest gauges of each agent (all zero when none came yet).
  const std::vector<AgentGauges>& latest() const { return latest_; }

  /// In order of time. The first ones are kept; of the others only their number.
  std::vector<TimelineEvent> events() const;
  std::uint64_t events_left_out() const { return events_left_out_; }

  /// What their machines used.
  const ResourceTimeline& resources() const { return resources_; }

  static constexpr std::size_t events_limit = 1000;
  /// So many seconds keep their histograms while they wait for slow agents.
  static constexpr std::size_t open_seconds_limit = 16;

 private:
  /// A second that some agent may still report on.
  struct OpenSecond {
    std::vector<nanoseconds> covered;  // by agent
    TimelinePoint point;               // all but the quantiles
    actors::Histogram ttft, tpot, e2e;
  };

  /// What one agent did in the second of the window that it reported on last.
  struct NewestSecond {
    std::int64_t second = -1;
    std::uint64_t starts = 0, tokens = 0;
  };

  void add_events(std::size_t agent, const actors::MetricsSnapshot& snapshot);
  bool in_measured_window(nanoseconds from, nanoseconds to) const;
  void add_to_window(std::size_t agent, const actors::MetricsSnapshot& snapshot);
  void add_to_second(std::size_t agent, const actors::MetricsSnapshot& snapshot);
  void reached(std::size_t agent, nanoseconds to);
  void close_complete_seconds();
  static void add_numbers(TimelinePoint& point, const actors::MetricsSnapshot& snapshot);
  static TimelinePoint summarize(const OpenSecond& second);
  static LatencyCourse::Stretch distributions(const OpenSecond& second);

  scenarios::Phases phases_;
  nanoseconds measure_end_{0};
  MeasuredWindow measured_;
  std::array<actors::PhaseMetrics, actors::phase_count> totals_;
  std::vector<std::array<actors::PhaseMetrics, actors::phase_count>> agents_;
  std::vector<AgentWindow> windows_;
  std::vector<nanoseconds> paused_;           // by agent
  std::vector<NewestSecond> newest_seconds_;  // by agent
  std::vector<TimelineEvent> events_;
  std::uint64_t events_left_out_ = 0;
  ResourceTimeline resources_;
  std::vector<AgentGauges> latest_;
  std::vector<std::int64_t> reported_;              // by agent: seconds that it told all of …
  std::map<std::int64_t, std::size_t> waited_for_;  // … and how many agents have got so far
  std::map<std::int64_t, OpenSecond> open_;         // by second
  std::map<std::int64_t, TimelinePoint> closed_;    // by second
  LatencyCourse latencies_;                         // of the closed seconds
};

}  // namespace squall::coordinator
