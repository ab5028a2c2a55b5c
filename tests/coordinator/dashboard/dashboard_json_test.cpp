#include "coordinator/dashboard/dashboard_json.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/dashboard/dashboard_page.hpp"
#include "coordinator/pages/content_policy.hpp"
#include "tests/coordinator/sample_runs.hpp"

namespace {

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

LiveStatus status_of(const RunRecord& record) {
  LiveMoment moment;
  moment.stage = RunStage::measuring;
  moment.elapsed = 20s;
  moment.agents_wanted = record.agents.size();
  moment.agents_alive = record.agents.size();
  return make_live_status(record, moment);
}

json picture_of(const LiveStatus& status, const std::optional<DashboardEnd>& end = {}) {
  return json::parse(dashboard_json(status, {}, end));
}

/// A thousand agents, each with as much to tell as one may.
LiveStatus crowd() {
  LiveStatus status = status_of(healthy_record());
  status.agents.clear();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    LiveAgent agent;
    agent.name = "agent-" + std::to_string(i) + std::string(500, 'n');
    agent.host = std::string(5000, 'h');
    agent.state = i < 10 ? LiveAgentState::lost : LiveAgentState::running;
    agent.trouble = std::string(5000, 't');
    agent.in_flight = i;
    agent.loop_lag = std::chrono::milliseconds(i);
    agent.gpu_busy = 0.5;
    agent.gpu_memory_bytes = 1ULL << 33;
    status.agents.push_back(agent);
  }
  status.agents_left_out = 500;
  return status;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_picture_has_the_figures_that_the_status_has) {
  LiveStatus status = status_of(healthy_record());
  const json picture = picture_of(status);
  BOOST_TEST(picture["scenario"] == "steady chat");
  BOOST_TEST(picture["stage"] == "measuring");
  BOOST_TEST(picture["clock"] == "0:20 / 0:35");
  BOOST_TEST(picture["left"] == "0:15 left");
  BOOST_TEST(picture["progress"].get<double>() == 0.5714);
  BOOST_TEST(picture["end"].is_null());
  BOOST_REQUIRE_EQUAL(picture["thresholds"].size(), 3u);
  BOOST_TEST(picture["thresholds"][0]["name"] == "ttft p95 < 300ms");
  BOOST_TEST(picture["thresholds"][0]["light"] == "good");
  BOOST_REQUIRE_EQUAL(picture["latencies"].size(), 3u);
  BOOST_TEST(picture["latencies"][0]["samples"] == "600");
  BOOST_TEST(picture["agents"]["rows"].size() == 2u);
  BOOST_TEST(picture["banners"].empty());
}

BOOST_AUTO_TEST_CASE(what_the_reader_must_know_comes_first) {
  LiveStatus status = status_of(healthy_record());
  status.simulated_target = status.synthetic_model = status.insecure = true;
  const json banners = picture_of(status)["banners"];
  BOOST_REQUIRE_EQUAL(banners.size(), 3u);
  BOOST_TEST(banners[0].get<std::string>().starts_with("INSECURE"));
  BOOST_TEST(banners[1].get<std::string>().starts_with("SIMULATED TARGET"));
  BOOST_TEST(banners[2].get<std::string>().starts_with("SYNTHETIC MODEL"));
}

BOOST_AUTO_TEST_CASE(the_end_is_told_with_the_verdict) {
  const json picture =
      picture_of(status_of(healthy_record()), DashboardEnd{"FAIL", "1 of 3 missed", 10});
  BOOST_TEST(picture["end"]["word"] == "FAIL");
  BOOST_TEST(picture["end"]["sentence"] == "1 of 3 missed");
  BOOST_TEST(picture["end"]["exit_code"] == 10);
}

BOOST_AUTO_TEST_CASE(the_picture_of_a_thousand_agents_stays_small) {
  const LiveStatus status = crowd();
  LiveCourse course;
  for (int i = 0; i < 5000; ++i) {
    TimelinePoint point;
    point.at = std::chrono::seconds(i);
    point.tokens_per_second = 12345.678901;
    point.ttft = point.tpot = point.e2e = {5, 123456789ns, 987654321ns, 1987654321ns};
    course.add(point, 1.0 / 3);
  }
  const std::string news = dashboard_json(status, {0, course.points_from(4999)}, {});
  BOOST_TEST_MESSAGE("a picture a second: " << news.size() << " bytes");
  BOOST_TEST(news.size() < 64u << 10);
  const std::string whole = dashboard_json(status, {0, course.points()}, {});
  BOOST_TEST_MESSAGE("all of it, for a newcomer: " << whole.size() << " bytes");
  BOOST_TEST(whole.size() < 256u << 10);
  const json agents = json::parse(news)["agents"];
  BOOST_TEST(agents["rows"].size() == agents_told);
  BOOST_TEST(agents["rows"][0]["state"] == "lost");
  BOOST_TEST(agents["shown_of"] == 1000);
  BOOST_TEST(agents["all"] == 1500);
  BOOST_TEST(agents["states"] == json::parse(R"([["lost", "10"], ["running", "990"]])"));
}

