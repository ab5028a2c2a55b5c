// coordinator/campaign/file/campaign_file: what a campaign may say, and each mistake with its place
// and remedy.

#include "coordinator/campaign/file/campaign_file.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/campaign/file/derived_scenario.hpp"
#include "coordinator/campaign/file/toml_text.hpp"
#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;
using squall::scenarios::parse_toml_document;
using squall::scenarios::ScenarioError;
using squall::scenarios::ScenarioMistake;

namespace {

CampaignFile parsed(const std::string& text) { return parse_campaign(text, "c.toml"); }

std::vector<ScenarioMistake> mistakes_of(const std::string& text) {
  try {
    parsed(text);
  } catch (const ScenarioError& error) {
    return error.mistakes();
  }
  return {};
}

/// The file has this one mistake and no other.
void expect(const std::string& text, unsigned line, unsigned column, const std::string& message) {
  BOOST_TEST_CONTEXT(text) {
    const auto mistakes = mistakes_of(text);
    BOOST_REQUIRE_EQUAL(mistakes.size(), 1u);
    BOOST_TEST(mistakes[0].message == message);
    BOOST_TEST(mistakes[0].line == line);
    BOOST_TEST(mistakes[0].column == column);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(everything_that_a_campaign_may_say_is_read) {
  const auto campaign = parsed(R"(name = "all"
description = "of it"
scenario = "chat.toml"
set = ["phases.measure=5s", "target.threads=2"]
options = ["--agents=2", "--insecure"]
order = "interleaved"
seed = 9
repeats = 3
cool_down = "1500ms"
budget = "2h"
exclude = [{ users = [4, 8], device = "cpu" }]
[matrix]
users = [1, 4, 8]
devices = ["cpu", "auto"]
[[variants]]
name = "a"
[[variants]]
name = "b"
scenario = "other.toml"
set = ["target.threads=4"]
[variants.replace.users]
count = 3
[stop]
failures = 2
regression = true
[gate]
figures = ["e2e_p95=10%"]
only = true
[replace.prompts]
tokens = 8
)");
  BOOST_TEST(campaign.name == "all");
  BOOST_TEST(campaign.description == "of it");
  BOOST_TEST(campaign.scenario == "chat.toml");
  BOOST_TEST(campaign.settings.at(1) == "target.threads=2");
  BOOST_TEST(campaign.options.at(0) == "--agents=2");
  BOOST_TEST((campaign.order == CampaignOrder::interleaved));
  BOOST_TEST(campaign.seed == 9u);
  BOOST_TEST(campaign.repeats == 3u);
  BOOST_TEST((campaign.cool_down == 1500ms));
  BOOST_TEST((campaign.budget == 2h));
  BOOST_REQUIRE_EQUAL(campaign.axes.size(), 2u);
  BOOST_TEST(campaign.axes[0].key == "users.count");
  BOOST_TEST(campaign.axes[0].values.at(2).number.value() == 8);
  BOOST_TEST(campaign.axes[1].key == "target.device");
  BOOST_TEST(campaign.axes[1].values.at(0).setting == "\"cpu\"");
  BOOST_REQUIRE_EQUAL(campaign.excludes.size(), 1u);
  BOOST_REQUIRE_EQUAL(campaign.excludes[0].all_of.size(), 2u);
  BOOST_REQUIRE_EQUAL(campaign.variants.size(), 2u);
  BOOST_TEST(campaign.variants[1].scenario == "other.toml");
  BOOST_TEST(campaign.variants[1].replace.find("users") != nullptr);
  BOOST_TEST(campaign.stop.failures == 2u);
  BOOST_TEST(campaign.stop.regression);
  BOOST_TEST(campaign.gates.at(0) == "e2e_p95=10%");
  BOOST_TEST(campaign.only_these_gates);
  BOOST_TEST(campaign.replace.find("prompts") != nullptr);
}

BOOST_AUTO_TEST_CASE(axes_stand_in_the_order_of_the_file_however_their_keys_are_written) {
  const auto campaign = parsed(R"(name = "n"
scenario = "s"
[matrix]
users = [1]
target.threads = [1, 2]
"answers.tokens" = [{ distribution = "uniform", min = 1, max = 2 }]
[matrix.phases]
drain = ["1s"]
)");
  BOOST_REQUIRE_EQUAL(campaign.axes.size(), 4u);
  BOOST_TEST(campaign.axes[0].title == "users");
  BOOST_TEST(campaign.axes[1].key == "target.threads");
  BOOST_TEST(campaign.axes[2].values[0].setting ==
             R"({ distribution = "uniform", min = 1, max = 2 })");
  BOOST_TEST(campaign.axes[3].key == "phases.drain");
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_place_and_remedy) {
  expect("scenario = 's'", 1, 1, "the campaign lacks 'name'; add name = \"my-campaign\"");
  expect("name = 'n'\nrepeat = 3", 2, 1,
         "unknown key 'repeat' in the campaign; did you mean 'repeats'?");
  expect("name = 'n'\nrepeats = 0", 2, 11, "'repeats' must be 1 to 100; got 0");
  expect("name = 'n'\norder = 'randm'", 2, 9, "unknown order 'randm'; did you mean 'random'?");
  expect("name = 'n'\nbudget = '0s'", 2, 10, "'budget' must be longer than 0s; got \"0s\"");
  expect("name = 'n'\nset = ['threads']", 2, 8,
         "a setting is KEY=VALUE, such as target.threads=2; got 'threads'");
  expect("name = 'n'\noptions = ['--store=x']", 2, 12,
         "'--store' cannot be passed on: the campaign decides it for its runs");
  expect("name = 'n'\noptions = ['agents']", 2, 12,
         "an option is written as on the command line, with its value after '=': "
         "\"--agents=2\"; got 'agents'");
  expect("name = 'n'\n[replace.user]\ncount = 1", 2, 10,
         "unknown table 'user' in [replace]; did you mean 'users'?");
  expect("name = 'n'\n[stop]\nfailures = 0", 3, 12, "'failures' must be 1 to 1000000; got 0");
  expect("name = 'n'\n[stop]\nfailure = 1", 3, 1,
         "unknown key 'failure' in [stop]; did you mean 'failures'?");
  expect("name = 'n'\n[[variants]]\nset = ['a=1']", 2, 1,
         "[[variants]] lacks 'name'; add name = \"local\"");
  expect("name = 'n'\n[[variants]]\nname = 'a'\n[[variants]]\nname = 'a'", 4, 1,
         "two variants are called 'a'; give each a name of its own");
}

BOOST_AUTO_TEST_CASE(mistakes_of_the_matrix_are_told_at_their_values) {
  expect("name = 'n'\n[matrix]\nusers = 4", 3, 9,
         "'users': expected an array of values, found an integer; write users = [4]");
  expect("name = 'n'\n[matrix]\nusers = []", 3, 9,
         "'users': expected an array of values, found an array without any; write users = [1, 2]");
  expect("name = 'n'\n[matrix]\nusers = [1, 2, 1]", 3, 16,
         "'users' has '1' twice; 'repeats' runs every cell several times");
  expect("name = 'n'\n[matrix]\nusers = [1]\n'users.count' = [2]", 4, 1,
         "'users.count' and an axis above are the same setting, 'users.count'; keep one of them");
  expect("name = 'n'\nexclude = [{ user = 1 }]\n[matrix]\nusers = [1, 2]", 2, 14,
         "exclude: the matrix has no axis 'user'; did you mean 'users'?");
  expect("name = 'n'\nexclude = [{ users = 3 }]\n[matrix]\nusers = [1, 2]", 2, 22,
         "exclude: 'users' never is '3'; known values: 1, 2");
  expect("name = 'n'\nexclude = [{}]\n[matrix]\nusers = [1, 2]", 2, 12,
         "exclude: an empty table would leave out everything");
}

BOOST_AUTO_TEST_CASE(all_mistakes_of_a_file_are_told_at_once) {
  const auto mistakes = mistakes_of("nam = 'n'\nrepeats = 'x'\n[matrix]\nusers = 1");
  BOOST_TEST(mistakes.size() == 4u);  // the name is missing, too
}

BOOST_AUTO_TEST_CASE(values_are_written_as_settings_take_them) {
  const auto root = parse_toml_document(
      "a = 'x\"\\y'\nb = [1, 2.5, true]\nc = { z = 1, y = \"t\" }\nd = \"\\u0007\"", "t");
  BOOST_TEST(toml_value(root.find("a")->value) == R"("x\"\\y")");
  BOOST_TEST(toml_value(root.find("b")->value) == "[1, 2.5, true]");
  BOOST_TEST(toml_value(root.find("c")->value) == R"({ z = 1, y = "t" })");
  BOOST_TEST(toml_value(root.find("d")->value) == R"("\u0007")");
}

BOOST_AUTO_TEST_CASE(a_document_that_was_written_reads_as_it_did) {
  const std::string text =
      "name = \"x\"\nlist = [{ a = 1 }, { a = 2 }]\n\n[target]\nkind = \"simulated\"\n"
      "inner = { b = 1.5 }\n\n[users]\ncount = 3\n";
  BOOST_TEST(toml_document(parse_toml_document(text, "t")) == text);
}

BOOST_AUTO_TEST_CASE(a_replaced_load_takes_the_place_of_any_load) {
  const auto replace = parse_toml_document("[users]\ncount = 3\n", "r");
  const std::string text =
      with_tables("name = 'x'\n[arrivals]\nrate = 2\n[phases]\ndrain = '1s'", "s", replace);
  BOOST_TEST(text.find("arrivals") == std::string::npos);
  BOOST_TEST(text.find("[users]\ncount = 3") != std::string::npos);
  BOOST_TEST(text.find("drain = \"1s\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(files_of_a_scenario_are_found_from_anywhere) {
  const std::string text = with_absolute_files(
      "[target]\nmodel = \"synthetic:llama-15m/q8_0\"\n[prompts]\nfile = \"../p.txt\"\n[trace]\n"
      "file = \"/abs/t.csv\"\n[[categories]]\n[categories.prompts]\nfile = \"q.jsonl\"\n",
      "s", "/data/scenarios");
  BOOST_TEST(text.find("\"/data/p.txt\"") != std::string::npos);
  BOOST_TEST(text.find("\"/abs/t.csv\"") != std::string::npos);
  BOOST_TEST(text.find("\"/data/scenarios/q.jsonl\"") != std::string::npos);
  BOOST_TEST(text.find("\"synthetic:llama-15m/q8_0\"") != std::string::npos);
}
