#pragma once
// Watches thresholds while the run goes on: those that hold for stretches of it ("for 10s"), and
// those whose miss ends it ("else abort"). Plain state; the same batches in the same order lead to
// the same findings, so that a journal tells all of it again.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "coordinator/run/run_record.hpp"
#include "coordinator/run/threshold_result.hpp"

namespace squall::coordinator {

class ThresholdWatch {
 public:
  /// What is watched from now on. What is known of the same stretches before stays.
  void watch(const std::vector<scenarios::ResolvedThreshold>& thresholds, RunRecord& record);

  /// One kept batch, after the timeline has it. Notes in the record what it finds.
  void add(const actors::MetricsSnapshot& snapshot, RunRecord& record);

  /// Judges the seconds that every agent has told all of since.
  void judge(RunRecord& record);

  /// The first miss that is to end the run; `at` is left to who ends it.
  const std::optional<RunAborted>& abort_due() const { return due_; }

 private:
  /// What was measured in one second, all agents together.
  struct Second {
    actors::PhaseMetrics metrics;
    MeasuredWindow window;
    void add(const Second& other);
  };

  void judge_second(std::int64_t second, RunRecord& record);
  void judge_stretch(const scenarios::ResolvedThreshold& threshold, std::int64_t second,
                     RunRecord& record);
  void judge_so_far(const scenarios::ResolvedThreshold& threshold, std::int64_t second,
                    RunRecord& record);
  void note_abort(const scenarios::ResolvedThreshold& threshold, const WatchedStretches& miss,
                  const RunRecord& record);
  void forget_seconds();
  Second sum_of(std::int64_t from, std::int64_t to) const;
  bool keeps_seconds() const { return longest_ > 0 || judges_so_far_; }

  std::vector<scenarios::ResolvedThreshold> watched_;
  std::int64_t longest_ = 0;                // stretch, in seconds
  bool judges_so_far_ = false;              // some threshold ends the run by all of it so far
  std::map<std::int64_t, Second> seconds_;  // not judged yet, and before them for `longest_`
  std::int64_t kept_from_ = 0;  // before this second some figures may be missing from seconds_
  std::int64_t judged_ = -1;    // the newest second that was, or that nobody wanted judged
  Second so_far_;               // the seconds that were judged since so_far_from_
  std::int64_t so_far_from_ = 0;
  std::optional<RunAborted> due_;
};

}  // namespace squall::coordinator
