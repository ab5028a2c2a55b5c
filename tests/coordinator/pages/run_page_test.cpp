#include "coordinator/report/html/run_page.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>

#include "coordinator/report/json_report.hpp"
#include "tests/coordinator/pages/long_run.hpp"
#include "tests/coordinator/pages/read_page.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;

namespace {

json report_of(const RunRecord& record) {
  return json::parse(json_report(make_run_report(record), record));
}

std::string page_of(const RunRecord& record) { return run_page(report_of(record)); }

constexpr const char* hostile = "<script>alert(1)</script>";
constexpr const char* as_text = "&lt;script&gt;alert(1)&lt;/script&gt;";

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_told_from_verdict_to_glossary) {
  const std::string html = page_of(healthy_record());
  for (const char* expected :
       {"steady chat · run 20261121-063341-4f2a", "<p class=\"word\">PASS</p>", "exit code 0",
        "ttft p95 &lt; 300ms", "order statistics", "needs 3,688 samples", "planned = completed",
        "ledger balances", "Cold and warm", "What held it back", "00112233aabbccdd",
        "1234567890abcdef", "9f86d081884c7d65", "name = &quot;steady chat&quot;",
        "AIPerf, GuideLLM: ITL", "Does a small model keep up"})
    BOOST_TEST(page_says(html, expected), "the page does not say: " << expected);
  for (const char* section : {"thresholds", "latency", "course", "ledger", "audit", "bottleneck",
                              "machines", "origin", "glossary"})
    BOOST_TEST(page_says(html, "<h2 id=\"" + std::string(section) + "\">"), section);
}

BOOST_AUTO_TEST_CASE(each_chart_has_its_place_and_its_data) {
  const std::string html = page_of(healthy_record());
  const json charts = charts_of_page(html);
  std::set<std::string> ids;
  for (const json& chart : charts) {
    const std::string id = chart.at("id");
    BOOST_TEST(ids.insert(id).second, id << " is there twice");
    BOOST_TEST(page_says(html, "<figure class=\"chart\" id=\"" + id + "\">"), id);
  }
  for (const char* id : {"percentiles", "percentiles-of-tokens", "histogram-ttft", "heat-ttft",
                         "heat-e2e", "load-requests", "throughput", "course-ttft", "course-tpot",
                         "course-e2e", "in-flight", "errors"})
    BOOST_TEST(ids.contains(id), id << " is missing");
}

BOOST_AUTO_TEST_CASE(charts_over_time_share_their_cursor_and_show_what_was_planned) {
  const json charts = charts_of_page(page_of(healthy_record()));
  for (const char* id : {"load-requests", "course-ttft", "heat-ttft", "in-flight", "errors"})
    BOOST_TEST(chart_called(charts, id).at("linked") == "time", id);
  BOOST_TEST(chart_called(charts, "percentiles").at("linked") == "");
  const json load = chart_called(charts, "load-requests");
  BOOST_TEST(load.at("series").at(0).at("name") == "planned");
  BOOST_TEST(load.at("series").at(0).at("y").at(3) == 20);
  BOOST_TEST(load.at("series").at(1).at("name") == "started");
  BOOST_TEST(load.at("series").at(1).at("y").at(3) == 20);
  const json ttft = chart_called(charts, "course-ttft");
  BOOST_TEST(ttft.at("series").at(0).contains("high"));
  BOOST_TEST(ttft.at("marks").back().at("label") == "ttft p95 < 300ms");
  BOOST_TEST(ttft.at("marks").back().at("at") == 0.3);
}

BOOST_AUTO_TEST_CASE(the_closed_model_shows_its_users) {
  const json charts = charts_of_page(page_of(healthy_closed_record()));
  const json users = chart_called(charts, "load-users");
  BOOST_REQUIRE(users.is_object());
  BOOST_TEST(users.at("series").at(0).at("y").at(2) == 5);
  BOOST_TEST(users.at("series").at(1).at("y").at(2) == 5);
}

BOOST_AUTO_TEST_CASE(curves_bars_and_heat_hold_every_answer) {
  const json charts = charts_of_page(page_of(healthy_record()));
  const auto sum_of = [](const json& numbers) {
    double sum = 0;
    for (const json& each : numbers) sum += each.get<double>();
    return sum;
  };
  for (const char* id : {"histogram-ttft", "histogram-tpot", "histogram-e2e"})
    BOOST_TEST(sum_of(chart_called(charts, id).at("series").at(0).at("y")) == 600, id);
  double hot = 0;
  const RunRecord closed = healthy_closed_record();
  const json heat = chart_called(charts_of_page(page_of(closed)), "heat-e2e");
  for (const json& row : heat.at("heat").at("rows")) hot += sum_of(row);
  BOOST_TEST(hot == static_cast<double>(closed.timeline.total(actors::Phase::warm_up).ledger.ok +
                                        closed.timeline.total(actors::Phase::measure).ledger.ok));
  const json curve = chart_called(charts, "percentiles").at("series").at(0);
  BOOST_TEST(curve.at("name") == "ttft");
  double before = 0;
  for (const json& value : curve.at("y")) {
    BOOST_TEST(value.get<double>() >= before);
    before = value.get<double>();
  }
  BOOST_TEST(curve.at("x").back().get<double>() > 99.9);  // its greatest value
}

