#include "coordinator/selftest/selftest_report.hpp"

#include <nlohmann/json.hpp>

#include "actors/tool_version.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

// Keys keep the order in which they are written here: a person reads these files too.
using json = nlohmann::ordered_json;

std::size_t SelftestResults::checks() const {
  std::size_t count = 0;
  for (const auto& section : sections) count += section.checks.size();
  return count;
}

std::size_t SelftestResults::failures() const {
  std::size_t count = 0;
  for (const auto& section : sections)
    for (const auto& check : section.checks) count += check.ok ? 0 : 1;
  return count;
}

std::string selftest_table(const SelftestResults& results, std::size_t width, bool colour) {
  std::string text;
  for (const auto& section : results.sections) {
    text += "\n" + styled(section.title + " (simulated)", Style::bold, colour) + "\n";
    TextTable table("llll");
    table.add(
        {{"", Style::dim}, {"check", Style::dim}, {"must be", Style::dim}, {"is", Style::dim}});
    for (const auto& check : section.checks)
      table.add({{check.ok ? "ok" : "NOT OK", check.ok ? Style::good : Style::bad},
                 {check.name},
                 {check.expected},
                 {printable(check.measured)}});
    text += table.render(width, colour);
  }
  return text;
}

std::string selftest_sentence(const SelftestResults& results) {
  const std::string checks = plural(results.checks(), "check");
  std::string text = results.failures() == 0
                         ? checks + " passed"
                         : readable_count(results.failures()) + " of " + checks + " failed";
  if (results.interrupted) text = "interrupted; " + text;
  return "selftest: " + text + " (simulated targets, seed " + std::to_string(results.seed) + ")";
}

std::string selftest_json(const SelftestResults& results) {
  json sections = json::array();
  for (const auto& section : results.sections) {
    json checks = json::array();
    for (const auto& check : section.checks)
      checks.push_back({{"name", check.name},
                        {"expected", check.expected},
                        {"measured", check.measured},
                        {"ok", check.ok}});
    sections.push_back({{"title", section.title}, {"checks", std::move(checks)}});
  }
  const json out{{"schema", "squall-selftest/1"},
                 {"tool_version", actors::tool_version},
                 {"simulated", true},
                 {"quick", results.quick},
                 {"seed", results.seed},
                 {"interrupted", results.interrupted},
                 {"ok", !results.interrupted && results.failures() == 0},
                 {"checks", results.checks()},
                 {"failures", results.failures()},
                 {"sections", std::move(sections)}};
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace squall::coordinator
