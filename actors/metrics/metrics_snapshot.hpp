#pragma once
// What one agent measured in one interval: deltas since its previous snapshot. Snapshots merge by
// addition in any order; the merge of all of an agent's snapshots is its whole run.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/metrics/histogram.hpp"
#include "actors/metrics/ledger.hpp"
#include "actors/metrics/request_record.hpp"
#include "actors/metrics/resource_sample.hpp"
#include "scenarios/schema/metric.hpp"

namespace squall::actors {

/// A request is late when the load generator dispatched it more than this after its intended start.
inline constexpr nanoseconds late_limit = std::chrono::milliseconds(10);

/// What can be told apart by category of prompt.
struct CategoryMetrics {
  std::uint64_t ok = 0, failed = 0;  // failed: errors and timeouts
  std::uint64_t output_tokens = 0;
  Histogram ttft, e2e;

  void merge(const CategoryMetrics& other);
  void merge_without_buckets(const CategoryMetrics& other);
  friend bool operator==(const CategoryMetrics&, const CategoryMetrics&) = default;
};

/// Something that a reader of the run's timeline should know: "circuit breaker open".
struct RunEvent {
  nanoseconds at{0};  // since the common start
  std::string what;
  friend bool operator==(const RunEvent&, const RunEvent&) = default;
};

/// Counts and durations of one phase of the run. A request belongs to the phase of its intended
/// start.
struct PhaseMetrics {
  Ledger ledger;
  /// Indexed by scenarios::Metric; completed requests only, but dispatch_delay of all that ended.
  std::array<Histogram, scenarios::duration_metric_count> durations;
  std::map<std::string, std::uint64_t> errors;  // class of error -> count
  std::uint64_t prompt_tokens = 0;              // of completed requests
  std::uint64_t output_tokens = 0;              // of completed requests
  std::uint64_t late = 0;      // dispatched more than late_limit after the intended start
  std::uint64_t attempts = 0;  // of requests that ended; more than those where there are retries
  std::uint64_t retried = 0;   // requests that took more than one attempt
  std::uint64_t cached = 0;    // of ok: answered from memory; only in the cache_hit series
  std::uint64_t tokens_disputed = 0;        // requests whose server counted > 10 % differently
  std::uint64_t accuracy_asked = 0;         // sampled requests that were asked again at rest …
  std::uint64_t accuracy_agreed = 0;        // … and gave the same answer
  std::uint64_t good = 0;                   // of ok: kept every SLO; 0 where there are none
  std::vector<CategoryMetrics> categories;  // as in the scenario; empty where there is only one

  void merge(const PhaseMetrics& other);
  /// Of durations, number, sum and extremes only: they have no ranks then.
  void merge_without_buckets(const PhaseMetrics& other);
  friend bool operator==(const PhaseMetrics&, const PhaseMetrics&) = default;

 private:
  void add_counts(const PhaseMetrics& other);
};

struct MetricsSnapshot {
  nanoseconds from{0}, to{0};                    // since the common start of the run
  std::array<PhaseMetrics, phase_count> phases;  // indexed by Phase

  // Throughput counts what happened in this interval, whenever its request started.
  std::uint64_t tokens_in_interval = 0;   // output tokens stamped in the interval
  std::uint64_t answers_in_interval = 0;  // requests completed in the interval
  nanoseconds in_flight_time{0};          // integral of requests in flight over the interval

  // How the agent itself fared.
  std::uint32_t in_flight = 0;       // at the end of the interval
  std::uint32_t active_users = 0;    // closed model: users started so far
  nanoseconds loop_lag{0};           // worst lateness of the agent's own ticks
  nanoseconds process_cpu{0};        // CPU time of the whole agent in the interval
  nanoseconds engine_cpu{0};         // of it, spent in the embedded engine's threads
  std::uint64_t resident_bytes = 0;  // at the end of the interval
  std::vector<RunEvent> events;      // at most events_kept in an interval
  nanoseconds paused{0};             // of the interval: without a lease, so nothing could start
  std::vector<ResourceSample> resources;  // at most samples_kept in an interval
  /// Those that ended, at most requests_kept: only where it was recorded. They travel and are kept
  /// within the batch's bytes (actors/wire/request_codec.hpp); nobody on the way reads them.
  std::vector<RequestRecord> requests;

  static constexpr std::size_t events_kept = 64;
  static constexpr std::size_t samples_kept = 4;
  static constexpr std::size_t requests_kept = 12'000;  // half a message of 1 MiB

  PhaseMetrics& operator[](Phase phase) { return phases[static_cast<std::size_t>(phase)]; }
  const PhaseMetrics& operator[](Phase phase) const {
    return phases[static_cast<std::size_t>(phase)];
  }
  friend bool operator==(const MetricsSnapshot&, const MetricsSnapshot&) = default;
};

}  // namespace squall::actors
