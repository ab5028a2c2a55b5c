// How a probe is judged: stability, distances from limits, and what is read from a report.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "coordinator/plan/search/json_probe.hpp"
#include "coordinator/plan/search/load_stability.hpp"
#include "coordinator/plan/search/slo_excess.hpp"
#include "scenarios/load/random.hpp"
#include "tests/coordinator/plan/known_queue.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

JudgedLimit limit(const std::string& text, const std::string& status, std::uint64_t samples,
                  std::uint64_t violations, std::optional<double> measured = {}) {
  return {squall::scenarios::parse_threshold(text), status, samples, violations, measured, 1};
}

json quantiles(double seconds) {
  return {{"count", 10}, {"p50", seconds}, {"p95", seconds * 2}, {"p99", seconds * 3}};
}

/// A report with what a search reads of it: ten measured seconds after two of warm-up.
json report(double growth = 0) {
  json timeline = json::array();
  for (int second = 0; second < 14; ++second)
    timeline.push_back({{"at", second},
                        {"in_flight", 5 + growth * second + (second % 3) * 0.2},
                        {"ttft", quantiles(0.1)},
                        {"e2e", quantiles(0.5)}});
  json run = {
      {"schema", "squall-run/5"},
      {"simulated", true},
      {"banners", {"SIMULATED TARGET"}},
      {"run", {{"id", "r1"}, {"tool_version", "0.1.0"}}},
      {"verdict", {{"outcome", "fail"}, {"sentence", "1 of 3 missed"}}},
      {"scenario", {{"model", "m"}, {"phases", {{"warm_up", 2.0}, {"measure", 10.0}}}}},
      {"target", {{"kind", "openai"}, {"origin", "http://127.0.0.1:1"}}},
      {"hardware_fingerprint", nullptr},
      {"throughput",
       {{"window", 10.0},
        {"tokens_per_second", 200.0},
        {"requests_per_second", 20.0},
        {"mean_in_flight", 5.0}}},
      {"agents", json::array({{{"host", "a"}}, {{"host", "a"}}, {{"host", "b"}}})},
      {"resources", {{"bottleneck", {{"limit", "queueing"}, {"sentence", "Requests waited."}}}}},
      {"timeline", timeline}};
  run["phases"]["measure"] = {
      {"ledger", {{"ok", 200}}},
      {"durations",
       {{"ttft", {{"percentiles", {{{"percentile", 95.0}, {"value", 0.2}}}}}}, {"e2e", nullptr}}}};
  const auto row = [](const char* text, const char* status, double bound, int violations) {
    return json{{"threshold", text}, {"status", status},         {"limit", bound},
                {"samples", 200},    {"violations", violations}, {"measured", 0.2},
                {"at_least", false}, {"explanation", "because"}};
  };
  run["thresholds"] = {row("tokens_per_second > 100", "pass", 100, 0),
                       row("ttft p95 < 150ms", "fail", 0.15, 40),
                       row("e2e p95 < 2s", "pass", 2, 1)};
  return run;
}

}  // namespace

BOOST_AUTO_TEST_CASE(tails_of_student_are_right_to_a_tenth) {
  // Tables: 1 % points of 3, 10 and 30 degrees of freedom. The approximation is off by 6 % at 3.
  BOOST_TEST(std::abs(student_above(4.541, 3) - 0.01) < 0.001);
  BOOST_TEST(std::abs(student_above(2.764, 10) - 0.01) < 0.0001);
  BOOST_TEST(std::abs(student_above(2.457, 30) - 0.01) < 0.0001);
  BOOST_TEST(std::abs(student_above(0, 5) - 0.5) < 1e-9);
  BOOST_TEST(student_above(-2.764, 10) > 0.98);
}

BOOST_AUTO_TEST_CASE(requests_that_pile_up_are_seen_and_steady_ones_are_not) {
  std::vector<double> growing, steady, falling;
  squall::scenarios::Random random(3);
  for (int i = 0; i < 60; ++i) {
    growing.push_back(10 + 0.5 * i + random.normal());
    steady.push_back(10 + random.normal());
    falling.push_back(40 - 0.5 * i + random.normal());
  }
  const Stability up = stability_of(growing, 1);
  BOOST_TEST(up.unstable);
  BOOST_TEST(std::abs(up.slope - 0.5) < 0.05);
  BOOST_TEST(std::abs(stability_of(growing, 0.5).slope - 1) < 0.1);
  BOOST_TEST(!stability_of(steady, 1).unstable);
  BOOST_TEST(!stability_of(falling, 1).unstable);
  BOOST_TEST(!stability_of({1, 2, 3}, 1).asked);
}

