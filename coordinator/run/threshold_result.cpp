#include "coordinator/run/threshold_result.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/run/audit/latency_sample.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Histogram;
using actors::LatencySample;
using actors::Ledger;
using scenarios::Metric;
using scenarios::MetricKind;
using scenarios::Threshold;

namespace {

nanoseconds to_nanoseconds(double limit_seconds) {
  // 19 hours and more are beyond the histogram anyway; this only keeps the conversion defined.
  return nanoseconds(std::llround(std::clamp(limit_seconds, 0.0, 1e9) * 1e9));
}

bool upper_limit(const Threshold& threshold) {
  return threshold.comparison == Threshold::Comparison::below ||
         threshold.comparison == Threshold::Comparison::at_most;
}

const actors::PhaseMetrics& measured_phase(const RunRecord& record) {
  return record.timeline.total(actors::Phase::measure);
}

/// How the requests of the measured phase stand to a limit on their durations.
struct Tally {
  std::uint64_t samples = 0;
  std::uint64_t sure = 0;      // violations, whatever the unanswered would have done
  std::uint64_t possible = 0;  // may be violations; counted as such before a pass
};

Tally tally(const Threshold& threshold, const RunRecord& record, const LatencySample& sample) {
  const Ledger& ledger = measured_phase(record).ledger;
  const bool unanswered_count = counts_unanswered(threshold.metric);
  const std::uint64_t failed = unanswered_count ? ledger.error + ledger.timeout : 0;
  // Dropped requests were never sent and have no place in the sample; here they may not help.
  const std::uint64_t dropped = unanswered_count ? ledger.dropped_late : 0;
  const std::uint64_t unanswered = sample.censored + dropped;
  const std::uint64_t above = sample.completed->count_above(to_nanoseconds(threshold.limit));
  Tally result;
  result.samples = sample.count() + dropped;
  if (upper_limit(threshold)) {
    result.sure = above + failed;
    result.possible = unanswered - failed;
  } else {
    result.sure = sample.completed->count() - above;
    result.possible = unanswered;
  }
  return result;
}

void judge_percentile(ThresholdResult& result, const RunRecord& record) {
  const Threshold& threshold = result.threshold;
  const LatencySample sample =
      latency_sample(measured_phase(record), threshold.metric, record.scenario, cut_short(record));
  const Tally counts = tally(threshold, record, sample);
  result.samples = counts.samples;
  result.violations = counts.sure + counts.possible;
  if (sample.count() > 0) {
    const auto estimate = actors::estimate_percentile(sample, threshold.percentile);
    result.at_least = estimate.at_least;
    if (estimate.enough) result.measured = in_seconds(estimate.value);
  }
  // "p95 > 10 ms" says that more than 5 % are slower: the mirror image, with the fast ones as
  // violations, of which up to 95 % are allowed.
  const double percentile =
      upper_limit(threshold) ? threshold.percentile : 100 - threshold.percentile;
  const std::uint64_t needed = actors::samples_to_pass(percentile, result.violations);
  const std::string violations =
      plural(result.violations, "violation") + " in " + plural(result.samples, "sample");
  if (result.samples >= needed) {
    result.status = ThresholdStatus::pass;
    result.explanation = violations;
  } else if (actors::surely_failed(percentile, counts.sure, counts.samples)) {
    result.status = ThresholdStatus::fail;
    result.explanation = violations;
  } else {
    result.more_needed = needed - result.samples;
    result.explanation = "needs " + plural(result.more_needed, "more sample") + "; " + violations;
    if (counts.possible > 0)
      result.explanation +=
          ", of which " + readable_count(counts.possible) + " only gave no answer in time to tell";
  }
}

void compare(ThresholdResult& result, double measured) {
  result.measured = measured;
  result.status = result.threshold.holds(measured) ? ThresholdStatus::pass : ThresholdStatus::fail;
}

/// Mean or maximum: a point comparison. The unanswered make the true value larger than what can be
/// computed, so with them a lower bound can break an upper limit but nothing can prove a pass.
void judge_point(ThresholdResult& result, const RunRecord& record) {
  const Threshold& threshold = result.threshold;
  const LatencySample sample =
      latency_sample(measured_phase(record), threshold.metric, record.scenario, cut_short(record));
  const std::uint64_t dropped =
      counts_unanswered(threshold.metric) ? measured_phase(record).ledger.dropped_late : 0;
  const std::uint64_t unanswered = sample.censored + dropped;
  result.samples = sample.count() + dropped;
  if (sample.count() == 0) {
    result.explanation = "no request has this figure";
    return;
  }
  const bool any_completed = sample.completed->count() > 0;
  const double bound = sample.censored > 0 ? in_seconds(sample.censored_at_least) : 0;
  double value;
  if (threshold.statistic == Threshold::Statistic::maximum) {
    value = std::max(any_completed ? in_seconds(sample.completed->maximum()) : 0, bound);
  } else {
    value = (in_seconds(sample.completed->sum()) + static_cast<double>(sample.censored) * bound) /
            static_cast<double>(result.samples);
  }
  compare(result, value);
  if (unanswered == 0) return;
  result.at_least = true;
  result.explanation = plural(unanswered, "request") + " without an answer";
  const bool failed = upper_limit(threshold) && result.status == ThresholdStatus::fail;
  if (!failed) {
    result.status = ThresholdStatus::inconclusive;
    result.explanation += ": the true value is not known";
  }
}

/// How many more answers, all of them the same, would let the share pass; 0 when no number would.
std::uint64_t more_that_agree(const Threshold& threshold, std::uint64_t agreed,
                              std::uint64_t asked) {
  constexpr std::uint64_t most = std::uint64_t{1} << 24;
  const auto passes = [&](std::uint64_t more) {
    return threshold.holds(actors::estimate_share(agreed + more, asked + more).low);
  };
  if (upper_limit(threshold) || !passes(most)) return 0;
  std::uint64_t low = 0, high = most;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (passes(middle) ? high : low) = middle;
  }
  return high;
}

