// What thresholds have to say in the course of a run: they may end it, and they may be changed.

#include <algorithm>
#include <utility>

#include "coordinator/run/run_phases.hpp"
#include "coordinator/run/threshold_result.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr auto abort_grace = 2s;  // what is in flight may finish

std::string known_thresholds(const RunRecord& record) {
  std::string texts;
  for (const auto& each : thresholds_of(record))
    texts += (texts.empty() ? "" : "; ") + each.threshold.text;
  return texts.empty() ? "the run has none" : "the run has: " + texts;
}

/// Why a scenario can never be judged by it; empty: it can.
std::string cannot_be_measured(const scenarios::Scenario& scenario, scenarios::Metric metric) {
  using scenarios::Metric;
  if (metric == Metric::accuracy && scenario.accuracy.sample == 0)
    return "this run asks nothing again, so it has no accuracy";
  if (metric == Metric::cache_hit && scenario.target.cache.time_to_live == 0ns)
    return "this run has no cache";
  const bool of_levels = metric == Metric::goodput || metric == Metric::slo_attainment;
  if (of_levels && scenario.service_levels.empty()) return "this run's scenario has no slo";
  return {};
}

/// What the store knows is read when a run starts, and only what its scenario asks for; whoever
/// resumes a run reads nothing of it.
std::string not_read_at_start(const scenarios::Threshold& wanted, const ThresholdInputs& inputs) {
  const bool learned = wanted.source == scenarios::Threshold::Source::learned;
  if (learned && !inputs.accepted_figures)
    return "earlier runs were not read when the run started, or since it was resumed; write the "
           "limit as a number";
  const bool speedup = wanted.metric == scenarios::Metric::speedup;
  if (speedup && (!inputs.baseline_rates || inputs.baseline_rates(wanted.baseline).empty()))
    return "no rates of baseline " + wanted.baseline +
           " were read when the run started, or since it was resumed; limit tokens_per_second "
           "instead";
  return {};
}

}  // namespace

void RunPhases::abort_when_due(Instant now) {
  const auto& due = run_.abort_due();
  if (!due && !record().aborted) return;
  // Whoever conducted before may have decided it and not lived to stop the load.
  if (!record().aborted)
    keep(LoadAborted{now.time_since_epoch().count(), due->threshold, due->why, due->from, due->to});
  stop_load(false, "", std::min<nanoseconds>(abort_grace, record().scenario.phases.drain), now);
}

ThresholdAnswer RunPhases::on_threshold_change(const std::string& text, bool unset, Instant now) {
  ThresholdAnswer answer;
  const auto mistaken = [&](std::string mistake) {
    answer.mistake = std::move(mistake);
    answer.steps = taken();
    return std::move(answer);
  };
  const std::string this_run = "run " + record().id;
  if (finished_) return mistaken(this_run + " is over");
  if (stopping_ || record().aborted)
    return mistaken("the load of " + this_run +
                    " is over; what it is judged by can be changed no more");
  if (!loading()) return mistaken(this_run + " did not start yet");
  scenarios::Threshold wanted;
  try {
    wanted = scenarios::parse_threshold(text);
  } catch (const scenarios::ThresholdError& error) {
    return mistaken(error.what());
  }
  const std::int64_t at = now.time_since_epoch().count();
  const auto thresholds = thresholds_of(record());
  const auto found = find_same_figure(thresholds, wanted);
  auto same = thresholds.begin() + static_cast<std::ptrdiff_t>(found.value_or(thresholds.size()));
  if (unset) {
    // Of several on one figure, the one that was named.
    const auto named = std::ranges::find_if(
        thresholds, [&](const auto& each) { return each.threshold.text == wanted.text; });
    if (named != thresholds.end()) same = named;
    if (same == thresholds.end())
      return mistaken("there is no threshold '" + wanted.text + "' to unset; " +
                      known_thresholds(record()));
    keep(ThresholdUnset{at, same->threshold.text});
  } else {
    const std::string why = cannot_be_measured(record().scenario, wanted.metric);
    if (!why.empty()) return mistaken("'" + wanted.text + "' can never be judged: " + why);
    const std::string unread = not_read_at_start(wanted, threshold_inputs_);
    if (!unread.empty()) return mistaken("'" + wanted.text + "' cannot be set now: " + unread);
    auto resolved = resolve_threshold(wanted, "squall thresholds set", record(), threshold_inputs_);
    if (same != thresholds.end())
      resolved.steps.insert(resolved.steps.begin(), same->steps.begin(), same->steps.end());
    keep_newest_steps(resolved);
    if (const std::string unfit = why_not_kept(resolved); !unfit.empty())
      return mistaken("'" + cut_text(wanted) + "' cannot be set: " + unfit);
    keep(ThresholdSet{at, std::move(resolved)});
  }
  answer.told = record().threshold_changes.back().what;
  answer.steps = taken();
  return answer;
}

}  // namespace squall::coordinator
