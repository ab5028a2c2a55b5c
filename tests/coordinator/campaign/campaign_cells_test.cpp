// coordinator/campaign/file/campaign_cells: every combination that is not left out, as the scenario
// that it runs.

#include "coordinator/campaign/file/campaign_cells.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;
using squall::scenarios::parse_scenario;
using squall::scenarios::ScenarioError;
using squall::scenarios::with_settings;

namespace {

const std::string chat = R"(name = "chat"
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 8
[prompts]
tokens = 8
[phases]
warm_up = "1s"
measure = "4s"
)";

const std::string simulated = "name = 's'\n[target]\nkind = 'simulated'\n[arrivals]\nrate = 1.0\n";

std::vector<CampaignCell> cells(const std::string& campaign, const std::string& scenario = "") {
  return cells_of(
      parse_campaign(campaign, "c.toml"), "folder", scenario,
      [](const std::string& file) { return file.ends_with("s.toml") ? simulated : chat; });
}

std::vector<std::string> labels(const std::vector<CampaignCell>& all) {
  std::vector<std::string> found;
  for (const auto& cell : all) found.push_back(cell.label);
  return found;
}

std::string mistake_of(const std::string& campaign) {
  try {
    cells(campaign);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return {};
}

void expect_labels(const std::string& campaign, const std::vector<std::string>& wanted) {
  const auto found = labels(cells(campaign));
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

const std::string head = "name = 'n'\nscenario = 'chat.toml'\n";

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_matrix_the_scenario_is_the_only_cell) {
  const auto found = cells(head);
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(found[0].scenario == "folder/chat.toml");
  BOOST_TEST((found[0].planned == 5s));
  BOOST_TEST(found[0].settings.empty());
}

BOOST_AUTO_TEST_CASE(every_combination_is_a_cell_and_the_last_axis_changes_fastest) {
  expect_labels(head + "[matrix]\nusers = [1, 2]\n'target.threads' = [1, 2]",
                {"users=1, target.threads=1", "users=1, target.threads=2",
                 "users=2, target.threads=1", "users=2, target.threads=2"});
}

BOOST_AUTO_TEST_CASE(excludes_leave_out_exactly_what_they_say) {
  const std::string matrix = "[matrix]\nusers = [1, 2, 3]\ndevices = ['cpu', 'auto']";
  expect_labels(head + "exclude = [{ users = [2, 3], device = 'auto' }]\n" + matrix,
                {"users=1, device=cpu", "users=1, device=auto", "users=2, device=cpu",
                 "users=3, device=cpu"});
  expect_labels(head + "exclude = [{ users = 1 }, { 'users.count' = 2 }]\n" + matrix,
                {"users=3, device=cpu", "users=3, device=auto"});
  BOOST_TEST(mistake_of(head + "exclude = [{ users = [1, 2, 3] }]\n" + matrix) ==
             "c.toml:4:2: every combination is left out; nothing would run");
}

BOOST_AUTO_TEST_CASE(settings_reach_the_scenario_and_axes_come_after_what_all_have) {
  const auto found =
      cells(head + "set = ['users.count=5', 'phases.measure=9s']\n[matrix]\nusers = [1, 2]");
  const auto scenario = parse_scenario(with_settings(chat, found[1].settings), "x");
  BOOST_TEST(std::get<squall::scenarios::ClosedUsers>(scenario.load).count.value_at(0s) == 2);
  BOOST_TEST((scenario.phases.measure == 9s));
  BOOST_TEST((found[1].planned == 10s));
  BOOST_TEST(found[1].numbers.at("users") == 2);
}

BOOST_AUTO_TEST_CASE(a_format_becomes_part_of_the_models_name) {
  const auto own = cells(head + "[matrix]\nformats = ['q4_0']");
  BOOST_TEST(own[0].settings.back() == "target.model=\"synthetic:llama-15m/q4_0\"");
  const auto named = cells(head +
                           "[matrix]\nmodels = ['tiny-{format}.gguf', 'synthetic:llama-135m']\n"
                           "formats = ['q8_0', 'f16']");
  BOOST_TEST(named[1].settings.back() == "target.model=\"tiny-f16.gguf\"");
  BOOST_TEST(named[2].settings.back() == "target.model=\"synthetic:llama-135m/q8_0\"");
  BOOST_TEST(mistake_of(head + "[matrix]\nmodels = ['a.gguf']\nformats = ['q8_0']") ==
             "c.toml:5:12: format: the model 'a.gguf' does not say its format; name it as "
             "synthetic:SHAPE/FORMAT, or with {format} in its name, such as "
             "\"tiny-{format}.gguf\"");
}

BOOST_AUTO_TEST_CASE(variants_are_an_axis_with_scenarios_and_tables_of_their_own) {
  const auto found = cells(head + R"([[variants]]
name = "local"
[[variants]]
name = "server"
[variants.replace.target]
kind = "openai"
url = "http://127.0.0.1:1/v1"
[[variants]]
name = "law"
scenario = "s.toml"
)");
  BOOST_REQUIRE_EQUAL(found.size(), 3u);
  BOOST_TEST(found[0].derived.empty());
  BOOST_TEST(found[1].derived.find("openai") != std::string::npos);
  BOOST_TEST(found[1].derived.find("synthetic") == std::string::npos);
  BOOST_TEST(found[1].values.at("variant") == "server");
  BOOST_TEST(found[2].scenario == "folder/s.toml");
}

BOOST_AUTO_TEST_CASE(a_cell_is_known_by_what_it_runs) {
  const auto once = cells(head + "[matrix]\nusers = [1, 2]");
  const auto more = cells("name = 'n'\nscenario = 'chat.toml'\n[matrix]\nusers = [2, 3]");
  BOOST_TEST(once[1].identity == more[0].identity);
  BOOST_TEST(once[0].identity != once[1].identity);
  const auto longer = cells(head + "set = ['phases.measure=5s']\n[matrix]\nusers = [1, 2]");
  BOOST_TEST(once[0].identity != longer[0].identity);
  const auto agents = cells(head + "options = ['--agents=2']\n[matrix]\nusers = [1, 2]");
  BOOST_TEST(once[0].identity != agents[0].identity);
  const auto twins = cells(head + "[[variants]]\nname = 'a'\n[[variants]]\nname = 'b'");
  BOOST_TEST(twins[0].identity != twins[1].identity);
}

BOOST_AUTO_TEST_CASE(tags_are_what_the_store_takes_and_differ) {
  const auto found = cells(
      "name = '<b>x</b> y'\nscenario = 's'\n[matrix]\n"
      "models = ['synthetic:llama-15m/q8_0', 'synthetic:llama-15m-q8_0']\nusers = [1]");
  std::set<std::string> tags;
  for (const auto& cell : found) {
    tags.insert(cell.tag);
    BOOST_TEST(cell.tag.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789._-") == std::string::npos,
               cell.tag);
  }
  BOOST_TEST(tags.size() == found.size());
  BOOST_TEST(slug_of("2026") == "c-2026");  // no name of a run
  BOOST_TEST(slug_of("last") == "c-last");
  BOOST_TEST(slug_of("../../etc") == "etc");
}

BOOST_AUTO_TEST_CASE(mistakes_of_cells_are_told_at_the_value_that_makes_them) {
  BOOST_TEST(mistake_of(head + "[matrix]\nusers = [1, 0]") ==
             "c.toml:4:13: users=0: 'count' must be 1 to 1000000; got 0");
  BOOST_TEST(mistake_of(head + "[matrix]\n'target.thraeds' = [1]") ==
             "c.toml:4:21: target.thraeds=1: unknown key 'thraeds' in [target]; did you mean "
             "'threads'?");
}

BOOST_AUTO_TEST_CASE(a_scenario_of_the_command_line_takes_the_place_of_the_campaigns) {
  BOOST_TEST(cells(head, "given.toml")[0].scenario == "given.toml");
  BOOST_TEST(mistake_of("name = 'n'") ==
             "c.toml:1:8: the campaign lacks 'scenario'; add scenario = \"chat.toml\" below its "
             "name, or name one on the command line");
}