/// A share of a sample: passes when the whole 95 % interval meets the threshold, fails when none of
/// it does.
void judge_accuracy(ThresholdResult& result, const RunRecord& record) {
  const actors::PhaseMetrics& metrics = measured_phase(record);
  result.samples = metrics.accuracy_asked;
  if (result.samples == 0) {
    result.explanation =
        record.scenario.accuracy.sample > 0
            ? "no answer of the measured phase was asked again"
            : "nothing is asked again: the scenario needs accuracy = { sample = 0.02 }";
    return;
  }
  const Threshold& threshold = result.threshold;
  const auto share = actors::estimate_share(metrics.accuracy_agreed, metrics.accuracy_asked);
  result.measured = share.share;
  result.violations = metrics.accuracy_asked - metrics.accuracy_agreed;
  const bool low_holds = threshold.holds(share.low), high_holds = threshold.holds(share.high);
  result.explanation = readable_count(metrics.accuracy_agreed) + " of " +
                       plural(metrics.accuracy_asked, "answer") + " agreed; 95 % interval " +
                       readable_share(share.low) + " to " + readable_share(share.high);
  if (low_holds == high_holds) {
    result.status = low_holds ? ThresholdStatus::pass : ThresholdStatus::fail;
    return;
  }
  result.more_needed = more_that_agree(threshold, metrics.accuracy_agreed, metrics.accuracy_asked);
  if (result.more_needed > 0)
    result.explanation =
        "needs " + plural(result.more_needed, "more answer") + " that agree; " + result.explanation;
}

void judge_value(ThresholdResult& result, const RunRecord& record) {
  const Ledger& ledger = measured_phase(record).ledger;
  const MeasuredWindow& window = record.timeline.measured();
  const std::uint64_t failed = ledger.error + ledger.timeout;
  result.samples = ledger.ok + failed;
  if (result.samples == 0) {
    result.explanation = "no request of the measured phase ended";
    return;
  }
  if (result.threshold.metric == Metric::error_rate) {
    compare(result, static_cast<double>(failed) / static_cast<double>(result.samples));
    result.explanation = readable_count(failed) + " of " + plural(result.samples, "request");
    return;
  }
  if (window.length <= nanoseconds{0}) {
    result.explanation = "nothing was reported of the measured window";
    return;
  }
  const bool tokens = result.threshold.metric == Metric::tokens_per_second;
  compare(result, tokens ? window.tokens_per_second() : window.requests_per_second());
  result.explanation =
      tokens ? plural(window.output_tokens, "token") : plural(window.answers, "answer");
  result.explanation += " in " + readable(window.length);
}

}  // namespace

ThresholdResult judge_threshold(const Threshold& threshold, const RunRecord& record) {
  ThresholdResult result;
  result.threshold = threshold;
  if (threshold.metric == Metric::accuracy) {
    judge_accuracy(result, record);
  } else if (scenarios::describe(threshold.metric).kind != MetricKind::duration) {
    judge_value(result, record);
  } else if (threshold.statistic == Threshold::Statistic::percentile) {
    judge_percentile(result, record);
  } else {
    judge_point(result, record);
  }
  return result;
}

std::vector<ThresholdResult> judge_thresholds(const RunRecord& record) {
  std::vector<ThresholdResult> results;
  results.reserve(record.scenario.thresholds.size());
  for (const Threshold& threshold : record.scenario.thresholds)
    results.push_back(judge_threshold(threshold, record));
  return results;
}

}  // namespace squall::coordinator
