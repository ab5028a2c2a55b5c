// Capacity reports: JSON there and back, Markdown, page and text; what others wrote stays text.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/plan/output/json_mix.hpp"
#include "coordinator/plan/output/json_plan.hpp"
#include "coordinator/plan/output/plan_document.hpp"
#include "coordinator/plan/plan_course.hpp"
#include "tests/coordinator/plan/made_up_plan.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

PlanQuestions usual_questions() {
  PlanQuestions questions;
  questions.wanted = 5000;
  questions.peak = 20;
  questions.growth = 0.08;
  questions.months = 12;
  questions.machines = 4;
  questions.prices =
      parse_price_list("currency = \"EUR\"\n[machines.machine]\nper_hour = 2.40\n", "prices.toml");
  return questions;
}

CapacityPlan hostile_plan() {
  CapacityPlan plan = made_up_plan();
  const std::string evil = "<script>alert(1)</script>";
  plan.scenario = evil;
  plan.scenario_text = "name = \"" + evil + "\"\n# </script><img src=x onerror=alert(1)>\n";
  plan.system.model = "**" + evil + "|[x](javascript:alert(1))\x1b[31m";
  plan.system.banners = {evil};
  plan.machine_kind = evil;
  plan.limits = {"ttft p95 < 300ms"};
  plan.probes[0].why = evil + "\n# heading | cell";
  plan.probes[1].bottleneck_sentence = evil;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_plan_goes_to_json_and_back) {
  const CapacityPlan plan = made_up_plan();
  const std::string text = json_plan(plan, usual_questions());
  const CapacityPlan again = plan_of_json(text);
  BOOST_TEST(json_plan(again, usual_questions()) == text);
  BOOST_TEST(again.probes.size() == plan.probes.size());
  BOOST_TEST(again.probes[3].excess->value == plan.probes[3].excess->value);
  const json out = json::parse(text);
  BOOST_TEST(out.at("schema") == "squall-plan/1");
  BOOST_TEST(out.at("findings").at("capacity") == 40);
  BOOST_TEST(out.at("findings").at("confirmation").at("judgement") == "pass");
  BOOST_TEST(out.at("answers").at("months").size() == 13u);
  BOOST_TEST(out.at("answers").at("months").at(0).at("machines") == 133);
  BOOST_TEST(out.at("answers").at("currency") == "EUR");
  BOOST_TEST(out.at("verdict").at("exit_code") == 0);
  BOOST_TEST(out.at("findings").at("scaling_law").at("points").size() >= 6u);
}

BOOST_AUTO_TEST_CASE(what_is_no_plan_is_refused) {
  for (const char* text :
       {"", "{}", "[]", "{\"schema\": \"squall-run/5\"}", "{\"schema\": \"squall-plan/1\"}"})
    BOOST_CHECK_THROW(plan_of_json(text), PlanUnreadable);
  json damaged = json::parse(json_plan(made_up_plan(), {}));
  damaged["probes"][0]["judgement"] = "wonderful";
  BOOST_CHECK_THROW(plan_of_json(damaged.dump()), PlanUnreadable);
  damaged = json::parse(json_plan(made_up_plan(), {}));
  damaged["probes"][0]["load"] = -3;
  BOOST_CHECK_THROW(plan_of_json(damaged.dump()), PlanUnreadable);
  damaged = json::parse(json_plan(made_up_plan(), {}));
  damaged["asked"]["machines"] = 0;
  BOOST_CHECK_THROW(plan_of_json(damaged.dump()), PlanUnreadable);
}

BOOST_AUTO_TEST_CASE(the_answer_comes_first_and_assumptions_have_a_section) {
  const PlanDocument document = plan_document(made_up_plan(), usual_questions());
  BOOST_TEST(document.word == "FOUND");
  BOOST_TEST(has(document.why, "40 users within the limits"));
  BOOST_TEST(has(document.why, "confirmed by a soak of 38 users"));
  BOOST_REQUIRE(document.sections.size() >= 6u);
  BOOST_TEST(document.sections.front().id == "answer");
  bool assumptions = false, charts = false;
  for (const auto& section : document.sections) {
    assumptions = assumptions || (section.id == "assumptions" && section.items.size() >= 5);
    charts = charts || section.charts.size() >= 3;
  }
  BOOST_TEST(assumptions);
  BOOST_TEST(charts);
}

BOOST_AUTO_TEST_CASE(markdown_and_text_tell_machines_and_money) {
  const PlanDocument document = plan_document(made_up_plan(), usual_questions());
  const std::string markdown = document_markdown(document);
  BOOST_TEST(has(markdown, "| now | 5,000 | 133 | 132 | 1 |"), markdown);
  BOOST_TEST(has(markdown, "EUR a month"));
  BOOST_TEST(has(markdown, "headroom"));
  const std::string text = document_text(document, {});
  BOOST_TEST(has(text, "5,000 users take 133 machines (132 serving, 1 spare)"), text);
  BOOST_TEST(has(text, "What bounds it"));
  std::size_t longest = 0, begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    longest = std::max(longest, end - begin);
  BOOST_TEST(longest <= 104u);
}

