#pragma once
// Turns request events into snapshots. One owner (the recorder actor); time is an argument.
//
// Durations are recorded for completed requests only, and those that every request has are there as
// often as the ledger says ok. Requests that failed or timed out are in the ledger; where a
// percentile needs them, LatencySample adds them at the top. There are two exceptions:
// dispatch_delay tells of the load generator and not of the target, so every request that ended has
// one; and answers from the response cache tell nothing of the target, so they are ok in the ledger
// and appear in cache_hit, but in no other duration, no throughput and no count of tokens.
//
// Events may arrive out of the order of their stamps, even across the end of an interval: what the
// integral of requests in flight had too much or too little is made good in the next interval.

#include <string>

#include "actors/metrics/counted_start.hpp"
#include "actors/metrics/metrics_snapshot.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::actors {

class MetricsRecorder {
 public:
  /// `start` is the run's common start; snapshots count from it. Categories of prompts are told
  /// apart where there are several. A completed request that keeps all of `levels` is good; without
  /// any, none is.
  explicit MetricsRecorder(Instant start, std::size_t categories = 1,
                           std::vector<scenarios::Threshold> levels = {});

  void on_counted(const CountedStart& start);  // the next four, as its fate has it
  void on_scheduled(Phase phase);              // an intended start came due
  void on_issued(Phase phase, Instant at);     // handed to the target
  void on_cancelled_before_send(Phase phase);
  void on_dropped_late(Phase phase);
  void on_tokens(std::uint64_t count);  // produced just now, any request
  /// Exactly once for each issued request, after on_issued.
  void on_ended(const RequestTimeline& timeline);
  /// A sampled prompt was asked again at rest; `agreed`: the answer was the same.
  void on_accuracy(bool agreed);
  /// For the run's timeline; beyond events_kept in an interval they are only counted.
  void on_event(Instant at, const std::string& what);

  static constexpr std::size_t event_length = 300;  // bytes; longer ones are cut

  /// Everything since the previous snapshot. An `until` before the previous one counts as that one.
  MetricsSnapshot take_snapshot(Instant until);

 private:
  MetricsSnapshot empty_snapshot() const;
  void count_outcome(const RequestTimeline& timeline, const RequestRecord& request,
                     PhaseMetrics& metrics);
  void add_completed(const RequestTimeline& timeline, const RequestRecord& request,
                     PhaseMetrics& metrics);

  Instant start_;
  Instant interval_start_;
  nanoseconds in_flight_time_{0};  // of the open interval, as if it had no length yet
  std::uint32_t in_flight_ = 0;
  std::size_t categories_;  // 0 where there is only one
  std::vector<scenarios::Threshold> levels_;
  std::uint64_t events_left_out_ = 0;
  MetricsSnapshot current_;
};

}  // namespace squall::actors
