#include "coordinator/campaign/results/json_campaign_results.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/compare/output/figure_words.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json to_json(const CellResult& result) {
  json figures = json::object();
  for (const auto& [name, spread] : result.figures)
    figures[name] = {{"median", spread.median},
                     {"low", spread.low},
                     {"high", spread.high},
                     {"runs", spread.runs}};
  json against = nullptr;
  if (result.against)
    against = {{"judgement", word(result.against->judgement)},
               {"sentence", sentence_of(*result.against)},
               {"base", result.against->base.runs}};
  return {{"label", result.cell.label},
          {"tag", result.cell.tag},
          {"identity", result.cell.identity},
          {"values", result.cell.values},
          {"runs", result.runs},
          {"outcomes", result.outcomes},
          {"missing", result.missing},
          {"on_front", result.on_front},
          {"figures", std::move(figures)},
          {"against", std::move(against)}};
}

}  // namespace

std::string json_campaign_results(const CampaignResults& results) {
  json out{{"schema", "squall-campaign/1"},
           {"campaign", results.campaign},
           {"description", results.description},
           {"file", results.file},
           {"round", results.round},
           {"began_at", results.began_at},
           {"banners", results.banners},
           {"notes", results.notes},
           {"planned", results.planned},
           {"done", results.done},
           {"repeats", results.repeats},
           {"interrupted", results.interrupted},
           {"why_stopped", results.why_stopped},
           {"exit_code", results.exit_code},
           {"sentence", results.sentence},
           {"front_latency", results.front_latency}};
  out["cells"] = json::array();
  for (const auto& cell : results.cells) out["cells"].push_back(to_json(cell));
  out["extremes"] = json::array();
  for (const auto& each : results.extremes)
    out["extremes"].push_back({{"figure", each.figure},
                               {"best", each.best},
                               {"best_value", each.best_value},
                               {"worst", each.worst},
                               {"worst_value", each.worst_value}});
  out["troubles"] = json::array();
  for (const auto& run : results.troubles)
    out["troubles"].push_back({{"cell", run.cell},
                               {"repeat", run.repeat},
                               {"outcome", run.outcome},
                               {"run", run.run.empty() ? json(nullptr) : json(run.run)},
                               {"why", run.why}});
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