BOOST_AUTO_TEST_CASE(an_overloaded_queue_is_unstable_and_a_busy_one_rarely_looks_so) {
  const KnownQueue queue;  // serves 32 a second
  int overloaded = 0, busy = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    overloaded += QueueProbe(queue, seed).arrivals(42).stability.unstable ? 1 : 0;
    busy += QueueProbe(queue, seed).arrivals(25).stability.unstable ? 1 : 0;
  }
  BOOST_TEST_MESSAGE("unstable: " << overloaded << " of 100 overloaded, " << busy
                                  << " of 100 busy");
  BOOST_TEST(overloaded >= 80);
  BOOST_TEST(busy <= 5);
}

BOOST_AUTO_TEST_CASE(samples_in_clumps_are_worth_less) {
  const std::vector<StretchShare> even(10, {100, 0.05});
  BOOST_TEST(variance_inflation(even) == 1.0);
  std::vector<StretchShare> clumps = even;
  clumps[3].share = 0.5;
  BOOST_TEST(variance_inflation(clumps) > 10);
  BOOST_TEST(variance_inflation({{100, 0.5}, {100, 0.1}}) == 1.0);
  BOOST_TEST(variance_inflation(std::vector<StretchShare>(10, {100, 0})) == 1.0);
}

BOOST_AUTO_TEST_CASE(what_more_load_makes_harder_is_a_limit_on_it) {
  const auto limits = [](const char* text) {
    return limits_load(squall::scenarios::parse_threshold(text));
  };
  for (const char* text : {"ttft p95 < 300ms", "e2e mean < 2s", "error_rate < 1%", "tpot p99 <= 1s",
                           "slo_attainment > 95%", "memory < 2GiB"})
    BOOST_TEST(limits(text), text);
  for (const char* text :
       {"tokens_per_second > 100", "ttft p50 > 1ms", "accuracy > 95%", "load_time < 3s",
        "dispatch_delay p99 < 1ms", "goodput > 5", "error_rate > 1%"})
    BOOST_TEST(!limits(text), text);
}

