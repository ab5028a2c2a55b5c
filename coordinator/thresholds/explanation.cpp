#include "coordinator/thresholds/explanation.hpp"

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/text_table.hpp"
#include "scenarios/thresholds/limit_value.hpp"

namespace squall::coordinator {

using scenarios::ResolvedThreshold;
using scenarios::ThresholdStep;

namespace {

using Cell = TextTable::Cell;

std::string value_of(const ThresholdStep& step, scenarios::Metric metric) {
  return step.value ? scenarios::written_limit(*step.value, metric) : "-";
}

std::string chain(const ResolvedThreshold& resolved, std::size_t width, bool colour) {
  std::string out = styled(printable(resolved.threshold.text, 200), Style::bold, colour) +
                    (resolved.threshold.source == scenarios::Threshold::Source::absolute
                         ? ""
                         : "   limit " + (resolved.missing.empty()
                                              ? scenarios::written_limit(resolved.threshold.limit,
                                                                         resolved.threshold.metric)
                                              : std::string("not known"))) +
                    "\n";
  TextTable rows("lrl");
  for (const ThresholdStep& step : resolved.steps)
    rows.add({{printable(step.rule, 80)},
              {value_of(step, resolved.threshold.metric)},
              {printable(step.source, 200), Style::dim}});
  out += rows.render(width, colour);
  TextTable remarks("l");
  for (const std::string& remark : {resolved.guess, resolved.missing})
    if (!remark.empty()) remarks.add({{printable(remark, 400), Style::warning}});
  if (!resolved.guess.empty())
    remarks.add({{"missing it makes a run inconclusive, never failed", Style::warning}});
  if (!remarks.empty()) out += remarks.render(width, colour);
  return out + "\n";
}

std::string situation_text(const ThresholdExplanation& explanation, std::size_t width,
                           bool colour) {
  const auto& situation = explanation.situation;
  TextTable rows("lll");
  if (!explanation.scenario.empty())
    rows.add({{"scenario"}, {printable(explanation.scenario, 100)}, {""}});
  rows.add({{"hardware"},
            {std::string(name_of(situation.hardware.hardware))},
            {printable(situation.hardware.reason, 300), Style::dim}});
  rows.add({{"model"},
            {std::string(name_of(situation.model))},
            {printable(situation.model_reason, 300), Style::dim}});
  rows.add({{"environment"},
            {std::string(name_of(situation.environment))},
            {printable(situation.environment_source, 300), Style::dim}});
  if (!explanation.ceiling.empty()) rows.add({{"ceiling"}, {""}, {explanation.ceiling}});
  return rows.render(width, colour);
}

std::string base_of(const scenarios::LimitName& limit) {
  for (const auto& rule : scenarios::default_thresholds().base)
    if (rule.limit == limit) return rule.change.text;
  return "-";
}

template <class All>
std::string names_of(const All& all) {
  std::string names;
  for (const auto each : all) names += (names.empty() ? "" : ", ") + std::string(name_of(each));
  return names;
}

}  // namespace

std::string explanation_text(const ThresholdExplanation& explanation, std::size_t width,
                             bool colour) {
  std::string out = situation_text(explanation, width, colour) + "\n";
  for (const ResolvedThreshold& each : explanation.thresholds) out += chain(each, width, colour);
  if (explanation.thresholds.empty()) out += "No thresholds: every valid run passes.\n";
  TextTable notes("l");
  for (const std::string& note : explanation.notes) notes.add({{printable(note, 400), Style::dim}});
  if (!notes.empty()) out += notes.render(width, colour);
  return out;
}

std::string list_text(std::size_t width, bool colour) {
  TextTable rows("llll");
  rows.add({{"limit", Style::bold},
            {"variable", Style::bold},
            {"base", Style::bold},
            {"what is limited", Style::bold}});
  for (const auto& limit : scenarios::usual_limits())
    rows.add({{name_of(limit)},
              {variable_of(limit)},
              {base_of(limit)},
              {std::string(scenarios::describe(limit.metric).meaning), Style::dim}});
  TextTable names("ll");
  names.add({{"hardware"}, {names_of(scenarios::all_hardware_classes)}});
  names.add({{"model"}, {names_of(scenarios::all_model_sizes)}});
  names.add({{"environment"}, {names_of(scenarios::all_environments)}});
  return rows.render(width, colour) +
         "\nAny duration takes _p50, _p99, _p99_9, _mean and _max instead of _p95, too.\n\n" +
         names.render(width, colour);
}

}  // namespace squall::coordinator
