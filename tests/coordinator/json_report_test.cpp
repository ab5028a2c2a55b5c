#include "coordinator/report/json_report.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/metrics/histogram.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using actors::Histogram;
using actors::Phase;
using nlohmann::json;
using scenarios::Metric;

namespace {

json parsed(const RunRecord& record) {
  return json::parse(json_report(make_run_report(record), record));
}

std::uint64_t number(const json& value) { return value.get<std::uint64_t>(); }

}  // namespace

BOOST_AUTO_TEST_CASE(everything_about_a_healthy_run_can_be_read_back) {
  const RunRecord record = healthy_record();
  const json run = parsed(record);
  BOOST_TEST(run.at("schema") == "squall-run/5");
  BOOST_TEST(run.at("verdict").at("outcome") == "pass");
  BOOST_TEST(run.at("verdict").at("exit_code") == 0);
  BOOST_TEST(run.at("scenario").at("text") == record.scenario_text);
  BOOST_TEST(run.at("scenario").at("seed") == 42);
  BOOST_TEST(run.at("audit").size() == 16u);
  BOOST_TEST(run.at("thresholds").size() == 3u);
  BOOST_TEST(run.at("banners").empty());
  BOOST_TEST(number(run.at("ledger").at("total").at("measure").at("ok")) == 600u);
  BOOST_TEST(number(run.at("ledger").at("total").at("warm_up").at("ok")) == 100u);
  BOOST_TEST(number(run.at("ledger").at("total").at("account").at("planned")) == 700u);
  BOOST_TEST(number(run.at("ledger").at("agents").at(1).at("account").at("completed")) == 350u);
  BOOST_TEST(run.at("agents").at(0).at("plan_fingerprint") == "1234567890abcdef");
  BOOST_TEST(number(run.at("agents").at(0).at("planned_requests")) == 350u);
}

BOOST_AUTO_TEST_CASE(the_timeline_adds_up_to_the_run) {
  const json run = parsed(healthy_record());
  std::uint64_t tokens = 0, answers = 0;
  for (const json& point : run.at("timeline")) {
    tokens += number(point.at("tokens"));
    answers += number(point.at("answers"));
  }
  BOOST_TEST(tokens == 5600u);
  BOOST_TEST(answers == 700u);
}

BOOST_AUTO_TEST_CASE(each_second_has_what_was_planned_beside_what_came) {
  const json run = parsed(healthy_record());
  const json& point = run.at("timeline").at(10);
  BOOST_TEST(point.at("planned_arrivals") == 20.0);
  BOOST_TEST(point.at("planned_users").is_null());
  BOOST_TEST(number(point.at("starts")) == 20u);
  BOOST_TEST(number(point.at("tpot").at("count")) == number(point.at("ttft").at("count")));
  BOOST_TEST(point.at("tpot").at("p50").get<double>() == 0.025, boost::test_tools::tolerance(0.01));
  BOOST_TEST(run.at("timeline").back().at("planned_arrivals") == 0.0);
  const json users = parsed(healthy_closed_record());
  BOOST_TEST(users.at("timeline").at(10).at("planned_users") == 5.0);
  BOOST_TEST(users.at("timeline").at(10).at("planned_arrivals").is_null());
}

BOOST_AUTO_TEST_CASE(the_course_of_latencies_holds_every_answer_between_its_edges) {
  const RunRecord record = healthy_closed_record();
  const json course = parsed(record).at("latency_course");
  std::uint64_t completed = 0;
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    completed += record.timeline.total(phase).ledger.ok;
  BOOST_TEST(completed > 500u);
  BOOST_TEST(course.at("stretch") == 1.0);
  for (const char* metric : {"ttft", "tpot", "e2e"}) {
    BOOST_TEST(course.at(metric).size() == course.at("from").size());
    std::uint64_t answers = 0;
    for (const json& stretch : course.at(metric))
      for (std::size_t i = 0; i < stretch.size(); i += 2) {
        answers += number(stretch.at(i + 1));
        const auto bucket = static_cast<std::size_t>(number(stretch.at(i)));
        BOOST_TEST(bucket + 1 < course.at("edges").size());
        // Every first token comes after 50 to 70 ms, and a little.
        if (std::string(metric) != "ttft") continue;
        BOOST_TEST(course.at("edges").at(bucket).get<double>() < 0.071);
        BOOST_TEST(course.at("edges").at(bucket + 1).get<double>() > 0.050);
      }
    BOOST_TEST(answers == completed, metric);
  }
}

BOOST_AUTO_TEST_CASE(histograms_can_be_rebuilt_from_the_file) {
  const RunRecord record = healthy_record();
  const json run = parsed(record);
  const json& e2e = run.at("phases").at("measure").at("durations").at("e2e");
  Histogram::Parts parts;
  parts.counts = e2e.at("histogram").at("counts").get<Histogram::SparseCounts>();
  parts.underflow = number(e2e.at("histogram").at("underflow"));
  parts.overflow = number(e2e.at("histogram").at("overflow"));
  parts.sum = nanoseconds(e2e.at("histogram").at("sum_ns").get<std::int64_t>());
  const auto& kept =
      record.timeline.total(Phase::measure).durations[static_cast<std::size_t>(Metric::e2e)];
  parts.minimum = nanoseconds(e2e.at("histogram").at("minimum_ns").get<std::int64_t>());
  parts.maximum = nanoseconds(e2e.at("histogram").at("maximum_ns").get<std::int64_t>());
  const auto rebuilt = Histogram::from_parts(parts);
  BOOST_REQUIRE(rebuilt.has_value());
  BOOST_TEST((*rebuilt == kept));
}

