#include "coordinator/compare/output/json_baseline.hpp"

#include <nlohmann/json.hpp>

namespace squall::coordinator {

std::string json_baselines(const std::vector<NamedBaseline>& baselines) {
  nlohmann::ordered_json out;
  out["schema"] = "squall-baselines/1";
  out["baselines"] = nlohmann::ordered_json::array();
  for (const auto& each : baselines)
    out["baselines"].push_back({{"name", each.name}, {"runs", each.runs}});
  return out.dump(2) + "\n";
}

}  // namespace squall::coordinator
