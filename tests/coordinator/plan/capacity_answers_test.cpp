// From capacity to machines, months and money.

#include "coordinator/plan/answers/capacity_answers.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <stdexcept>

#include "coordinator/plan/answers/machine_mix.hpp"
#include "coordinator/plan/output/answer_words.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "tests/coordinator/plan/made_up_plan.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

PriceList prices(const std::string& amount, const std::string& kind = "machine") {
  return parse_price_list(
      "currency = \"EUR\"\n[machines." + kind + "]\nper_hour = " + amount + "\n", "prices.toml");
}

}  // namespace

BOOST_AUTO_TEST_CASE(money_is_read_and_written_exactly) {
  const struct {
    const char* text;
    std::int64_t millionths;
    const char* written;
  } table[] = {{"2.40", 2'400'000, "2.40 EUR"},
               {"2.4", 2'400'000, "2.40 EUR"},
               {"12", 12'000'000, "12.00 EUR"},
               {"0.0035", 3'500, "0.0035 EUR"},
               {"0.00005", 50, "0.0001 EUR"},
               {"0.00004", 40, "0.0000 EUR"},
               {"0", 0, "0.00 EUR"},
               {"0.1", 100'000, "0.10 EUR"},
               {"1.005", 1'005'000, "1.01 EUR"},
               {"1.004999", 1'004'999, "1.00 EUR"},
               {"1234567.89", 1'234'567'890'000, "1,234,567.89 EUR"},
               {"999999999.999999", 999'999'999'999'999, "1,000,000,000.00 EUR"}};
  for (const auto& row : table) {
    const auto money = parse_money(row.text);
    BOOST_REQUIRE_MESSAGE(money.has_value(), row.text);
    BOOST_TEST(money->millionths == row.millionths, row.text);
    BOOST_TEST(readable_money(*money, "EUR") == row.written);
  }
  for (const char* text :
       {"", ".", "1.", ".5", "-1", "1,5", "1e3", "1.2345678", "1000000000", "1.2.3", " 1", "12a"})
    BOOST_TEST(!parse_money(text), "'" << text << "'");
  BOOST_TEST(readable_money({-2'400'000}, "") == "-2.40");
  BOOST_TEST(plain_money({1'234'567'890'000}) == "1234567.89");
}

BOOST_AUTO_TEST_CASE(costs_are_rounded_once) {
  BOOST_TEST((cost_of({2'400'000}, 3, hours_a_month) == Money{5'259'600'000}));
  // A third of a millionth three times is a millionth, not nothing.
  BOOST_TEST((cost_of({1}, 3, 1.0 / 3) == Money{1}));
  BOOST_TEST((cost_of({1}, 1, 0.5) == Money{1}));
  BOOST_TEST((cost_of({1}, 1, 0.49) == Money{0}));
  BOOST_TEST((cost_of({2'400'000}, 0, 10) == Money{0}));
}

BOOST_AUTO_TEST_CASE(machines_are_whole_and_spares_come_on_top) {
  const struct {
    double load, each;
    unsigned spare;
    std::uint64_t serving, total;
  } table[] = {{300, 100, 1, 3, 4},     {300.0001, 100, 1, 4, 5},   {1, 100, 0, 1, 1},
               {0, 100, 2, 0, 2},       {0.3, 0.1, 0, 3, 3},        {5000, 42, 1, 120, 121},
               {5041, 42, 1, 121, 122}, {0.1 * 3 * 7, 0.7, 0, 3, 3}};
  for (const auto& row : table) {
    const auto machines = machines_for_load(row.load, row.each, row.spare);
    BOOST_TEST(machines.serving == row.serving, row.load << " / " << row.each);
    BOOST_TEST(machines.total() == row.total, row.load << " / " << row.each);
  }
}

BOOST_AUTO_TEST_CASE(growth_is_compound) {
  BOOST_TEST(grown(5000, 0.08, 0) == 5000.0);
  BOOST_TEST(std::abs(grown(5000, 0.08, 12) - 5000 * std::pow(1.08, 12)) < 1e-6);
  BOOST_TEST(std::abs(grown(100, -0.5, 2) - 25) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_plan_answers_in_machines_months_and_money) {
  const CapacityPlan plan = made_up_plan();
  const CapacityFindings findings = find_capacity(plan);
  BOOST_TEST(findings.confirmed());
  BOOST_TEST(findings.planning_load == 38.0);  // 95 % of 40, as confirmed
  PlanQuestions questions;
  questions.wanted = 5000;
  questions.peak = 300;
  questions.growth = 0.08;
  questions.months = 12;
  questions.machines = 12;
  questions.prices = prices("2.40");
  const auto answers = answer(plan, findings, questions);
  BOOST_REQUIRE(answers.has_value());
  BOOST_TEST(answers->per_machine == 38.0);
  BOOST_TEST(answers->fleet.serves == 456.0);
  BOOST_TEST(answers->fleet.serves_with_spare == 418.0);
  BOOST_TEST(std::abs(answers->headroom->used - 300.0 / 418) < 1e-12);
  BOOST_TEST(std::abs(*answers->headroom->months_left - std::log(418.0 / 300) / std::log(1.08)) <
             1e-9);
  BOOST_REQUIRE(answers->months.size() == 13u);
  BOOST_TEST(answers->months[0].machines.serving == 132u);  // 5000 / 38 = 131.6
  BOOST_TEST(answers->months[0].machines.total() == 133u);
  BOOST_TEST((*answers->months[0].cost == cost_of({2'400'000}, 133, 730.5)));
  BOOST_TEST(answers->months[12].machines.serving ==
             static_cast<std::uint64_t>(std::ceil(5000 * std::pow(1.08, 12) / 38)));
  // 38 users make 380 tokens/s: a machine-hour of 2.40 makes 1.368 million.
  BOOST_TEST(std::abs(static_cast<double>(answers->full_per_million_tokens->millionths) -
                      2.4e6 / 1.368) < 1);
  const double with_spare = 133 * 2.4 / (5000 * 10 * 3600 / 1e6) * 1e6;
  BOOST_TEST(std::abs(static_cast<double>(answers->months[0].per_million_tokens->millionths) -
                      with_spare) < 1);
}

BOOST_AUTO_TEST_CASE(a_fleet_that_is_too_small_has_no_headroom) {
  PlanQuestions questions;
  questions.peak = 60;
  questions.spare = 1;
  questions.machines = 2;
  questions.growth = 0.1;
  const CapacityPlan plan = made_up_plan();
  const auto answers = answer(plan, find_capacity(plan), questions);
  BOOST_TEST(answers->headroom->spare < 0);
  BOOST_TEST(!answers->headroom->months_left);
}

BOOST_AUTO_TEST_CASE(machines_that_were_measured_together_share_the_capacity) {
  CapacityPlan plan = made_up_plan();
  plan.machines = 4;
  const auto answers = answer(plan, find_capacity(plan), {});
  BOOST_TEST(answers->per_machine == 9.5);
  BOOST_TEST(answers->fleet.serves == 38.0);
}

BOOST_AUTO_TEST_CASE(without_a_soak_the_lower_end_is_planned_with) {
  CapacityPlan plan = made_up_plan();
  std::erase_if(plan.probes, [](const LoadProbe& probe) { return probe.role == ProbeRole::soak; });
  const CapacityFindings findings = find_capacity(plan);
  BOOST_TEST(!findings.confirmed());
  BOOST_TEST(findings.planning_load == findings.estimate.low);
  BOOST_TEST(verdict_of(plan, findings).exit_code == 12);
  bool said = false;
  for (const auto& each : assumptions_of(plan, findings, {}))
    said = said || has(each, "no soak has confirmed it");
  BOOST_TEST(said);
}

BOOST_AUTO_TEST_CASE(a_price_list_tells_its_mistakes_with_their_places) {
  const auto mistakes = [](const char* text) {
    try {
      parse_price_list(text, "p.toml");
    } catch (const squall::scenarios::ScenarioError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  BOOST_TEST(has(mistakes("[machines.a]\nper_hour = -1\n"), "p.toml:2:"));
  BOOST_TEST(has(mistakes("[machines.a]\nper_hour = \"cheap\"\n"), "amount such as 2.40"));
  BOOST_TEST(has(mistakes("[machines.a]\n"), "lacks 'per_hour'"));
  BOOST_TEST(has(mistakes("currency = \"EUR\"\n"), "no machine has a price"));
  BOOST_TEST(has(mistakes("[machine.a]\nper_hour = 1\n"), "machines"));
  BOOST_TEST(has(mistakes("[machines]\na = 2\n"), "[machines.a]"));
  const PriceList two = parse_price_list(
      "currency = \"EUR\"\n[machines.a]\nper_hour = 2\n[machines.b]\nper_hour = \"0.35\"\n", "p");
  BOOST_TEST(two.of("a")->millionths == 2'000'000);
  BOOST_TEST(two.of("b")->millionths == 350'000);
  BOOST_TEST(!two.of("c"));
}

BOOST_AUTO_TEST_CASE(a_mixed_fleet_loses_its_most_capable_machines) {
  const std::vector<MeasuredKind> kinds{{"cpu", 10, 10, Money{350'000}, 100},
                                        {"gpu", 100, 4, Money{2'400'000}, 1000}};
  BOOST_TEST(serves_without(kinds, 0) == 500.0);
  BOOST_TEST(serves_without(kinds, 1) == 400.0);
  BOOST_TEST(serves_without(kinds, 5) == 90.0);
  BOOST_TEST(serves_without(kinds, 99) == 0.0);
  PlanQuestions questions;
  questions.wanted = 600;
  questions.growth = 1;
  questions.months = 1;
  const MixAnswers answers = answer_mix(kinds, questions);
  BOOST_TEST(answers.serves == 500.0);
  BOOST_TEST(answers.serves_with_spare == 400.0);
  BOOST_REQUIRE(answers.months.size() == 2u);
  BOOST_TEST(answers.months[0].alternatives[0].more == 20u);  // 200 short, 10 each
  BOOST_TEST(answers.months[0].alternatives[1].more == 2u);
  // 20 * 0.35 = 7.00 an hour against 2 * 2.40 = 4.80.
  BOOST_TEST(answers.months[0].best == 1u);
  BOOST_TEST(answers.months[1].alternatives[1].more == 8u);
  BOOST_TEST((*answers.cost == cost_of({350'000}, 10, 730.5) + cost_of({2'400'000}, 4, 730.5)));
}

BOOST_AUTO_TEST_CASE(a_mixed_fleet_with_all_machines_out_has_no_headroom_either) {
  PlanQuestions questions;
  questions.peak = 100;
  questions.growth = 0.1;
  questions.spare = 1;
  const MixAnswers answers = answer_mix({{"gpu", 100, 1, {}, {}}}, questions);
  BOOST_REQUIRE(answers.headroom.has_value());
  BOOST_TEST(!std::isfinite(answers.headroom->used));
  BOOST_TEST(has(headroom_words(*answers.headroom, LoadKind::users, questions.growth),
                 "nothing would be left"));
  questions.spare = 0;
  questions.peak = 0;  // what nobody uses is never used up
  const auto idle = answer_mix({{"gpu", 100, 1, {}, {}}}, questions).headroom;
  BOOST_TEST(idle->spare == 1.0);
  BOOST_TEST(!idle->months_left);
}

BOOST_AUTO_TEST_CASE(a_fleet_is_read_from_its_words) {
  const auto fleet = parse_fleet("gpu-box=4,cpu-box=10");
  BOOST_REQUIRE(fleet.size() == 2u);
  BOOST_TEST(fleet[0].first == "gpu-box");
  BOOST_TEST(fleet[1].second == 10u);
  for (const char* text : {"", "gpu", "gpu=", "=4", "gpu=x", "gpu=4,gpu=5", "gpu=-1", "gpu=4x"})
    BOOST_CHECK_THROW(parse_fleet(text), std::invalid_argument);
}
