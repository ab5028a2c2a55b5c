#pragma once
// Turns request events into snapshots. One owner (the recorder actor); time is an argument.
//
// Durations are recorded for completed requests only, and those that every request has are there as
// often as the ledger says ok. Requests that failed or timed out are in the ledger; where a
// percentile needs them, LatencySample adds them at the top. The exception is dispatch_delay, which
// tells of the load generator and not of the target: every request that ended has one.
//
// Events may arrive out of the order of their stamps, even across the end of an interval: what the
// integral of requests in flight had too much or too little is made good in the next interval.

#include "actors/metrics/metrics_snapshot.hpp"

namespace squall::actors {

class MetricsRecorder {
 public:
  /// `start` is the run's common start; snapshots count from it.
  explicit MetricsRecorder(Instant start);

  void on_scheduled(Phase phase);           // an intended start came due
  void on_issued(Phase phase, Instant at);  // handed to the target
  void on_cancelled_before_send(Phase phase);
  void on_dropped_late(Phase phase);
  void on_tokens(std::uint64_t count);  // produced just now, any request
  /// Exactly once for each issued request, after on_issued.
  void on_ended(const RequestTimeline& timeline);

  /// Everything since the previous snapshot. An `until` before the previous one counts as that one.
  MetricsSnapshot take_snapshot(Instant until);

 private:
  Instant start_;
  Instant interval_start_;
  nanoseconds in_flight_time_{0};  // of the open interval, as if it had no length yet
  std::uint32_t in_flight_ = 0;
  MetricsSnapshot current_;
};

}  // namespace squall::actors
