#include "coordinator/run/thresholds/threshold_watch.hpp"

#include <algorithm>
#include <utility>

namespace squall::coordinator {

using namespace std::chrono_literals;
using scenarios::ResolvedThreshold;

namespace {

/// Figures of the whole run so far swing in its first seconds.
constexpr nanoseconds settling = 5s;

std::int64_t whole_seconds(nanoseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

nanoseconds measured_until(std::int64_t second, const RunRecord& record) {
  return std::chrono::seconds(second + 1) - record.scenario.phases.warm_up;
}

WatchedStretches& stretches_of(const std::string& threshold, RunRecord& record) {
  const auto found = std::ranges::find(record.stretches, threshold, &WatchedStretches::threshold);
  if (found != record.stretches.end()) return *found;
  return record.stretches.emplace_back(WatchedStretches{threshold, 0, 0, {}, {}, {}});
}

void note_gpu_memory(const actors::MetricsSnapshot& snapshot, RunRecord& record) {
  for (const auto& sample : snapshot.resources)
    for (const auto& gpu : sample.gpus)
      if (gpu.memory_used_bytes)
        record.peak_gpu_memory =
            std::max(record.peak_gpu_memory.value_or(0), *gpu.memory_used_bytes);
}

bool is_measured(const actors::MetricsSnapshot& snapshot, const RunRecord& record) {
  const auto& phases = record.scenario.phases;
  const nanoseconds middle = snapshot.from + (snapshot.to - snapshot.from) / 2;
  return middle >= phases.warm_up && middle < phases.warm_up + phases.measure;
}

}  // namespace

void ThresholdWatch::watch(const std::vector<ResolvedThreshold>& thresholds, RunRecord& record) {
  watched_.clear();
  longest_ = 0;
  const bool judged_so_far = std::exchange(judges_so_far_, false);
  for (const ResolvedThreshold& each : thresholds) {
    if (each.threshold.window == 0ns && !each.threshold.abort) continue;
    watched_.push_back(each);
    longest_ = std::max(longest_, whole_seconds(each.threshold.window));
    judges_so_far_ |= each.threshold.window == 0ns;
  }
  if (judges_so_far_ && !judged_so_far) so_far_ = {};
  if (!keeps_seconds()) forget_seconds();
  const auto is_watched = [&](const std::string& text) {
    return std::ranges::any_of(
        watched_, [&](const ResolvedThreshold& each) { return each.threshold.text == text; });
  };
  // What counts no more ends nothing any more.
  if (due_ && !is_watched(due_->threshold)) due_.reset();
  std::erase_if(record.stretches, [&](const WatchedStretches& stretches) {
    return !is_watched(stretches.threshold);
  });
}

/// What is watched later begins after all of them: one that some agents told of would be taken for
/// a whole second.
void ThresholdWatch::forget_seconds() {
  const std::int64_t after = seconds_.empty() ? 0 : seconds_.rbegin()->first + 1;
  kept_from_ = std::max({kept_from_, judged_ + 1, after});
  seconds_.clear();
}

void ThresholdWatch::add(const actors::MetricsSnapshot& snapshot, RunRecord& record) {
  if (!is_measured(snapshot, record)) return;
  note_gpu_memory(snapshot, record);
  const auto at = std::chrono::floor<std::chrono::seconds>(snapshot.from).count();
  if (!keeps_seconds()) {
    kept_from_ = std::max(kept_from_, at + 1);
  } else if (at > judged_) {
    Second second;
    second.metrics = snapshot[actors::Phase::measure];
    second.window.output_tokens = snapshot.tokens_in_interval;
    second.window.answers = snapshot.answers_in_interval;
    second.window.in_flight_time = snapshot.in_flight_time;
    seconds_[at].add(second);
  }
  judge(record);
}

void ThresholdWatch::judge(RunRecord& record) {
  if (cut_short(record)) return;
  const auto newest = record.timeline.newest_complete_point();
  if (!newest) return;
  const auto complete = std::chrono::floor<std::chrono::seconds>(newest->at).count();
  if (!watched_.empty())
    for (std::int64_t second = judged_ + 1; second <= complete; ++second)
      judge_second(second, record);
  judged_ = std::max(judged_, complete);
  if (!keeps_seconds()) return;
  const std::int64_t oldest = judged_ + 1 - longest_;
  seconds_.erase(seconds_.begin(), seconds_.lower_bound(oldest));
  kept_from_ = std::max(kept_from_, oldest);
}

void ThresholdWatch::judge_second(std::int64_t second, RunRecord& record) {
  const auto& phases = record.scenario.phases;
  const std::int64_t first = whole_seconds(phases.warm_up);
  if (second < first || std::chrono::seconds(second + 1) > phases.warm_up + phases.measure) return;
  if (judges_so_far_ && second >= kept_from_) {
    if (so_far_.window.length == 0ns) so_far_from_ = second;
    so_far_.add(sum_of(second, second));
  }
  for (const ResolvedThreshold& each : watched_) {
    const std::int64_t length = whole_seconds(each.threshold.window);
    if (length == 0)
      judge_so_far(each, second, record);
    else if (second - length + 1 >= std::max(first, kept_from_))
      judge_stretch(each, second, record);
  }
}

void ThresholdWatch::Second::add(const Second& other) {
  metrics.merge(other.metrics);
  window.output_tokens += other.window.output_tokens;
  window.answers += other.window.answers;
  window.in_flight_time += other.window.in_flight_time;
  window.length += other.window.length;
}

ThresholdWatch::Second ThresholdWatch::sum_of(std::int64_t from, std::int64_t to) const {
  Second sum;
  for (auto each = seconds_.lower_bound(from); each != seconds_.end() && each->first <= to; ++each)
    sum.add(each->second);
  sum.window.length = std::chrono::seconds(to - from + 1);
  return sum;
}

void ThresholdWatch::judge_stretch(const ResolvedThreshold& threshold, std::int64_t second,
                                   RunRecord& record) {
  const std::int64_t from = second + 1 - whole_seconds(threshold.threshold.window);
  const Second sum = sum_of(from, second);
  const ThresholdResult result =
      judge_by_evidence(threshold, record, {&sum.metrics, sum.window, false, true});
  if (result.status == ThresholdStatus::inconclusive) return;
  WatchedStretches& stretches = stretches_of(threshold.threshold.text, record);
  ++stretches.judged;
  if (result.status != ThresholdStatus::fail) return;
  const WatchedStretches miss{
      threshold.threshold.text, 1, 1, std::chrono::seconds(from), std::chrono::seconds(second + 1),
      result.explanation};
  if (stretches.missed++ == 0) {
    stretches.from = miss.from;
    stretches.to = miss.to;
    stretches.why = miss.why;
  }
  if (measured_until(second, record) >= threshold.threshold.abort_after)
    note_abort(threshold, miss, record);
}

void ThresholdWatch::judge_so_far(const ResolvedThreshold& threshold, std::int64_t second,
                                  RunRecord& record) {
  const nanoseconds measured = measured_until(second, record);
  if (measured < threshold.threshold.abort_after || so_far_.window.length < settling || due_)
    return;
  // Only seconds that all agents told all of: one whose batches lag makes no rate look low.
  const ThresholdResult result =
      judge_by_evidence(threshold, record, {&so_far_.metrics, so_far_.window, false, false});
  if (result.status != ThresholdStatus::fail) return;
  note_abort(threshold,
             {threshold.threshold.text, 1, 1, std::chrono::seconds(so_far_from_),
              std::chrono::seconds(second + 1), result.explanation},
             record);
}

void ThresholdWatch::note_abort(const ResolvedThreshold& threshold, const WatchedStretches& miss,
                                const RunRecord& record) {
  // What rests on a guess fails no run, so it ends none either.
  if (!threshold.threshold.abort || !threshold.guess.empty() || due_ || record.aborted) return;
  due_ = RunAborted{threshold.threshold.text, miss.why, {}, miss.from, miss.to};
}

}  // namespace squall::coordinator