BOOST_AUTO_TEST_CASE(what_others_wrote_stays_text_everywhere) {
  PlanQuestions questions = usual_questions();
  questions.prices = parse_price_list(
      "currency = \"<b>EUR</b>\"\n[machines.\"<script>alert(1)</script>\"]\nper_hour = 1\n", "p");
  const PlanDocument document = plan_document(hostile_plan(), questions);
  const std::string page = document_page(document);
  BOOST_TEST(!has(page, "<script>alert(1)"));
  BOOST_TEST(!has(page, "<img src=x"));
  BOOST_TEST(!has(page, "<b>EUR"));
  BOOST_TEST(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  const std::string markdown = document_markdown(document);
  BOOST_TEST(!has(markdown.substr(0, markdown.find("### Scenario")), "<script"), markdown);
  BOOST_TEST(!has(markdown, "[x]("));  // brackets are escaped: no link
  BOOST_TEST(!has(markdown, "\n# heading"));
  BOOST_TEST(!has(markdown, "\x1b"));
  BOOST_TEST(!has(document_text(document, {}), "\x1b"));
}

BOOST_AUTO_TEST_CASE(beyond_what_was_measured_the_law_is_drawn_only_when_asked_and_then_marked) {
  const auto names = [](bool extrapolate) {
    PlanQuestions questions;
    questions.extrapolate = extrapolate;
    std::string all;
    for (const auto& section : plan_document(made_up_plan(), questions).sections)
      for (const auto& chart : section.charts)
        for (const auto& series : chart.series) {
          all += series.name + ";";
          if (series.name != "extrapolated") continue;
          BOOST_TEST(series.x.front() > 1.5 * 81);
        }
    return all;
  };
  BOOST_TEST(has(names(true), "extrapolated"));
  BOOST_TEST(!has(names(false), "extrapolated"));
}

BOOST_AUTO_TEST_CASE(simulated_targets_are_named_as_such) {
  CapacityPlan plan = made_up_plan();
  plan.system.simulated = true;
  const PlanDocument document = plan_document(plan, {});
  for (const auto& text :
       {document_text(document, {}), document_markdown(document), document_page(document)})
    BOOST_TEST(has(text, "SIMULATED"));
}

BOOST_AUTO_TEST_CASE(an_unfinished_plan_says_so_and_is_no_success) {
  CapacityPlan plan = made_up_plan();
  plan.finished = false;
  plan.ending = "interrupted";
  const PlanVerdict verdict = verdict_of(plan, find_capacity(plan));
  BOOST_TEST(verdict.exit_code == 12);
  BOOST_TEST(verdict.word == "UNFINISHED");
  BOOST_TEST(has(verdict.sentence, "interrupted"));
  plan.probes.clear();
  BOOST_TEST(verdict_of(plan, find_capacity(plan)).exit_code != 0);
  BOOST_TEST(has(document_text(plan_document(plan, {}), {}), "no load to plan with"));
}

BOOST_AUTO_TEST_CASE(what_short_probes_left_open_is_not_said_to_be_missed) {
  CapacityPlan plan = made_up_plan();
  LoadProbe open = made_up_probe(ProbeRole::search, 1, 0);
  open.judgement = ProbeJudgement::undecided;
  open.why = "ttft p95 < 300ms: needs 40 more samples";
  open.excess = Excess{.value = 0.3, .error = 1};
  plan.probes = {open};
  const CapacityFindings findings = find_capacity(plan);
  const PlanVerdict verdict = verdict_of(plan, findings);
  BOOST_TEST(verdict.word == "UNDECIDED");
  BOOST_TEST(verdict.exit_code == 12);
  BOOST_TEST(verdict.sentence.find("whether 1 user is within the limits") == 0u);
  BOOST_TEST(verdict.sentence.find("needs 40 more samples") != std::string::npos);
  BOOST_TEST(findings.planning_load == 0.0);
}

BOOST_AUTO_TEST_CASE(fleets_of_several_kinds_are_told_together) {
  CapacityPlan gpu = made_up_plan(), cpu = made_up_plan();
  gpu.machine_kind = "gpu-box";
  cpu.machine_kind = "cpu-box";
  cpu.machines = 4;  // the same load took four of them
  const MixedFleet mix{{gpu, cpu}, {{"gpu-box", 4}, {"cpu-box", 10}}};
  PlanQuestions questions;
  questions.wanted = 600;
  questions.months = 2;
  questions.growth = 0.1;
  questions.prices = parse_price_list(
      "currency = \"EUR\"\n[machines.gpu-box]\nper_hour = 2.40\n[machines.cpu-box]\nper_hour = "
      "0.35\n",
      "p");
  const PlanDocument document = mix_document(mix, questions);
  // 4 x 38 + 10 x 9.5; without one of the larger ones 38 less.
  BOOST_TEST(has(document.why, "247 users"), document.why);
  BOOST_TEST(has(document.why, "209 users"));
  const json out = json::parse(json_mix(mix, questions));
  BOOST_TEST(out.at("serves") == 247.0);
  BOOST_TEST(out.at("months").at(0).at("alternatives").at(0).at("more") == 11);  // 391 / 38
  BOOST_TEST(out.at("months").at(0).at("alternatives").at(1).at("more") == 42);  // 391 / 9.5
  BOOST_TEST(out.at("months").at(0).at("best") == "cpu-box");
  BOOST_TEST(has(document_markdown(document), "gpu-box"));
}

BOOST_AUTO_TEST_CASE(a_simulation_stands_beside_the_measurement_and_counts_machines) {
  CapacityPlan plan = made_up_plan();
  plan.scenario_text = R"(name = "chat"
thresholds = ["ttft p95 < 100ms", "tokens_per_second > 1"]
[target]
kind = "simulated"
[users]
count = 4
think_time = "100ms"
[prompts]
tokens = 8
[answers]
tokens = 8
[phases]
warm_up = "1s"
measure = "10s"
)";
  LawFile law;
  law.law.model = "<b>m</b>";
  law.law.per_step = 0.010;
  law.law.rows = {{1, 0.002}};
  law.law.limits.max_batch = 8;
  PlanQuestions questions = usual_questions();
  questions.wanted = 100;
  std::vector<std::string> told;
  const SimulatedPlan simulated =
      simulate_plan(plan, find_capacity(plan), questions, law, "law.json",
                    [&](const std::string& line) { told.push_back(line); });
  BOOST_REQUIRE(simulated.loads.size() == 8u);
  BOOST_TEST(simulated.loads.front().load == 8.0);
  BOOST_TEST(simulated.loads.back().load == 81.0);
  BOOST_TEST(*simulated.loads.front().measured_tokens == 80.0);
  for (const auto& each : simulated.loads) BOOST_TEST(*each.predicted_tokens > 0);
  BOOST_REQUIRE(simulated.machines.has_value());
  BOOST_TEST(*simulated.machines > 1u);
  BOOST_TEST(*simulated.machines <= 100u);
  BOOST_TEST(told.size() > 8u);
  const json out = json::parse(json_plan(plan, questions, simulated)).at("simulation");
  BOOST_TEST(out.at("simulated") == true);
  BOOST_TEST(out.at("machines") == *simulated.machines);
  const std::string markdown = document_markdown(plan_document(plan, questions, simulated));
  BOOST_TEST(has(markdown, "SIMULATED: a prediction"));
  BOOST_TEST(has(markdown, "within the limits by simulation"));
  BOOST_TEST(!has(markdown, "<b>"));
}

