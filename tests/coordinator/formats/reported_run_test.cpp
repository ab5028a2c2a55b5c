// A report read back: what was written is what is read, and what is missing is said.

#include "coordinator/report/reading/reported_run.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/report/reading/report_figures.hpp"
#include "coordinator/report/run_report.hpp"
#include "tests/coordinator/formats/formatted_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

const ReportedDuration& duration_of(const ReportedPhase& phase, const std::string& metric) {
  for (const ReportedDuration& row : phase.durations)
    if (row.metric == metric) return row;
  throw std::out_of_range(metric);
}

std::string refusal(const std::string& text) {
  try {
    read_reported_run(text);
  } catch (const ReportUnreadable& error) {
    return error.what();
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_report_says_is_read_back) {
  const RunRecord record = healthy_record();
  const RunReport report = make_run_report(record);
  const ReportedRun run = reported(record);
  BOOST_TEST(run.run == record.id);
  BOOST_TEST(run.version >= 4);
  BOOST_TEST(run.scenario == "steady chat");
  BOOST_TEST(run.seed.value() == 42u);
  BOOST_TEST(run.outcome == "pass");
  BOOST_TEST(run.exit_code.value() == 0);
  BOOST_TEST(run.thresholds.size() == 3u);
  BOOST_TEST(run.thresholds[0].text == "ttft p95 < 300ms");
  BOOST_TEST(run.thresholds[0].measured.value() == 0.069, boost::test_tools::tolerance(0.01));
  BOOST_TEST(run.audit.size() == report.audit.size());
  BOOST_TEST(run.total->planned == 700u);
  BOOST_TEST(run.accounts.size() == 2u);
  BOOST_TEST(run.agents.size() == 2u);
  BOOST_TEST(run.agents[1].name == "local-2");
  BOOST_TEST(run.measured.ledger->ok == 600u);
  BOOST_TEST(run.warm_up.ledger->ok == 100u);
  BOOST_TEST(run.measured.output_tokens == 4800u);
  BOOST_TEST(run.window.value() == 30.0);
  BOOST_TEST(run.missing.empty());
}

BOOST_AUTO_TEST_CASE(histograms_and_percentiles_are_those_of_the_run) {
  const RunRecord record = healthy_record();
  const ReportedRun run = reported(record);
  const ReportedDuration& e2e = duration_of(run.measured, "e2e");
  const auto& kept = record.timeline.total(actors::Phase::measure)
                         .durations[static_cast<std::size_t>(scenarios::Metric::e2e)];
  BOOST_REQUIRE(e2e.histogram.has_value());
  BOOST_TEST((*e2e.histogram == kept));
  BOOST_REQUIRE(e2e.percentiles.size() == 5u);
  BOOST_TEST(e2e.percentiles[3].percentile == 99.0);
  BOOST_TEST(e2e.percentiles[3].value.has_value());
  BOOST_TEST(!e2e.percentiles[4].value.has_value());
  BOOST_TEST(e2e.percentiles[4].withheld == "p99.9: insufficient (n = 600, needs 3,688)");
}

BOOST_AUTO_TEST_CASE(figures_are_there_or_the_reason_why_not) {
  const ReportFigures healthy = figures_of(reported(healthy_record()));
  BOOST_TEST(healthy.figures.at("tokens_per_second") == 160.0);
  BOOST_TEST(healthy.figures.at("error_rate") == 0.0);
  BOOST_TEST(healthy.figures.contains("ttft_p99"));
  BOOST_TEST(healthy.figures.contains("e2e_mean"));
  BOOST_TEST(!healthy.figures.contains("ttft_p99.9"));
  BOOST_TEST(
      healthy.withheld.at("ttft_p99.9").starts_with("p99.9: insufficient (n = 600, needs 3,688)"));

  const Ended ended{.completed = {{std::chrono::milliseconds(80), 400}}, .timeouts = 40};
  const ReportFigures slow = figures_of(reported(record_of(ended, "ttft p95 < 300ms")));
  BOOST_TEST(slow.figures.contains("ttft_p50"));
  BOOST_TEST(!slow.figures.contains("ttft_p95"));  // among those that timed out
  BOOST_TEST(contains(slow.withheld.at("ttft_p95"), "at least"));
  BOOST_TEST(slow.figures.at("error_rate") == 40.0 / 440);
}

BOOST_AUTO_TEST_CASE(the_timeline_is_a_table_of_all_its_numbers) {
  const std::string text = json_of(healthy_record());
  const ReportedSeries series = read_timeline(text);
  const json points = json::parse(text).at("timeline");
  BOOST_REQUIRE(series.rows.size() == points.size());
  const auto column = [&](const std::string& name) {
    for (std::size_t i = 0; i < series.columns.size(); ++i)
      if (series.columns[i] == name) return i;
    throw std::out_of_range(name);
  };
  BOOST_TEST(series.columns[0] == "at");
  double tokens = 0;
  for (const auto& row : series.rows) {
    BOOST_REQUIRE(row.size() == series.columns.size());
    tokens += row[column("tokens")].value();
  }
  BOOST_TEST(tokens == 5600.0);
  BOOST_TEST(series.rows[3][column("ttft_p95")].value() ==
             points[3].at("ttft").at("p95").get<double>());
}

BOOST_AUTO_TEST_CASE(what_is_no_report_is_refused_and_what_is_damaged_is_named) {
  BOOST_TEST(contains(refusal("{"), "damaged"));
  BOOST_TEST(contains(refusal("[]"), "no report of a run"));
  BOOST_TEST(contains(refusal("{\"schema\": \"squall-comparison/1\"}"), "squall run --json"));
  BOOST_TEST(refusal("{\"schema\": \"squall-run/9\", \"new\": 1}").empty());
  const ReportedRun bare = read_reported_run("{\"schema\": \"squall-run/4\", \"agents\": 7}");
  BOOST_TEST(bare.missing.front() == "/run/id");
  BOOST_TEST(bare.agents.empty());
  BOOST_TEST(figures_of(bare).figures.empty());
}

BOOST_AUTO_TEST_CASE(members_of_another_kind_are_absent_and_harm_nothing) {
  const json healthy = json::parse(json_of(healthy_record()));
  std::size_t number = 0;
  std::size_t tried = 0;
  const json flat = healthy.flatten();  // kept: what is iterated over has to live
  for (const auto& [path, value] : flat.items()) {
    if (path == "/schema" || number++ % 211 != 0) continue;  // some of each kind
    for (const json& other : {json("text"), json(-3), json(1e300), json::array({1})}) {
      json damaged = healthy;
      damaged[json::json_pointer(path)] = other;
      const std::string text = damaged.dump();
      BOOST_CHECK_NO_THROW(figures_of(read_reported_run(text)));
      BOOST_CHECK_NO_THROW(read_timeline(text));
      ++tried;
    }
  }
  BOOST_TEST(tried > 40u);
}

BOOST_AUTO_TEST_CASE(only_runs_that_were_measured_as_they_should_have_usable_figures) {
  for (const char* good : {"pass", "fail", "inconclusive"}) BOOST_TEST(has_usable_figures(good));
  for (const char* other : {"invalid", "interrupted", "running", ""})
    BOOST_TEST(!has_usable_figures(other));
}
