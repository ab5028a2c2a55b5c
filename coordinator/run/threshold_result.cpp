#include "coordinator/run/threshold_result.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "coordinator/run/audit/latency_sample.hpp"
#include "coordinator/run/thresholds/run_ceiling.hpp"
#include "coordinator/text/readable_measure.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/thresholds/limit_value.hpp"

namespace squall::coordinator {

using actors::Histogram;
using actors::LatencySample;
using actors::Ledger;
using actors::Phase;
using scenarios::Metric;
using scenarios::MetricKind;
using scenarios::Threshold;

namespace {

nanoseconds to_nanoseconds(double limit_seconds) {
  // 19 hours and more are beyond the histogram anyway; this only keeps the conversion defined.
  return nanoseconds(std::llround(std::clamp(limit_seconds, 0.0, 1e9) * 1e9));
}

/// What is looked at of a run, and the run.
struct Look {
  const ThresholdEvidence& evidence;
  const RunRecord& record;

  const actors::PhaseMetrics& metrics() const { return *evidence.metrics; }
  LatencySample sample(Metric metric) const {
    LatencySample sample = latency_sample(metrics(), metric, record.scenario, evidence.cut_short);
    const bool whole = record.exact && &metrics() == &record.timeline.total(Phase::measure);
    if (whole) sample.exact = record.exact->all_of(Phase::measure, metric, *sample.completed);
    return sample;
  }
};

/// How the requests of the measured phase stand to a limit on their durations.
struct Tally {
  std::uint64_t samples = 0;
  std::uint64_t sure = 0;      // violations, whatever the unanswered would have done
  std::uint64_t possible = 0;  // may be violations; counted as such before a pass
};

Tally tally(const Threshold& threshold, const Look& look, const LatencySample& sample) {
  const Ledger& ledger = look.metrics().ledger;
  const bool unanswered_count = counts_unanswered(threshold.metric);
  const std::uint64_t failed = unanswered_count ? ledger.error + ledger.timeout : 0;
  // Dropped requests were never sent and have no place in the sample; here they may not help.
  const std::uint64_t dropped = unanswered_count ? ledger.dropped_late : 0;
  const std::uint64_t unanswered = sample.censored + dropped;
  const std::uint64_t above = actors::count_above(sample, to_nanoseconds(threshold.limit));
  Tally result;
  result.samples = sample.count() + dropped;
  if (threshold.is_upper()) {
    result.sure = above + failed;
    result.possible = unanswered - failed;
  } else {
    result.sure = sample.completed->count() - above;
    result.possible = unanswered;
  }
  return result;
}

void judge_percentile(ThresholdResult& result, const Look& look) {
  const Threshold& threshold = result.threshold;
  const LatencySample sample = look.sample(threshold.metric);
  const Tally counts = tally(threshold, look, sample);
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
      threshold.is_upper() ? threshold.percentile : 100 - threshold.percentile;
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
void judge_point(ThresholdResult& result, const Look& look) {
  const Threshold& threshold = result.threshold;
  const LatencySample sample = look.sample(threshold.metric);
  const std::uint64_t dropped =
      counts_unanswered(threshold.metric) ? look.metrics().ledger.dropped_late : 0;
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
  const bool failed = threshold.is_upper() && result.status == ThresholdStatus::fail;
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
  if (threshold.is_upper() || !passes(most)) return 0;
  std::uint64_t low = 0, high = most;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (passes(middle) ? high : low) = middle;
  }
  return high;
}

/// A share of a sample: passes when the whole 95 % interval meets the threshold, fails when none of
/// it does. The words say what is counted: "answer", "agreed", "agree".
void judge_share(ThresholdResult& result, std::uint64_t good, std::uint64_t asked,
                 const std::string& noun, const std::string& verb, const std::string& wanted) {
  const Threshold& threshold = result.threshold;
  const auto share = actors::estimate_share(good, asked);
  result.samples = asked;
  result.measured = share.share;
  result.violations = asked - good;
  const bool low_holds = threshold.holds(share.low), high_holds = threshold.holds(share.high);
  result.explanation = readable_count(good) + " of " + plural(asked, noun) + " " + verb +
                       "; 95 % interval " + readable_share(share.low) + " to " +
                       readable_share(share.high);
  if (low_holds == high_holds) {
    result.status = low_holds ? ThresholdStatus::pass : ThresholdStatus::fail;
    return;
  }
  result.more_needed = more_that_agree(threshold, good, asked);
  if (result.more_needed > 0)
    result.explanation = "needs " + plural(result.more_needed, "more " + noun) + " that " + wanted +
                         "; " + result.explanation;
}

void judge_accuracy(ThresholdResult& result, const Look& look) {
  const actors::PhaseMetrics& metrics = look.metrics();
  if (metrics.accuracy_asked == 0) {
    result.explanation =
        look.record.scenario.accuracy.sample > 0
            ? "no answer of the measured phase was asked again"
            : "nothing is asked again: the scenario needs accuracy = { sample = 0.02 }";
    return;
  }
  judge_share(result, metrics.accuracy_agreed, metrics.accuracy_asked, "answer", "agreed", "agree");
}

/// Those that were to be answered: a request that got no answer kept no SLO. What we gave up
/// ourselves when a run was cut short says nothing.
std::uint64_t asked_of(const Look& look) {
  const Ledger& ledger = look.metrics().ledger;
  return ledger.ok + ledger.error + ledger.timeout + ledger.dropped_late +
         (look.evidence.cut_short ? 0 : ledger.open_at_end);
}

void judge_service_levels(ThresholdResult& result, const Look& look) {
  if (look.record.scenario.service_levels.empty()) {
    result.explanation =
        "nothing says which requests are good: the scenario needs slo = [\"ttft < 300ms\"]";
    return;
  }
  const std::uint64_t asked = asked_of(look), good = look.metrics().good;
  result.samples = asked;
  const bool rate_of_stretch = look.evidence.stretch && result.threshold.metric == Metric::goodput;
  if (asked == 0 && !rate_of_stretch) {
    result.explanation = "no request of the measured phase ended";
  } else if (result.threshold.metric == Metric::slo_attainment) {
    judge_share(result, good, asked, "request", "kept every SLO", "keep every SLO");
  } else if (look.evidence.window.length <= nanoseconds{0}) {
    result.explanation = "nothing was reported of the measured window";
  } else {
    compare(result, static_cast<double>(good) / in_seconds(look.evidence.window.length));
    result.explanation = readable_count(good) + " of " + plural(asked, "request") +
                         " kept every SLO, in " + readable(look.evidence.window.length);
  }
}

void judge_value(ThresholdResult& result, const Look& look) {
  const Ledger& ledger = look.metrics().ledger;
  const MeasuredWindow& window = look.evidence.window;
  const std::uint64_t failed = ledger.error + ledger.timeout;
  result.samples = ledger.ok + failed;
  const bool is_rate = scenarios::describe(result.threshold.metric).kind == MetricKind::rate;
  if (result.samples == 0 && !(is_rate && look.evidence.stretch)) {
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

/// As a multiple of a baseline's median.
void judge_speedup(ThresholdResult& result, const Look& look, double reference) {
  const MeasuredWindow& window = look.evidence.window;
  const bool stalled = look.metrics().ledger.ok == 0 && !look.evidence.stretch;
  if (window.length <= nanoseconds{0} || stalled) {
    result.explanation = "no request was answered in the measured window";
    return;
  }
  result.samples = look.metrics().ledger.ok;
  compare(result, window.tokens_per_second() / reference);
  result.explanation = readable_rate(window.tokens_per_second()) +
                       " tokens/s; median of baseline " + result.threshold.baseline + ": " +
                       readable_rate(reference);
}

/// What agents' machines tell, the worst of them.
void judge_machine(ThresholdResult& result, const RunRecord& record) {
  std::uint64_t memory = 0;
  nanoseconds load_time{0};
  for (std::size_t i = 0; i < record.agents.size(); ++i) {
    if (i < record.timeline.agents())
      memory = std::max(memory, record.timeline.window_of(i).peak_resident_bytes);
    if (record.agents[i].ready) load_time = std::max(load_time, record.agents[i].ready->load_time);
  }
  result.samples = record.agents.size();
  const std::string of_agents = "the worst of " + plural(result.samples, "agent");
  if (result.threshold.metric == Metric::load_time) {
    if (load_time <= nanoseconds{0}) {
      result.explanation = "no agent loaded a model";
      return;
    }
    compare(result, in_seconds(load_time));
    result.explanation = of_agents;
  } else if (result.threshold.metric == Metric::memory) {
    if (memory == 0) {
      result.explanation = "no agent told of its memory in the measured window";
      return;
    }
    compare(result, static_cast<double>(memory));
    result.explanation = "peak of the process, " + of_agents;
  } else if (record.peak_gpu_memory) {
    compare(result, static_cast<double>(*record.peak_gpu_memory));
    result.explanation = "peak of one GPU, whoever used it";
  } else {
    result.explanation = "no agent told of the memory of a GPU";
  }
}

void judge_by_metric(ThresholdResult& result, const Look& look, double reference) {
  const Threshold& threshold = result.threshold;
  switch (threshold.metric) {
    case Metric::accuracy:
      return judge_accuracy(result, look);
    case Metric::goodput:
    case Metric::slo_attainment:
      return judge_service_levels(result, look);
    case Metric::memory:
    case Metric::gpu_memory:
    case Metric::load_time:
      return judge_machine(result, look.record);
    case Metric::speedup:
      return judge_speedup(result, look, reference);
    default:
      break;
  }
  if (scenarios::describe(threshold.metric).kind != MetricKind::duration)
    judge_value(result, look);
  else if (threshold.statistic == Threshold::Statistic::percentile)
    judge_percentile(result, look);
  else
    judge_point(result, look);
}

std::string stretches(std::uint64_t count) {
  return readable_count(count) + (count == 1 ? " stretch" : " stretches");
}

/// A run may be better or worse in parts than as a whole: one bad stretch fails it.
void judge_stretches(ThresholdResult& result, const RunRecord& record) {
  const auto found =
      std::ranges::find(record.stretches, result.threshold.text, &WatchedStretches::threshold);
  if (found == record.stretches.end() || found->judged == 0) {
    if (result.status == ThresholdStatus::fail) return;
    result.status = ThresholdStatus::inconclusive;
    result.explanation = "no stretch of " + readable(result.threshold.window) +
                         " was measured in full with enough to judge it by; " + result.explanation;
  } else if (found->missed > 0) {
    result.status = ThresholdStatus::fail;
    result.explanation = "missed from " + readable_clock(found->from) + " to " +
                         readable_clock(found->to) + ": " + found->why + "; " +
                         readable_count(found->missed) + " of " + stretches(found->judged) +
                         "; whole run: " + result.explanation;
  } else {
    result.explanation += "; none of " + stretches(found->judged) + " missed it";
  }
}

void forgive_guess(ThresholdResult& result) {
  if (result.guess.empty() || result.status != ThresholdStatus::fail) return;
  result.status = ThresholdStatus::inconclusive;
  result.explanation = "missed, but " + result.guess + "; " + result.explanation;
}

}  // namespace

ThresholdEvidence whole_run(const RunRecord& record) {
  return {&record.timeline.total(actors::Phase::measure), record.timeline.measured(),
          cut_short(record), false};
}

std::vector<scenarios::ResolvedThreshold> thresholds_of(const RunRecord& record) {
  if (record.thresholds) return *record.thresholds;
  std::vector<scenarios::ResolvedThreshold> thresholds;
  for (const Threshold& threshold : record.scenario.thresholds)
    thresholds.push_back(scenarios::as_written(threshold, "scenario"));
  return thresholds;
}

ThresholdResult judge_by_evidence(const scenarios::ResolvedThreshold& resolved,
                                  const RunRecord& record, const ThresholdEvidence& evidence) {
  ThresholdResult result;
  result.threshold = resolved.threshold;
  result.steps = resolved.steps;
  result.guess = resolved.guess;
  std::string missing = resolved.missing;
  if (missing.empty() && resolved.threshold.source == Threshold::Source::ceiling)
    missing = apply_ceiling(result, record, evidence.window.mean_in_flight());
  if (missing.empty() && resolved.threshold.metric == Metric::speedup && resolved.reference <= 0)
    missing = "nothing is known of baseline " + resolved.threshold.baseline;
  if (!missing.empty()) {
    result.explanation = missing;
    return result;
  }
  judge_by_metric(result, {evidence, record}, resolved.reference);
  return result;
}

namespace {

ThresholdResult judge_resolved(const scenarios::ResolvedThreshold& resolved,
                               const RunRecord& record) {
  const ThresholdEvidence evidence = whole_run(record);
  ThresholdResult result = judge_by_evidence(resolved, record, evidence);
  if (resolved.threshold.window > nanoseconds{0}) judge_stretches(result, record);
  forgive_guess(result);
  if (record.aborted && record.aborted->threshold == resolved.threshold.text) {
    result.status = ThresholdStatus::fail;
    result.explanation =
        "ended the run at " + readable_clock(record.aborted->at) + ": " + record.aborted->why;
  }
  return result;
}

}  // namespace

ThresholdResult judge_threshold(const Threshold& threshold, const RunRecord& record) {
  return judge_resolved(scenarios::as_written(threshold, "scenario"), record);
}

std::vector<ThresholdResult> judge_thresholds(const RunRecord& record) {
  std::vector<ThresholdResult> results;
  for (const auto& resolved : thresholds_of(record))
    results.push_back(judge_resolved(resolved, record));
  return results;
}

std::string measured_in_words(const ThresholdResult& result) {
  if (!result.measured) return {};
  return (result.at_least ? ">= " : "") +
         readable_measure(scenarios::describe(result.threshold.metric).kind, *result.measured);
}

std::string provenance_in_words(const ThresholdResult& result) {
  if (result.steps.size() < 2) return {};
  std::string text;
  for (const auto& step : result.steps) text += (text.empty() ? "" : ", ") + step.rule;
  return text + " = " + scenarios::written_limit(result.threshold.limit, result.threshold.metric);
}

}  // namespace squall::coordinator