BOOST_AUTO_TEST_CASE(the_distance_from_a_limit_is_in_log_odds) {
  const auto met = excess_of(limit("ttft p95 < 300ms", "pass", 1000, 10));
  BOOST_REQUIRE(met.has_value());
  BOOST_TEST(std::abs(met->value - (std::log(10.5 / 990.5) - std::log(0.05 / 0.95))) < 1e-12);
  BOOST_TEST(!met->beyond);
  BOOST_TEST(excess_of(limit("ttft p95 < 300ms", "fail", 1000, 100))->value > 0);
  BOOST_TEST(excess_of(limit("ttft p95 < 300ms", "inconclusive", 50, 0))->beyond);
  BOOST_TEST(excess_of(limit("ttft p95 < 300ms", "fail", 50, 50))->beyond);
  // Too few samples for the limit: what was never violated does not speak against a load.
  BOOST_TEST(excess_of(limit("error_rate < 1%", "pass", 39, 0, 0.0))->value == 0.0);
  BOOST_TEST(excess_of(limit("slo_attainment > 5%", "fail", 1, 1))->value == 0.0);
  BOOST_TEST(std::abs(excess_of(limit("error_rate < 1%", "pass", 100'000, 0, 0.01))->value) < 1e-3);
  BOOST_TEST(std::abs(excess_of(limit("slo_attainment > 90%", "pass", 100'000, 10'000))->value) <
             1e-3);
  BOOST_TEST(!excess_of(limit("e2e mean < 2s", "pass", 100, 0, 1.0)));
  auto dependent = limit("ttft p95 < 300ms", "pass", 1000, 10);
  dependent.inflation = 4;
  BOOST_TEST(std::abs(excess_of(dependent)->error / met->error - 2) < 1e-9);
}

BOOST_AUTO_TEST_CASE(limits_are_judged_together_by_the_worst) {
  const auto pass = limit("ttft p95 < 300ms", "pass", 1000, 10);
  const auto near = limit("tpot p95 < 30ms", "pass", 1000, 30);
  const auto open = limit("e2e p95 < 3s", "inconclusive", 1000, 45);
  const auto fail = limit("e2e p99 < 4s", "fail", 1000, 30);
  const auto mean = limit("e2e mean < 2s", "fail", 1000, 0, 2.5);
  BOOST_TEST((judge_limits({pass, near}).judgement == ProbeJudgement::pass));
  BOOST_TEST(judge_limits({pass, near}).decisive == 1u);
  BOOST_TEST((judge_limits({pass, open, near}).judgement == ProbeJudgement::undecided));
  BOOST_TEST(judge_limits({pass, open}).decisive == 1u);
  BOOST_TEST((judge_limits({fail, open, pass}).judgement == ProbeJudgement::fail));
  BOOST_TEST(judge_limits({fail, open}).excess->value > 0);
  // Of what was never violated only a bound is known; what was at times says where the limit is.
  const auto never = limit("error_rate < 1%", "pass", 39, 0, 0.0);
  const auto at_times = limit("ttft p90 < 5s", "inconclusive", 39, 2);
  BOOST_TEST(judge_limits({never, at_times}).excess->value == excess_of(at_times)->value);
  BOOST_TEST(judge_limits({at_times, never}).excess->value == excess_of(at_times)->value);
  BOOST_TEST(judge_limits({never, limit("ttft p90 < 5s", "inconclusive", 39, 0)}).excess->beyond);
  // A mean has no distance: that of the percentiles, which are met, is not its.
  BOOST_TEST((judge_limits({pass, mean}).judgement == ProbeJudgement::fail));
  BOOST_TEST(!judge_limits({pass, mean}).excess);
}

BOOST_AUTO_TEST_CASE(a_probe_is_read_from_a_report) {
  const ProbeReport read = probe_of_report(report().dump(), LoadKind::requests);
  BOOST_TEST((read.limits == std::vector<std::string>{"ttft p95 < 150ms", "e2e p95 < 2s"}));
  BOOST_TEST((read.left_out == std::vector<std::string>{"tokens_per_second > 100"}));
  BOOST_TEST((read.probe.judgement == ProbeJudgement::fail));
  BOOST_TEST(read.probe.why == "ttft p95 < 150ms fail: because");
  BOOST_TEST(read.probe.excess->value > 0);
  BOOST_TEST(read.probe.stability.asked);
  BOOST_TEST(!read.probe.stability.unstable);
  BOOST_TEST(*read.probe.ttft_p95 == 0.2);
  BOOST_TEST(!read.probe.e2e_p95);
  BOOST_TEST(read.probe.bottleneck_sentence == "Requests waited.");
  BOOST_TEST(read.system.agents == 3u);
  BOOST_TEST(read.system.hosts == 2u);
  BOOST_TEST(read.system.simulated);
}

BOOST_AUTO_TEST_CASE(growth_fails_a_probe_whose_limits_are_met) {
  json growing = report(4);
  growing["thresholds"][1]["status"] = "pass";
  growing["thresholds"][1]["violations"] = 1;
  const auto open = probe_of_report(growing.dump(), LoadKind::requests);
  BOOST_TEST((open.probe.judgement == ProbeJudgement::fail));
  BOOST_TEST(open.probe.why.find("in flight grew") != std::string::npos);
  const auto closed = probe_of_report(growing.dump(), LoadKind::users);
  BOOST_TEST((closed.probe.judgement == ProbeJudgement::pass));
}

BOOST_AUTO_TEST_CASE(a_run_that_cannot_be_believed_is_no_evidence) {
  json invalid = report();
  invalid["verdict"] = {{"outcome", "invalid"}, {"sentence", "the audit failed: loop lag"}};
  const auto read = probe_of_report(invalid.dump(), LoadKind::users);
  BOOST_TEST((read.probe.judgement == ProbeJudgement::invalid));
  BOOST_TEST(!read.probe.excess);
  BOOST_TEST(read.probe.why == "the audit failed: loop lag");
}

BOOST_AUTO_TEST_CASE(what_is_no_report_is_refused_with_a_remedy) {
  BOOST_CHECK_THROW(probe_of_report("{}", LoadKind::users), ProbeUnreadable);
  BOOST_CHECK_THROW(probe_of_report("no json", LoadKind::users), ProbeUnreadable);
  json none = report();
  none["thresholds"] = json::array();
  BOOST_CHECK_EXCEPTION(probe_of_report(none.dump(), LoadKind::users), ProbeUnreadable,
                        [](const ProbeUnreadable& error) {
                          return std::string(error.what()).find("--slo") != std::string::npos;
                        });
}
