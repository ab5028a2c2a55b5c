#include "coordinator/campaign/suites/suites.hpp"

#include <string_view>

#include "coordinator/commands/run_options.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

CampaignFile suite(const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& each : suite_texts()) {
    if (each.name == name) return parse_campaign(each.text, "suite " + name);
    names.push_back(each.name);
  }
  throw UsageError("there is no suite '" + scenarios::visible(name) + "'" +
                   scenarios::nearest_or_all(name, names, "suites"));
}

std::string names_of_suites() {
  std::string names;
  for (const auto& each : suite_texts()) names += (names.empty() ? "" : ", ") + each.name;
  return names;
}

}  // namespace squall::coordinator
