#include "coordinator/dashboard/dashboard.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/coordinator/dashboard/web_clients.hpp"
#include "tests/coordinator/sample_runs.hpp"

namespace {

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

LiveStatus status_of(const RunRecord& record, nanoseconds elapsed) {
  LiveMoment moment;
  moment.stage = RunStage::measuring;
  moment.elapsed = elapsed;
  moment.agents_wanted = moment.agents_alive = record.agents.size();
  return make_live_status(record, moment);
}

/// The events of a stream, parsed.
std::vector<json> pictures_in(const std::string& stream) {
  std::vector<json> pictures;
  for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string::npos;) {
    const std::size_t end = stream.find("\n\n", at);
    if (end == std::string::npos) break;
    pictures.push_back(json::parse(stream.substr(at + 6, end - at - 6)));
    at = end;
  }
  return pictures;
}

struct Fixture {
  Dashboard dashboard{DashboardPlan{}};
  int port = dashboard.address().port;
  RunRecord record = healthy_record();
  squall::actors::Instant now{1h};

  void show(nanoseconds elapsed) {
    dashboard.show(record, status_of(record, elapsed), now);
    now += 1s;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_page_comes_with_its_policy, Fixture) {
  const std::string answer = fetched(port, "/");
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(answer.find("\r\nContent-Security-Policy: default-src 'none'; ") != std::string::npos);
  BOOST_TEST(answer.find("\r\nContent-Type: text/html; charset=utf-8\r\n") != std::string::npos);
  BOOST_TEST(body_of(answer).starts_with("<!DOCTYPE html>"));
  BOOST_TEST(status_of(fetched(port, "/elsewhere")) == 404);
  BOOST_TEST(status_of(fetched(port, "/", "evil.example")) == 421);
}

BOOST_FIXTURE_TEST_CASE(viewers_see_the_run_second_by_second, Fixture) {
  const auto viewer = viewer_at(port);
  BOOST_TEST(viewer->read_until("retry: 3000\n\n"));
  show(10s);
  BOOST_TEST(viewer->read_until("0:10 / 0:35"));
  show(11s);
  BOOST_TEST(viewer->read_until("0:11 / 0:35"));
}

BOOST_FIXTURE_TEST_CASE(more_often_than_once_a_second_nothing_is_shown_but_a_new_stage, Fixture) {
  show(10s);
  now -= 500ms;  // half a second after the first
  dashboard.show(record, status_of(record, 12s), now);
  const auto viewer = viewer_at(port);
  BOOST_TEST(viewer->read_until("}\n\n"));
  BOOST_TEST(pictures_in(viewer->received()).at(0)["clock"] == "0:10 / 0:35");
  LiveStatus draining = status_of(record, 35s);
  draining.stage = RunStage::draining;
  dashboard.show(record, draining, now);
  BOOST_TEST(viewer->read_until("\"stage\":\"draining\""));
}

BOOST_FIXTURE_TEST_CASE(a_newcomer_gets_the_whole_course_and_then_only_news, Fixture) {
  show(10s);
  const auto viewer = viewer_at(port);
  BOOST_TEST(viewer->read_until("}\n\n"));
  const json first = pictures_in(viewer->received()).at(0);
  const std::size_t seconds = record.timeline.points().size();
  BOOST_TEST(first["course"]["at"].size() >= seconds - 2);
  BOOST_TEST(first["course"]["at"][0] == 0);
  show(11s);  // tells the viewer all there is once more: it may have missed some
  BOOST_TEST(viewer->read_until("0:11 / 0:35"));
  show(12s);
  BOOST_TEST(viewer->read_until("0:12 / 0:35"));  // the end tells all there is once more, too
  dashboard.end(record, make_run_report(record));
  BOOST_TEST(viewer->read_to_end());
  const auto pictures = pictures_in(viewer->received());
  BOOST_REQUIRE_EQUAL(pictures.size(), 4u);
  BOOST_TEST(pictures[2]["clock"] == "0:12 / 0:35");
  BOOST_TEST(pictures[2]["course"]["at"].size() == 1u);  // the newest second, which may have grown
}

BOOST_FIXTURE_TEST_CASE(the_end_has_the_verdict_and_closes_the_stream, Fixture) {
  show(34s);
  const auto viewer = viewer_at(port);
  BOOST_TEST(viewer->read_until("}\n\n"));
  const RunReport report = make_run_report(record);
  dashboard.end(record, report);
  BOOST_TEST(viewer->read_to_end());
  const json last = pictures_in(viewer->received()).back();
  BOOST_TEST(last["stage"] == "finished");
  BOOST_TEST(last["end"]["word"] == "PASS");
  BOOST_TEST(last["end"]["exit_code"] == 0);
  BOOST_TEST(last["end"]["sentence"] == report.verdict.sentence);
  // All of the course once more, with what came late.
  BOOST_TEST(last["course"]["at"].size() == report.timeline.size());
  BOOST_TEST(last["course"]["generation"] !=
             pictures_in(viewer->received())[0]["course"]["generation"]);
  // Whoever comes now gets the same, and nothing to wait for.
  const std::string late = fetched(port, "/events");
  BOOST_TEST(pictures_in(late).size() == 1u);
  BOOST_TEST(pictures_in(late)[0]["end"]["word"] == "PASS");
  BOOST_TEST(body_of(fetched(port, "/metrics")).find("squall_run_exit_code{") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_never_began_says_why, Fixture) {
  const auto viewer = viewer_at(port);
  BOOST_TEST(viewer->read_until("retry: 3000\n\n"));
  dashboard.end({"DID NOT BEGIN", "no agent came", 2});
  BOOST_TEST(viewer->read_to_end());
  const auto pictures = pictures_in(viewer->received());
  BOOST_REQUIRE_EQUAL(pictures.size(), 1u);
  BOOST_TEST(pictures[0]["end"]["sentence"] == "no agent came");
}

BOOST_FIXTURE_TEST_CASE(rows_of_agents_come_when_asked_for, Fixture) {
  BOOST_TEST(json::parse(body_of(fetched(port, "/agents")))["rows"].empty());
  show(10s);
  const json rows = json::parse(body_of(fetched(port, "/agents?from=1")));
  BOOST_TEST(rows["from"] == 1);
  BOOST_TEST(rows["rows"].size() == 1u);
  for (const char* wrong : {"-1", "x", "", "1e3", "99999999999999999999"})
    BOOST_TEST(status_of(fetched(port, std::string("/agents?from=") + wrong)) == 400, wrong);
}

BOOST_FIXTURE_TEST_CASE(metrics_follow_the_run, Fixture) {
  show(10s);
  const std::string answer = fetched(port, "/metrics");
  BOOST_TEST(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8") !=
             std::string::npos);
  BOOST_TEST(answer.find("squall_run_elapsed_seconds{scenario=\"steady chat\","
                         "run=\"20261121-063341-4f2a\"} 10\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(metrics_alone_have_no_page) {
  const Dashboard dashboard(DashboardPlan{.page = false});
  const int port = dashboard.address().port;
  for (const char* path : {"/", "/events", "/agents"})
    BOOST_TEST(status_of(fetched(port, path)) == 404, path);
  BOOST_TEST(status_of(fetched(port, "/metrics")) == 200);
}

BOOST_AUTO_TEST_CASE(with_a_token_everything_needs_it) {
  const Dashboard dashboard(DashboardPlan{.token = new_token()});
  const int port = dashboard.address().port;
  for (const char* path : {"/", "/events", "/agents", "/metrics", "/elsewhere"})
    BOOST_TEST(status_of(fetched(port, path)) == 401, path);
  BOOST_TEST(status_of(fetched(port, "/?token=" + dashboard.token())) == 200);
  BOOST_TEST(status_of(fetched(port, "/metrics", "any.host",
                               "Authorization: Bearer " + dashboard.token() + "\r\n")) == 200);
}