BOOST_AUTO_TEST_CASE(a_plan_is_searched_then_soaked_then_filled_up_with_levels) {
  CapacityPlan plan = made_up_plan();
  const auto probes = plan.probes;
  plan.probes.clear();
  plan.finished = false;
  std::string roles;
  while (const auto next = next_probe(plan)) {
    BOOST_REQUIRE(plan.probes.size() < 40u);
    const char* letter = next->role == ProbeRole::search ? "s" : "k";
    roles += next->role == ProbeRole::level ? "l" : letter;
    BOOST_TEST((next->measure == 60 || next->role == ProbeRole::soak));
    if (next->role == ProbeRole::soak) {
      BOOST_TEST(next->load == 38.0);
      BOOST_TEST(next->measure >= 180.0);
    }
    plan.probes.push_back(made_up_probe(next->role, next->load, plan.probes.size()));
  }
  BOOST_TEST_MESSAGE("course: " << roles);
  BOOST_TEST(roles.find('k') != std::string::npos);
  BOOST_TEST(roles.find('k') < roles.find('l'));
  BOOST_TEST(roles.find('s') == 0u);
  const CapacityFindings findings = find_capacity(plan);
  BOOST_TEST(findings.estimate.capacity == 40.0);
  BOOST_TEST(findings.law.has_value());
  plan.with_levels = false;
  std::erase_if(plan.probes, [](const LoadProbe& probe) { return probe.role == ProbeRole::level; });
  BOOST_TEST(!next_probe(plan));
}

BOOST_AUTO_TEST_CASE(a_soak_that_fails_lowers_the_answer_or_ends_unconfirmed) {
  CapacityPlan plan = made_up_plan();
  plan.probes.clear();
  plan.with_levels = false;
  while (const auto next = next_probe(plan)) {
    BOOST_REQUIRE(plan.probes.size() < 40u);
    LoadProbe probe = made_up_probe(next->role, next->load, plan.probes.size());
    if (next->role == ProbeRole::soak) {  // what holds for a minute does not for three
      probe.judgement = ProbeJudgement::fail;
      probe.excess = Excess{1.5, 0.1, false};
    }
    plan.probes.push_back(probe);
  }
  plan.finished = true;
  const CapacityFindings findings = find_capacity(plan);
  BOOST_TEST(!findings.confirmed());
  BOOST_TEST(verdict_of(plan, findings).exit_code == 12);
  BOOST_TEST(std::count_if(plan.probes.begin(), plan.probes.end(), [](const LoadProbe& probe) {
               return probe.role == ProbeRole::soak;
             }) <= 3);
}
