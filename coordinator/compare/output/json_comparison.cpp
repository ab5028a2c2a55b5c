#include "coordinator/compare/output/json_comparison.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json side_json(const ComparedSide& side) {
  return {{"name", side.name}, {"runs", side.runs}, {"left_out", side.left_out}};
}

json differences_json(const std::vector<RunDifference>& differences) {
  json list = json::array();
  for (const auto& each : differences)
    list.push_back({{"what", each.what}, {"base", each.base}, {"run", each.run}});
  return list;
}

json figure_json(const FigureComparison& figure) {
  const bool measured = figure.measured();
  const auto known = [&](double value) { return measured ? number(value) : json(nullptr); };
  const bool gated = figure.margin.has_value();
  return {{"figure", figure.figure},
          {"more_is_better", figure.kind.more_is_better},
          {"compared_by", figure.kind.by_difference() ? "difference" : "ratio"},
          {"gated", gated},
          {"margin", gated ? json(*figure.margin) : json(nullptr)},
          {"verdict", gated ? json(word(figure.judgement)) : json(nullptr)},
          {"why", figure.why},
          {"better", figure.better},
          {"base", {{"values", figure.base}, {"median", known(figure.base_median)}}},
          {"run", {{"values", figure.run}, {"median", known(figure.run_median)}}},
          {"change", known(figure.change)},
          {"low", known(figure.low)},
          {"high", known(figure.high)},
          {"confidence", known(figure.confidence)},
          {"p", known(figure.p)},
          {"adjusted_p", gated ? known(figure.adjusted_p) : json(nullptr)},
          {"more_runs", figure.more_runs}};
}

}  // namespace

std::string json_comparison(const RunComparison& comparison) {
  json out;
  out["schema"] = "squall-comparison/1";
  out["verdict"] = word(comparison.judgement);
  out["exit_code"] = exit_code(comparison);
  out["ending"] = comparison.ending ? json(comparison.ending->word) : json(nullptr);
  out["sentence"] = comparison.sentence;
  out["banners"] = comparison.banners;
  out["paired"] = comparison.paired;
  out["base"] = side_json(comparison.base);
  out["run"] = side_json(comparison.run);
  out["differences"] = differences_json(comparison.comparability.differences);
  out["differing_on_purpose"] = differences_json(comparison.comparability.accepted);
  out["warnings"] = comparison.comparability.warnings;
  out["notes"] = comparison.notes;
  out["figures"] = json::array();
  for (const auto& figure : comparison.figures) out["figures"].push_back(figure_json(figure));
  out["more_runs"] = comparison.more_runs;
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
