// scenarios/schema/sections/agents_section: who takes part, and what a run survives.

#include <boost/test/unit_test.hpp>
#include <string>

#include "scenarios/schema/agent_label.hpp"
#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

std::string with_agents(const std::string& lines) {
  return "name = 'x'\n[target]\nmodel = 'm'\n[users]\n[agents]\n" + lines + "\n";
}

AgentRules rules_of(const std::string& lines) {
  return parse_scenario(with_agents(lines), "test.toml").agents;
}

// The lines, of which the first is line 6 of the file, have this one mistake.
void expect(const std::string& lines, unsigned column, const std::string& message,
            unsigned line = 6) {
  BOOST_TEST_CONTEXT(lines) {
    try {
      parse_scenario(with_agents(lines), "test.toml");
      BOOST_ERROR("no mistake was found");
    } catch (const ScenarioError& error) {
      BOOST_REQUIRE(error.mistakes().size() == 1u);
      BOOST_TEST(error.mistakes()[0].message == message);
      BOOST_TEST(error.mistakes()[0].line == line);
      BOOST_TEST(error.mistakes()[0].column == column);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_the_table_any_agent_takes_part_and_none_may_be_lost) {
  for (const AgentRules& rules :
       {rules_of(""), parse_scenario("name = 'x'\n[target]\nmodel = 'm'\n[users]", "f").agents}) {
    BOOST_TEST(rules.require.empty());
    BOOST_TEST(rules.weights.empty());
    BOOST_TEST(rules.may_lose == 0u);
    BOOST_TEST((rules.take_over_ramp == 10s));
    BOOST_TEST((rules.may_pause == 0s));
  }
}

BOOST_AUTO_TEST_CASE(every_key_is_read) {
  const AgentRules rules = rules_of(R"(
require = ["gpu", "region=eu-1"]
weights = [{ label = "rack=a", weight = 2 }, { weight = 100, label = "big" }]
may_lose = 3
take_over_ramp = "20s"
may_pause = "1m")");
  BOOST_TEST((rules.require == std::vector<std::string>{"gpu", "region=eu-1"}));
  BOOST_REQUIRE(rules.weights.size() == 2u);
  BOOST_TEST(rules.weights[0].label == "rack=a");
  BOOST_TEST(rules.weights[0].weight == 2u);
  BOOST_TEST(rules.weights[1].label == "big");
  BOOST_TEST(rules.weights[1].weight == 100u);
  BOOST_TEST(rules.may_lose == 3u);
  BOOST_TEST((rules.take_over_ramp == 20s));
  BOOST_TEST((rules.may_pause == 60s));
}

BOOST_AUTO_TEST_CASE(weights_may_be_tables_of_their_own) {
  const AgentRules rules = rules_of(
      "[[agents.weights]]\nlabel = 'a'\nweight = 4\n"
      "[[agents.weights]]\nlabel = 'b'\nweight = 1");
  BOOST_REQUIRE(rules.weights.size() == 2u);
  BOOST_TEST(rules.weights[0].weight == 4u);
  BOOST_TEST(rules.weights[1].label == "b");
}

BOOST_AUTO_TEST_CASE(mistyped_keys_are_named_with_the_nearest) {
  expect("may_loose = 1", 1, "unknown key 'may_loose' in [agents]; did you mean 'may_lose'?");
  expect("weigths = []", 1, "unknown key 'weigths' in [agents]; did you mean 'weights'?");
  // Though [[categories]] have a 'weight': the plural of one's own section is meant.
  expect("weight = [{ label = 'a', weight = 2 }]", 1,
         "unknown key 'weight' in [agents]; did you mean 'weights'?");
  expect("zebra = 1", 1,
         "unknown key 'zebra' in [agents]; known keys: require, weights, may_lose, "
         "take_over_ramp, may_pause");
  expect("weights = [{ lable = 'a', label = 'b', weight = 1 }]", 14,
         "unknown key 'lable' in 'weights'; did you mean 'label'?");
  try {
    parse_scenario("name = 'x'\nmay_lose = 1\n[target]\nmodel = 'm'\n[users]\n", "f");
    BOOST_ERROR("no mistake was found");
  } catch (const ScenarioError& error) {
    BOOST_TEST(error.mistakes().at(0).message ==
               "unknown key 'may_lose' in the file; it belongs in [agents]");
  }
}

BOOST_AUTO_TEST_CASE(labels_are_words) {
  for (const char* label : {"gpu", "rack=a", "zone:eu/1", "A.b_c-9@x", "=", "7"})
    BOOST_TEST(is_agent_label(label), label);
  for (const char* label : {"", "a b", "a,b", "ä", "a\tb", "\"", "a\n", "a;b", "$HOME", "a*"})
    BOOST_TEST(!is_agent_label(label), label);
  BOOST_TEST(is_agent_label(std::string(100, 'a')));
  BOOST_TEST(!is_agent_label(std::string(101, 'a')));
  BOOST_TEST(!is_agent_label(std::string_view("a\0b", 3)));
}

BOOST_AUTO_TEST_CASE(a_label_that_is_none_is_refused) {
  const std::string wanted =
      " is no label; labels are 1 to 100 letters, digits and . _ - = : / @, such as \"gpu\" or "
      "\"rack=a\"";
  expect("require = ['a rack']", 12, "'require': \"a rack\"" + wanted);
  expect("require = ['gpu', '']", 19, "'require': \"\"" + wanted);
  expect("weights = [{ label = 'a,b', weight = 1 }]", 22, "'label': \"a,b\"" + wanted);
  expect("require = [1]", 12, "'require': expected a label such as \"gpu\", found an integer");
  expect("require = 'gpu'", 11,
         "'require': expected an array of labels such as [\"gpu\"], found a string; write "
         "[\"gpu\"]");
}

BOOST_AUTO_TEST_CASE(weights_are_checked) {
  expect("weights = [{ label = 'a', weight = 0 }]", 36, "'weight' must be 1 to 100; got 0");
  expect("weights = [{ label = 'a', weight = 101 }]", 36, "'weight' must be 1 to 100; got 101");
  expect("weights = [{ label = 'a' }]", 12,
         "'weights' lacks 'weight'; add weight = 2, how many times the share of one without "
         "labels");
  expect("weights = [{ weight = 2 }]", 12,
         "'weights' lacks 'label'; add label = \"rack=a\", which the agents have that it is for");
  expect("weights = [{ label = 'a', weight = 1 }, { label = 'a', weight = 2 }]", 51,
         "there is another weight for label 'a', and the first one counts; remove one of them");
  expect("weights = { a = 2 }", 11,
         "'weights': expected an array of tables such as [{ label = \"rack=a\", weight = 2 }], "
         "found a table");
}

BOOST_AUTO_TEST_CASE(what_a_run_survives_is_checked) {
  expect("may_lose = -1", 12, "'may_lose' must be 0 to 100000; got -1");
  expect("may_lose = '1'", 12,
         "'may_lose': expected a whole number, found a string; write 1 without quotes");
  expect("may_pause = 30", 13,
         "'may_pause': expected a duration such as \"300ms\", found an integer; write \"30s\" or "
         "\"30ms\"");
  expect("may_pause = '721h'", 13, "'may_pause' must be at most 30 days (720h); got \"721h\"");
  const std::string idle =
      "'take_over_ramp' has no meaning while no agent may be lost; add may_lose = 1, or remove it";
  expect("take_over_ramp = '5s'", 1, idle);
  expect("may_lose = 0\ntake_over_ramp = '5s'", 1, idle, 7);
  expect("may_lose = -1\ntake_over_ramp = '5s'", 12, "'may_lose' must be 0 to 100000; got -1");
  BOOST_TEST((rules_of("may_lose = 1\ntake_over_ramp = '0s'").take_over_ramp == 0s));
}

BOOST_AUTO_TEST_CASE(very_long_lists_are_refused) {
  std::string labels, weights;
  for (int i = 0; i < 65; ++i) {
    labels += "'l" + std::to_string(i) + "', ";
    weights += "{ label = 'l" + std::to_string(i) + "', weight = 1 }, ";
  }
  expect("require = [" + labels + "]", 11, "'require' takes at most 32 labels; it has 65");
  expect("weights = [" + weights + "]", 11, "'weights' takes at most 64 tables; it has 65");
}
