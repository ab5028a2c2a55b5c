#include "coordinator/preview/preview_json.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/report/load_in_words.hpp"
#include "scenarios/schema/target_kind.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const LengthPreview& lengths) {
  if (lengths.samples == 0) return nullptr;
  json rows = json::array();
  for (const auto& row : lengths.rows)
    rows.push_back({{"from", row.from}, {"to", row.to}, {"count", row.count}});
  return {{"samples", lengths.samples},
          {"min", lengths.shortest},
          {"max", lengths.longest},
          {"mean", lengths.mean},
          {"histogram", std::move(rows)}};
}

json course(const LoadPreview& preview) {
  json bins = json::array();
  for (std::size_t i = 0; i < preview.bins.size(); ++i) {
    json bin{{"at", seconds(static_cast<std::int64_t>(i) * preview.bin_length)}};
    if (preview.open_model)
      bin["arrivals"] = preview.bins[i].arrivals;
    else
      bin["users"] = preview.bins[i].users;
    bins.push_back(std::move(bin));
  }
  return bins;
}

}  // namespace

std::string preview_json(const scenarios::Scenario& scenario, const LoadPreview& preview) {
  json out;
  out["schema"] = "squall-preview/1";
  out["scenario"] = scenario.name;
  out["seed"] = scenario.seed;
  out["target"] = name_of(scenario.target.kind);
  out["simulated"] = scenario.target.kind == scenarios::TargetKind::simulated;
  out["load"] = load_in_words(scenario.load);
  out["open_model"] = preview.open_model;
  out["phases"] = {{"warm_up", seconds(preview.warm_up)},
                   {"measure", seconds(preview.stop - preview.warm_up)},
                   {"drain", seconds(scenario.phases.drain)}};
  out["arrivals"] = preview.open_model ? json(preview.arrivals) : json(nullptr);
  out["users"] = preview.open_model ? json(nullptr) : json(preview.users);
  out["users_at_once"] = preview.open_model ? json(nullptr) : json(preview.most_at_once);
  out["max_in_flight"] = preview.max_in_flight > 0 ? json(preview.max_in_flight) : json(nullptr);
  out["trace_entries"] = preview.trace_entries > 0 ? json(preview.trace_entries) : json(nullptr);
  out["trace_length"] = preview.trace_entries > 0 ? seconds(preview.trace_length) : json(nullptr);
  out["column_length"] = seconds(preview.bin_length);
  out["course_is_expected"] = preview.expected;
  out["course"] = course(preview);
  out["requests_looked_at"] = preview.looked_at;
  out["sampled"] = preview.sampled;
  out["prompt_tokens"] = to_json(preview.prompts);
  out["answer_tokens"] = to_json(preview.answers);
  json categories = json::array();
  for (const CategoryPreview& category : preview.categories)
    categories.push_back({{"name", category.name}, {"requests", category.requests}});
  out["categories"] = std::move(categories);
  json agents = json::array();
  for (const AgentPreview& agent : preview.agents)
    agents.push_back(preview.open_model ? json{{"arrivals", agent.arrivals}}
                                        : json{{"users", agent.users}});
  out["agents"] = std::move(agents);
  // Weights go by labels, which only running agents have.
  out["agents_weigh_equally"] = scenario.agents.weights.empty();
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace squall::coordinator