BOOST_AUTO_TEST_CASE(names_prompts_and_errors_with_markup_stay_text) {
  RunRecord record = troubled_record();
  record.scenario.name = hostile;
  record.scenario.description = hostile;
  record.scenario_text = std::string("[prompts]\ntext = \"") + hostile + "\"\n";
  record.agents[0].hello.name = record.agents[0].hello.host = hostile;
  actors::MetricsSnapshot snapshot = moment_in_window();
  snapshot[actors::Phase::measure].errors[hostile] = 3;
  snapshot.events = {{std::chrono::seconds(12), hostile}};
  add_batch(record, 0, snapshot);
  const std::string html = page_of(record);
  std::size_t ours = 0;
  for (std::size_t at = html.find("alert(1)"); at != std::string::npos;
       at = html.find("alert(1)", at + 1)) {
    const std::string before = html.substr(at - 14, 14);
    BOOST_TEST((before.ends_with("&lt;script&gt;") || before.ends_with("script\\u003e")), before);
    ++ours;
  }
  BOOST_TEST(ours >= 8u);  // title, heading, description, scenario, agent, host, error, event
  BOOST_TEST(page_says(html, as_text));
}

BOOST_AUTO_TEST_CASE(trouble_is_told_before_any_figure) {
  const std::string html = page_of(troubled_record());
  const std::string text = text_of_page(html);
  BOOST_TEST(page_says(html, "<p class=\"word\">INVALID</p>"));
  BOOST_TEST(text.find("SYNTHETIC MODEL") < text.find("At a glance"));
  BOOST_TEST(text.find("BROKEN OFF") < text.find("At a glance"));
  BOOST_TEST(page_says(html, "LOST: no sign of life for 4.0 s"));
  BOOST_TEST(html.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_simulated_target_is_said_in_the_verdict) {
  const std::string html = page_of(varied_record());
  BOOST_TEST(page_says(html, "(SIMULATED target)"));
  BOOST_TEST(page_says(html, "SIMULATED, nothing was inferred"));
  BOOST_TEST(page_says(html, "summaries of long documents"));
  BOOST_TEST(page_says(html, "No token came from 30.0 s to 34.0 s"));
}

BOOST_AUTO_TEST_CASE(a_report_of_an_earlier_version_is_shown_without_what_it_does_not_tell) {
  json report = report_of(healthy_record());
  report["schema"] = "squall-run/1";
  for (const char* key : {"latency_course", "resources", "campaign", "hardware_fingerprint",
                          "events", "events_left_out", "longest_silence", "target", "simulated",
                          "threshold_notes", "threshold_changes", "aborted"})
    report.erase(key);
  for (json& point : report["timeline"])
    for (const char* key : {"planned_users", "planned_arrivals", "tpot", "starts"})
      point.erase(key);
  for (json& agent : report["agents"])
    for (const char* key : {"hardware", "calibration", "plan_fingerprint"}) agent.erase(key);
  const std::string html = run_page(report);
  BOOST_TEST(page_says(html, "written by an earlier release"));
  BOOST_TEST(page_says(html, "<p class=\"word\">PASS</p>"));
  BOOST_TEST(page_says(html, "squall-run/1"));
  BOOST_TEST(!page_says(html, "id=\"bottleneck\""));
  BOOST_TEST(chart_called(charts_of_page(html), "course-tpot").is_null());
  BOOST_TEST(chart_called(charts_of_page(html), "course-ttft").is_object());
}

BOOST_AUTO_TEST_CASE(no_damage_to_a_report_keeps_the_rest_from_being_shown) {
  const json report = report_of(varied_record());
  const json wrong[]{nullptr, -1, 1e300, "text", json::array({1, "a", nullptr}), json::object()};
  std::set<std::string> tried;
  const json flat = report.flatten();
  for (const auto& [path, value] : flat.items()) {
    // Of lists the first entry of each kind stands for all.
    const std::string kind = std::regex_replace(path, std::regex("/[0-9]+"), "/*");
    if (path == "/schema" || !tried.insert(kind).second) continue;
    json damaged = report;
    damaged[json::json_pointer(path)] = wrong[tried.size() % std::size(wrong)];
    BOOST_TEST(page_says(run_page(damaged), "What the words mean"), path);
  }
  for (const auto& [key, value] : report.items()) {
    if (key == "schema") continue;
    for (const json& instead : wrong) {
      json damaged = report;
      damaged[key] = instead;
      BOOST_TEST(page_says(run_page(damaged), "What the words mean"), key);
    }
  }
  BOOST_TEST(tried.size() > 150u);
}

BOOST_AUTO_TEST_CASE(what_is_no_report_is_refused) {
  BOOST_CHECK_THROW(run_page(json::object()), std::invalid_argument);
  BOOST_CHECK_THROW(run_page(json::array()), std::invalid_argument);
  BOOST_CHECK_THROW(run_page({{"schema", "squall-runs/1"}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_hour_of_twenty_agents_stays_under_five_megabytes) {
  const std::string html = page_of(long_record(20, std::chrono::hours(1)));
  BOOST_TEST_MESSAGE("page of an hour of 20 agents: " << html.size() << " bytes");
  BOOST_TEST(html.size() < 5'000'000u);
  const json charts = charts_of_page(html);
  BOOST_TEST(chart_called(charts, "own-cpu").at("series").size() == 20u);
  BOOST_TEST(chart_called(charts, "course-ttft").at("series").at(0).at("x").size() <= 1200u);
  // The spikes of single seconds are still there: 9 times the usual at 300 s, 900 s, …
  double highest = 0;
  const json ttft = chart_called(charts, "course-ttft");
  for (const json& value : ttft.at("series").at(0).at("high"))
    highest = std::max(highest, value.is_number() ? value.get<double>() : 0);
  BOOST_TEST(highest > 0.5);
}
