// The schema of the JSON report and the reports that are written agree, key by key.

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/coordinator/formats/formatted_runs.hpp"
#include "tests/coordinator/formats/json_schema.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

json schema() {
  std::ifstream file("docs/schema/squall-run.schema.json");
  return json::parse(file);
}

std::vector<RunRecord> all_records() {
  RunRecord empty = healthy_record();
  empty.timeline = MetricsTimeline(empty.scenario.phases, 2);
  empty.agents[0].ready.reset();
  RunRecord aborted = troubled_record();
  aborted.aborted =
      RunAborted{"ttft p95 < 300ms", "12 violations", std::chrono::seconds(9), {}, {}};
  aborted.threshold_changes.push_back({std::chrono::seconds(3), "set ttft p95 < 400ms"});
  aborted.gaps.push_back({std::chrono::seconds(2), std::chrono::seconds(3)});
  return {healthy_record(), healthy_closed_record(), troubled_record(),
          varied_record(),  hostile_record(),        empty,
          aborted};
}

/// "/agents/*/name" of "/agents/0/name", and all that it is in.
void add_paths(const json& value, const std::string& path, std::set<std::string>& paths) {
  if (!path.empty()) paths.insert(path);
  if (value.is_object())
    for (const auto& [key, member] : value.items()) add_paths(member, path + "/" + key, paths);
  if (value.is_array())
    for (const json& item : value) add_paths(item, path + "/*", paths);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_report_keeps_to_the_schema_and_writes_no_key_that_it_does_not_name) {
  const JsonSchema rules(schema());
  for (const RunRecord& record : all_records())
    for (const std::string& violation : rules.violations(json::parse(json_of(record))))
      BOOST_ERROR(violation);
}

BOOST_AUTO_TEST_CASE(the_schema_names_no_key_at_the_top_that_no_report_has) {
  std::set<std::string> written;
  for (const RunRecord& record : all_records())
    add_paths(json::parse(json_of(record)), "", written);
  std::size_t top = 0;
  for (const std::string& path : JsonSchema(schema()).described()) {
    const bool of_interest = path.find('/', 1) == std::string::npos ||
                             path.starts_with("/timeline/") || path.starts_with("/thresholds/") ||
                             path.starts_with("/phases/measure/ledger");
    const bool told_by_few = path.find("/provenance/") != std::string::npos;
    if (!of_interest || told_by_few || path.ends_with("/*")) continue;
    BOOST_TEST(written.contains(path), path << " is in the schema and in no report");
    ++top;
  }
  BOOST_TEST(top > 50u);
}

BOOST_AUTO_TEST_CASE(a_report_that_breaks_the_schema_is_found_out) {
  const JsonSchema rules(schema());
  const json healthy = json::parse(json_of(healthy_record()));
  const auto broken = [&](const char* path, const json& value) {
    json report = healthy;
    report[json::json_pointer(path)] = value;
    return !rules.violations(report).empty();
  };
  BOOST_TEST(!broken("/events_left_out", 0));
  BOOST_TEST(broken("/events_left_out", -1));
  BOOST_TEST(broken("/schema", "squall-run/4"));
  BOOST_TEST(broken("/verdict/outcome", "fine"));
  BOOST_TEST(broken("/timeline/0/at", nullptr));
  BOOST_TEST(broken("/agents/0/surprise", 1));
  json lacking = healthy;
  lacking["throughput"].erase("window");
  BOOST_TEST(!rules.violations(lacking).empty());
}
