// Simulated fleets as text, JSON and page: all say that they are simulated, and text of others
// stays text.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/fleet/output/fleet_page.hpp"
#include "coordinator/fleet/output/fleet_text.hpp"
#include "coordinator/fleet/output/json_fleet.hpp"
#include "tests/coordinator/fleet/fleet_fixture.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

FleetPrediction prediction() {
  LoadText text;
  text.thresholds = "\"ttft p95 < 1s\", \"tokens_per_second > 5000\", \"memory < 1GiB\"";
  const auto scenario = scenario_of(text);
  FleetPrediction told;
  told.scenario = "<script>alert(1)</script>";
  told.load = "4 users";
  told.options = fleet_of(constant_law(0.01), 2);
  told.options.machines.front().name = "<b>box</b>";
  told.laws.push_back({constant_law(0.01), {}, {}});
  told.result = simulate_fleet(scenario, told.options);
  told.goals = judge_fleet(told.result, scenario.thresholds);
  told.assumptions = assumptions_of(scenario, told.options);
  told.measured = MeasuredRun{
      "run-1", false, {{"tokens_per_second", 500.0}, {"ttft_p95", 0.008}, {"goodput", 3}}};
  return told;
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_says_that_it_is_simulated_and_what_came_out) {
  const std::string text = fleet_text(prediction(), 100, false);
  BOOST_TEST_MESSAGE(text);
  BOOST_TEST(contains(text, "SIMULATED"));
  BOOST_TEST(contains(text, "2 machines, requests sent least-loaded"));
  BOOST_TEST(contains(text, "output tokens per second   400"));
  BOOST_TEST(contains(text, "ttft p95 < 1s             10.0 ms  met"));
  BOOST_TEST(contains(text, "tokens_per_second > 5000      400  missed"));
  BOOST_TEST(contains(text, "not simulated"));
  BOOST_TEST(contains(text, "-20.0 %"));  // 400 for 500
  BOOST_TEST(contains(text, "+25.0 %"));  // 10 ms for 8 ms
  BOOST_TEST(contains(text, "another scenario"));
  BOOST_TEST(contains(text, "as written, not fitted"));
  BOOST_TEST(contains(text, "Each answer has its planned length."));
  for (const char each : text) BOOST_REQUIRE(each != '\x1b');
}

BOOST_AUTO_TEST_CASE(json_has_everything) {
  const auto json = nlohmann::json::parse(fleet_json(prediction()));
  BOOST_TEST(json.at("schema") == "squall-fleet/1");
  BOOST_TEST(json.at("simulated") == true);
  BOOST_TEST(json.at("machines") == 2);
  BOOST_TEST(json.at("figures").at("tokens_per_second").get<double>() == 400,
             boost::test_tools::tolerance(0.01));
  const auto& ledger = json.at("ledger").at("measured");
  BOOST_TEST(ledger.at("issued") == ledger.at("completed"));
  BOOST_TEST(json.at("thresholds").size() == 3U);
  BOOST_TEST(json.at("thresholds").at(0).at("met") == true);
  BOOST_TEST(json.at("thresholds").at(1).at("met") == false);
  BOOST_TEST(json.at("thresholds").at(2).at("met").is_null());
  const auto& pairs = json.at("measured").at("figures");
  BOOST_REQUIRE(pairs.size() == 2U);
  BOOST_TEST(pairs.at(0).at("relative_error").get<double>() == -0.2,
             boost::test_tools::tolerance(0.01));
  BOOST_TEST(json.at("laws").at(0).at("schema") == "squall-engine-law/1");
  BOOST_TEST(json.at("search").is_null());
  BOOST_TEST(json.at("course").size() >= 60U);
}

BOOST_AUTO_TEST_CASE(pages_keep_markup_of_others_as_text) {
  const std::string page = fleet_page(prediction());
  BOOST_TEST(contains(page, "SIMULATED"));
  BOOST_TEST(!contains(page, "<script>alert"));
  BOOST_TEST(contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  BOOST_TEST(!contains(page, "<b>box"));
  BOOST_TEST(contains(page, "Machines at work"));
}

BOOST_AUTO_TEST_CASE(a_search_is_told_probe_by_probe) {
  FleetPrediction told = prediction();
  told.most = 4;
  told.search = MachinesNeeded{std::nullopt, {{4, false, told.result}}};
  BOOST_TEST(contains(fleet_text(told, 100, false), "not even 4 machines are enough"));
  BOOST_TEST(contains(fleet_page(told), "Not even 4 machines"));
  told.search = MachinesNeeded{2, {{1, false, told.result}, {2, true, told.result}}};
  BOOST_TEST(contains(fleet_text(told, 100, false), "2 machines of the first kind are enough"));
  const auto json = nlohmann::json::parse(fleet_json(told));
  BOOST_TEST(json.at("search").at("machines") == 2);
  BOOST_TEST(json.at("search").at("probes").size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_percentile_of_too_few_is_withheld) {
  LoadText text;
  text.load = "[users]\ncount = 1\n";
  text.measure = "2s";
  const auto result = simulate_fleet(scenario_of(text), fleet_of(constant_law(0.01)));
  const auto figures = predicted_figures(result);
  BOOST_TEST(figures.count("ttft_p50") == 1U);
  BOOST_TEST(figures.count("ttft_p95") == 0U);
  FleetPrediction told;
  told.options = fleet_of(constant_law(0.01));
  told.result = result;
  BOOST_TEST(contains(fleet_text(told, 100, false), "insufficient"));
}