BOOST_AUTO_TEST_CASE(all_agents_together_are_told_by_least_middle_and_most) {
  const json spreads = picture_of(crowd())["agents"]["spreads"];
  // The ten lost ones hold nothing any more.
  BOOST_TEST(spreads[0]["name"] == "requests in flight");
  BOOST_TEST(spreads[0]["values"] == json::parse(R"(["10", "505", "999"])"));
  BOOST_TEST(spreads[2]["name"] == "loop lag");
  BOOST_TEST(spreads[2]["values"] == json::parse(R"(["10.0 ms", "505 ms", "999 ms"])"));
}

BOOST_AUTO_TEST_CASE(rows_of_agents_are_asked_for_by_their_places) {
  const LiveStatus status = crowd();
  const json rows = json::parse(agents_json(status, 980))["rows"];
  BOOST_REQUIRE_EQUAL(rows.size(), 20u);
  BOOST_TEST(rows[0]["name"].get<std::string>().starts_with("agent-980n"));
  BOOST_TEST(json::parse(agents_json(status, 40))["rows"].size() == agents_told);
  BOOST_TEST(json::parse(agents_json(status, 1'000'000))["rows"].empty());
}

BOOST_AUTO_TEST_CASE(numbers_are_short_and_what_is_not_there_is_not_0) {
  LiveCourse course;
  TimelinePoint point;
  point.at = 1234567s;
  point.tokens_per_second = 1234.5678;
  point.ttft = {3, 123456789ns, 1s, 2s};
  course.add(point, std::nullopt);
  const json told = json::parse(dashboard_json(LiveStatus{}, {3, course.points()}, {}))["course"];
  BOOST_TEST(told["generation"] == 3);
  BOOST_TEST(told["at"][0] == 1234567);
  BOOST_TEST(told["tokens"][0].get<double>() == 1235.0);
  BOOST_TEST(told["ttft_p50"][0].get<double>() == 0.1235);
  BOOST_TEST(told["e2e_p50"][0].is_null());
  BOOST_TEST(told["planned"][0].is_null());
  BOOST_TEST(told["errors"][0] == 0);
}

BOOST_AUTO_TEST_CASE(what_others_wrote_cannot_break_a_picture) {
  RunRecord record = troubled_record();
  record.scenario.name = "<script>alert(1)</script>";
  LiveStatus status = status_of(record);
  status.events = {"0:01 agent \xff\xfe\x1b[2J\n\ndata: {}\n\n"};
  const std::string text = dashboard_json(status, {}, {});
  BOOST_TEST(text.find('\n') == std::string::npos);  // one event stays one
  BOOST_TEST(text.find('\x1b') == std::string::npos);
  const json picture = json::parse(text);
  BOOST_TEST(picture["scenario"] == "<script>alert(1)</script>");  // the page puts it in as text
}

BOOST_AUTO_TEST_CASE(the_page_holds_nothing_of_the_run_and_runs_only_what_it_names) {
  const DashboardPage& page = dashboard_page();
  BOOST_TEST(page.policy.starts_with("default-src 'none'; script-src 'sha256-"));
  BOOST_TEST(page.policy.find("connect-src 'self'") != std::string::npos);
  BOOST_TEST(page.policy.find("frame-ancestors 'none'") != std::string::npos);
  BOOST_TEST(page.policy.find("unsafe") == std::string::npos);
  // Each script and the style are what the policy allows, byte for byte.
  std::size_t scripts = 0;
  for (std::size_t at = 0; (at = page.html.find("<script>", at)) != std::string::npos; ++scripts) {
    at += 8;
    const std::size_t end = page.html.find("</script>", at);
    const std::string script = page.html.substr(at, end - at);
    BOOST_TEST(page.policy.find(source_hash(script)) != std::string::npos);
  }
  BOOST_TEST(scripts >= 5u);
  const std::size_t style = page.html.find("<style>") + 7;
  const std::size_t style_end = page.html.find("</style>");
  BOOST_TEST(page.policy.find(source_hash(page.html.substr(style, style_end - style))) !=
             std::string::npos);
  for (const char* inline_code : {" onclick=", " onload=", " style=\"", "javascript:", "http://"})
    BOOST_TEST(page.html.substr(0, page.html.find("<footer>")).find(inline_code, style_end) ==
                   std::string::npos,
               inline_code);
}

BOOST_AUTO_TEST_CASE(each_chart_of_the_page_has_its_place) {
  const json charts = json::parse(dashboard_charts());
  BOOST_TEST(charts.size() == 7u);
  for (const json& chart : charts)
    BOOST_TEST(dashboard_page().html.find("<figure id=\"" + chart["id"].get<std::string>() +
                                          "\">") != std::string::npos,
               chart["id"]);
}
