// Scenarios made ready for a search, and the options of squall plan.

#include "coordinator/plan/commands/planned_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/commands/run_options.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_setting.hpp"

using namespace squall::coordinator;

namespace {

const std::string users = R"(name = "chat"
seed = 7
thresholds = ["ttft p95 < 300ms", "tokens_per_second > 5"]
[target]
kind = "simulated"
[users]  # who wait
count = 12
think_time = { distribution = "exponential", mean = "2s" }
[prompts]
tokens = 8
[answers]
tokens = 8
[phases]
warm_up = "1s"
measure = "20s"
)";

const std::string arrivals = R"(name = "api"
thresholds = ["ttft p95 < 300ms"]
[target]
kind = "simulated"
[arrivals]
rate = 5.0
[prompts]
tokens = 8
[answers]
tokens = 8
[phases]
measure = "20s"
)";

PlanOptions options() {
  PlanOptions some;
  some.scenario = "chat.toml";
  return some;
}

std::string mistake(const PlanOptions& asked, const std::string& text) {
  try {
    plan_for(asked, text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string without(std::string text, const std::string& part, const std::string& other = "") {
  text.replace(text.find(part), part.size(), other);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_scenario_says_where_the_search_begins) {
  const CapacityPlan plan = plan_for(options(), users);
  BOOST_TEST((plan.kind == LoadKind::users));
  BOOST_TEST(plan.rules.start == 12.0);
  BOOST_TEST(plan.rules.whole);
  BOOST_TEST(plan.measure == 20.0);
  BOOST_TEST(std::abs(plan.think_time - 2) < 0.05);
  const CapacityPlan open = plan_for(options(), arrivals);
  BOOST_TEST((open.kind == LoadKind::requests));
  BOOST_TEST(open.rules.start == 5.0);
  BOOST_TEST(open.arrivals == "poisson");
  BOOST_TEST(!open.rules.whole);
}

BOOST_AUTO_TEST_CASE(each_probe_has_its_load_and_prompts_of_its_own) {
  CapacityPlan plan = plan_for(options(), users);
  const auto settings = probe_settings(plan, 42, 20);
  const auto changed = squall::scenarios::parse_scenario(
      squall::scenarios::with_settings(users, settings), "changed");
  BOOST_TEST(std::get<squall::scenarios::ClosedUsers>(changed.load)
                 .count.highest(std::chrono::seconds(20)) == 42.0);
  BOOST_TEST(changed.seed == 8u);
  plan.probes.resize(3);
  const auto later = squall::scenarios::parse_scenario(
      squall::scenarios::with_settings(users, probe_settings(plan, 42, 90)), "changed");
  BOOST_TEST(later.seed == 11u);
  BOOST_TEST((later.phases.measure == std::chrono::seconds(90)));
  const auto rate = squall::scenarios::parse_scenario(
      squall::scenarios::with_settings(arrivals,
                                       probe_settings(plan_for(options(), arrivals), 1.0 / 3, 20)),
      "changed");
  const auto& open = std::get<squall::scenarios::OpenArrivals>(rate.load);
  BOOST_TEST(open.rate.highest(std::chrono::seconds(20)) == 1.0 / 3);
}

BOOST_AUTO_TEST_CASE(limits_of_the_command_line_take_the_place_of_the_scenarios) {
  auto asked = options();
  asked.limits = {"e2e p90 < 2s", "error_rate < 1%"};
  asked.probe = "5s";
  const CapacityPlan plan = plan_for(asked, users);
  const auto changed = squall::scenarios::parse_scenario(
      squall::scenarios::with_settings(users, plan.settings), "changed");
  BOOST_REQUIRE(changed.thresholds.size() == 2u);
  BOOST_TEST(changed.thresholds[0].text == "e2e p90 < 2s");
  BOOST_TEST(plan.measure == 5.0);
  asked.limits = {"tokens_per_second > 10"};
  BOOST_TEST(has(mistake(asked, users), "does not make it harder"));
  asked.limits = {"ttfb p95 < 1s"};
  BOOST_TEST(has(mistake(asked, users), "ttft"));
}

BOOST_AUTO_TEST_CASE(users_become_arrivals_and_all_else_stays) {
  auto asked = options();
  asked.open = true;
  asked.start = 4;
  const CapacityPlan plan = plan_for(asked, users);
  BOOST_TEST((plan.kind == LoadKind::requests));
  BOOST_TEST(plan.rules.start == 4.0);
  BOOST_TEST(!has(plan.scenario_text, "[users]"));
  BOOST_TEST(has(plan.scenario_text, "seed = 7"));
  const auto inlined = without(users,
                               "[users]  # who wait\ncount = 12\nthink_time = { distribution = "
                               "\"exponential\", mean = \"2s\" }\n");
  BOOST_TEST(has(mistake(asked, "users = { count = 3 }\n" + inlined), "lines of its own"));
  BOOST_TEST(has(mistake(asked, arrivals), "no [users]"));
  const auto of_file =
      without(users, "tokens = 8\n[answers]", "file = \"questions.txt\"\n[answers]");
  BOOST_TEST(has(mistake(asked, of_file), "relative to the scenario"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_searched_is_refused_with_a_remedy) {
  BOOST_TEST(has(mistake(options(), without(users, "\"ttft p95 < 300ms\", ")), "--slo"));
  BOOST_TEST(has(mistake(options(), without(arrivals, "rate = 5.0",
                                            "shape = { kind = \"ramp\", from = 1, to = 9, over = "
                                            "\"10s\" }")),
                 "'shape'"));
  auto asked = options();
  asked.most = 3;
  BOOST_TEST(has(mistake(asked, users), "--most"));
  asked = options();
  asked.precision = "90%";
  BOOST_TEST(has(mistake(asked, users), "--precision"));
  asked = options();
  asked.settings = {"users.cuont=3"};
  BOOST_CHECK_THROW(plan_for(asked, users), squall::scenarios::ScenarioError);
}

BOOST_AUTO_TEST_CASE(questions_fit_the_plan_or_are_refused) {
  QuestionOptions asked;
  asked.users = 100;
  asked.growth = "8%";
  asked.months = 3;
  const PlanQuestions questions = questions_of(asked, LoadKind::users);
  BOOST_TEST(*questions.wanted == 100.0);
  BOOST_TEST(questions.growth == 0.08);
  BOOST_CHECK_THROW(questions_of(asked, LoadKind::requests), UsageError);
  asked = {};
  asked.months = 3;
  BOOST_CHECK_THROW(questions_of(asked, LoadKind::users), UsageError);
  asked.peak = 3;
  asked.growth = "lots";
  BOOST_CHECK_THROW(questions_of(asked, LoadKind::users), UsageError);
  asked.growth = "-100%";
  BOOST_CHECK_THROW(questions_of(asked, LoadKind::users), UsageError);
  asked.growth = "";
  asked.peak = -1;
  BOOST_CHECK_THROW(questions_of(asked, LoadKind::users), UsageError);
  BOOST_TEST(share_of("0.5", "--precision") == 0.5);
  BOOST_TEST(seconds_of("20m", "--budget") == 1200.0);
  BOOST_CHECK_THROW(seconds_of("soon", "--budget"), UsageError);
}
