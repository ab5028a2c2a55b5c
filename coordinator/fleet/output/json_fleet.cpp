#include "coordinator/fleet/output/json_fleet.hpp"

#include <nlohmann/json.hpp>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const FleetLedger& ledger) {
  return {{"issued", ledger.issued},           {"completed", ledger.completed},
          {"timed_out", ledger.timed_out},     {"refused", ledger.refused},
          {"open_at_end", ledger.open_at_end}, {"not_sent", ledger.not_sent}};
}

json to_json(const KindResult& kind) {
  return {{"name", kind.name},
          {"count", kind.count},
          {"utilisation", kind.utilisation},
          {"lowest_utilisation", kind.lowest_utilisation},
          {"highest_utilisation", kind.highest_utilisation},
          {"mean_batch", kind.mean_batch},
          {"mean_waiting", kind.mean_waiting},
          {"most_waiting", kind.most_waiting},
          {"peak_memory", kind.peak_memory}};
}

json to_json(const FleetMoment& moment) {
  return {
      {"at", seconds(moment.at)},
      {"in_flight", moment.in_flight},
      {"waiting", moment.waiting},
      {"busy", moment.busy},
      {"tokens_per_second", moment.tokens_per_second},
      {"started", moment.started},
      {"answered", moment.answered},
      {"ttft_p95", moment.ttft_p95 > nanoseconds{0} ? seconds(moment.ttft_p95) : json(nullptr)}};
}

json to_json(const FleetGoal& goal) {
  return {{"threshold", goal.threshold.text},
          {"predicted", goal.predicted ? json(*goal.predicted) : json(nullptr)},
          {"at_least", goal.at_least},
          {"met", goal.predicted ? json(goal.met) : json(nullptr)}};
}

json to_json(const LawFile& file) {
  json out = json::parse(law_json(file.law));
  out["steps"] = file.steps.size();
  out["residuals"] = nullptr;
  if (file.residuals)
    out["residuals"] = {{"median", file.residuals->median},
                        {"p95", file.residuals->p95},
                        {"largest", file.residuals->largest},
                        {"spread_of_measurement", file.residuals->spread}};
  return out;
}

json to_json(const FigurePair& pair) {
  return {{"figure", pair.name},
          {"predicted", pair.predicted},
          {"measured", pair.measured},
          {"relative_error", pair.error()}};
}

template <class Items>
json list(const Items& items) {
  json all = json::array();
  for (const auto& item : items) all.push_back(to_json(item));
  return all;
}

json search_json(const FleetPrediction& prediction) {
  if (!prediction.search) return nullptr;
  json probes = json::array();
  for (const FleetProbe& probe : prediction.search->probes)
    probes.push_back({{"machines", probe.machines},
                      {"enough", probe.enough},
                      {"figures", predicted_figures(probe.result)}});
  const auto& found = prediction.search->machines;
  return {{"machines", found ? json(*found) : json(nullptr)},
          {"most", prediction.most},
          {"probes", std::move(probes)}};
}

json measured_json(const FleetPrediction& prediction) {
  if (!prediction.measured) return nullptr;
  return {{"run", prediction.measured->run},
          {"same_scenario", prediction.measured->same_scenario},
          {"figures", list(beside_measurement(prediction))}};
}

}  // namespace

std::string fleet_json(const FleetPrediction& prediction) {
  const FleetResult& result = prediction.result;
  json out;
  out["schema"] = "squall-fleet/1";
  out["simulated"] = true;
  out["scenario"] = prediction.scenario;
  out["load"] = prediction.load;
  out["seed"] = prediction.load_seed;
  out["machines"] = result.machines;
  out["routing"] = name_of(prediction.options.routing);
  out["routing_seed"] = prediction.options.seed;
  out["assumptions"] = prediction.assumptions;
  out["window"] = seconds(result.window);
  out["figures"] = predicted_figures(result);
  out["mean_in_flight"] = result.mean_in_flight;
  out["output_tokens"] = result.output_tokens;
  out["ledger"] = {{"measured", to_json(result.measured)}, {"whole", to_json(result.whole)}};
  out["kinds"] = list(result.kinds);
  out["thresholds"] = list(prediction.goals);
  out["search"] = search_json(prediction);
  out["measured"] = measured_json(prediction);
  out["laws"] = list(prediction.laws);
  out["course"] = list(result.course);
  // Names come from elsewhere and may not be UTF-8: replaced rather than refused.
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