BOOST_AUTO_TEST_CASE(percentiles_have_values_and_intervals_in_seconds) {
  const json run = parsed(healthy_record());
  const json& p95 =
      run.at("phases").at("measure").at("durations").at("ttft").at("percentiles").at(2);
  BOOST_TEST(p95.at("percentile") == 95.0);
  BOOST_TEST(p95.at("low").get<double>() <= p95.at("value").get<double>());
  BOOST_TEST(p95.at("value").get<double>() <= p95.at("high").get<double>());
  BOOST_TEST(p95.at("value").get<double>() == 0.069, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(what_is_undefined_is_null_and_not_zero) {
  const json run = parsed(healthy_record());
  const json& p999 =
      run.at("phases").at("measure").at("durations").at("ttft").at("percentiles").at(4);
  BOOST_TEST(p999.at("value").is_null());
  BOOST_TEST(p999.at("withheld") == "p99.9: insufficient (n = 600, needs 3,688)");

  RunRecord empty = healthy_record();
  empty.timeline = MetricsTimeline(empty.scenario.phases, 2);
  empty.agents[0].ready.reset();
  const json nothing = parsed(empty);
  BOOST_TEST(nothing.at("throughput").at("tokens_per_second").is_null());
  BOOST_TEST(nothing.at("phases").at("measure").at("durations").at("ttft").is_null());
  BOOST_TEST(nothing.at("thresholds").at(0).at("measured").is_null());
  BOOST_TEST(nothing.at("agents").at(0).at("plan_fingerprint").is_null());
  BOOST_TEST(nothing.at("agents").at(0).at("window").at("worst_loop_lag").is_null());
}

BOOST_AUTO_TEST_CASE(hostile_bytes_make_no_invalid_file) {
  const json run = parsed(troubled_record());
  BOOST_TEST(run.at("banners").size() == 2u);
  BOOST_REQUIRE(run.at("warnings").size() == 1u);
  BOOST_TEST(run.at("warnings").at(0).get<std::string>().find("stands in for") !=
             std::string::npos);
  BOOST_TEST(run.at("agents").at(0).at("warnings") == run.at("warnings"));
  BOOST_TEST(run.at("agents").at(0).at("model_choice") == "prefer-real (scenario)");
  BOOST_TEST(run.at("agents").at(0).at("model_origin") == "");
  BOOST_TEST(run.at("verdict").at("exit_code") == 13);
  BOOST_TEST(run.at("agents").at(0).at("lost") == "no sign of life for 4.0 s");
  BOOST_TEST(run.at("phases").at("measure").at("errors").size() == 2u);
  BOOST_TEST(number(run.at("ledger").at("total").at("account").at("lost_in_flight")) == 5u);
}

BOOST_AUTO_TEST_CASE(a_simulated_run_says_so_first_and_has_every_new_series) {
  const json run = parsed(varied_record());
  BOOST_TEST(run.at("simulated") == true);
  BOOST_TEST(run.at("target").at("kind") == "simulated");
  BOOST_TEST(run.at("target").at("token_counts") == "as planned");
  BOOST_TEST(parsed(healthy_record()).at("simulated") == false);
  const json& measured = run.at("phases").at("measure");
  BOOST_TEST(number(measured.at("cached")) == 60u);
  BOOST_TEST(number(measured.at("attempts")) == 190u);
  BOOST_TEST(number(measured.at("late")) == 3u);
  BOOST_TEST(number(measured.at("accuracy").at("agreed")) == 23u);
  BOOST_TEST(measured.at("accuracy").at("low").get<double>() < 23.0 / 24);
  BOOST_TEST(measured.at("durations").at("cache_hit").at("samples") == 60u);
  BOOST_TEST(measured.at("durations").at("stamp_delay").at("samples") == 800u);
  BOOST_REQUIRE(measured.at("categories").size() == 2u);
  BOOST_TEST(measured.at("categories").at(1).at("name") == "summaries of long documents");
  BOOST_TEST(number(measured.at("categories").at(1).at("failed")) == 3u);
  BOOST_REQUIRE(run.at("events").size() == 2u);
  BOOST_TEST(run.at("events").at(0).at("agent") == "local-1");
  BOOST_TEST(run.at("events").at(0).at("at") == 12.3);
  BOOST_TEST(run.at("longest_silence").at("from") == 30.0);
  BOOST_TEST(run.at("longest_silence").at("to") == 34.0);
  BOOST_TEST(run.at("longest_silence").at("mean_open") == 8.0);
  const json& agent = run.at("agents").at(0);
  BOOST_TEST(agent.at("calibration").at("starts_per_second") == 300.0);
  BOOST_TEST(number(agent.at("window").at("peak_starts_per_second")) == 165u);
}

BOOST_AUTO_TEST_CASE(what_was_not_asked_or_measured_is_null) {
  RunRecord record = healthy_record();
  record.agents[0].ready->calibration = {};
  const json run = parsed(record);
  BOOST_TEST(run.at("phases").at("measure").at("accuracy").at("share").is_null());
  BOOST_TEST(run.at("phases").at("measure").at("categories").empty());
  BOOST_TEST(run.at("longest_silence").is_null());
  BOOST_TEST(run.at("agents").at(0).at("calibration").is_null());
  BOOST_TEST(!run.at("agents").at(1).at("calibration").is_null());
}
