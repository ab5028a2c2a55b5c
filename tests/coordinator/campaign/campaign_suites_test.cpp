// The suites and the ready-made campaigns: each is valid and does what it is called after.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "coordinator/campaign/commands/campaign_options.hpp"
#include "coordinator/campaign/suites/suites.hpp"
#include "coordinator/commands/run_options.hpp"

using namespace squall::coordinator;

namespace {

LoadedCampaign loaded(const std::string& suite, const std::string& scenario,
                      const std::string& url = "") {
  CampaignOptions options;
  options.suite = suite;
  options.file = scenario;
  options.url = url;
  options.state = "/nowhere";
  return load_campaign(options);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_suite_takes_scenarios_of_users_and_of_arrivals) {
  for (const auto& suite : suite_texts())
    for (const char* scenario : {"scenarios/smoke.toml", "scenarios/poisson_arrivals.toml"})
      BOOST_TEST_CONTEXT(suite.name << " of " << scenario) {
        const auto found = loaded(suite.name, scenario,
                                  suite.name == "comparative" ? "http://127.0.0.1:1/v1" : "");
        BOOST_TEST(!found.cells.empty());
        BOOST_TEST(found.slug.starts_with(suite.name + "-"));
      }
}

BOOST_AUTO_TEST_CASE(scalability_goes_from_ten_users_to_a_thousand) {
  std::vector<double> users;
  for (const auto& cell : loaded("scalability", "scenarios/smoke.toml").cells)
    users.push_back(cell.numbers.at("users"));
  const std::vector<double> wanted{10, 50, 100, 500, 1000};
  BOOST_TEST(users == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(comparative_is_the_engine_and_a_server_in_turn) {
  BOOST_CHECK_THROW(loaded("comparative", "scenarios/smoke.toml"), UsageError);
  const auto found = loaded("comparative", "scenarios/smoke.toml", "http://127.0.0.1:1/v1");
  BOOST_REQUIRE_EQUAL(found.cells.size(), 2u);
  BOOST_TEST((found.campaign.order == CampaignOrder::interleaved));
  BOOST_TEST(found.cells[0].derived.empty());
  BOOST_TEST(found.cells[1].derived.find("http://127.0.0.1:1/v1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_suite_that_does_not_exist_is_told_with_the_nearest) {
  try {
    suite("stres");
    BOOST_FAIL("there is no such suite");
  } catch (const UsageError& error) {
    BOOST_TEST(std::string(error.what()) == "there is no suite 'stres'; did you mean 'stress'?");
  }
}

BOOST_AUTO_TEST_CASE(ready_made_campaigns_are_valid) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/campaigns")) {
    CampaignOptions options;
    options.file = entry.path().string();
    options.state = "/nowhere";
    BOOST_TEST_CONTEXT(options.file) { BOOST_TEST(load_campaign(options).cells.size() > 1); }
    ++count;
  }
  BOOST_TEST(count >= 2u);
}
