#include "coordinator/live/live_view.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/text/printable_text.hpp"
#include "tests/coordinator/golden_text.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

LiveStatus status_of(const RunRecord& record, RunStage stage, nanoseconds elapsed) {
  return make_live_status(record, {.stage = stage,
                                   .elapsed = elapsed,
                                   .agents_alive = 2,
                                   .agents_wanted = 2,
                                   .synthetic_model = false});
}

LiveStatus in_the_middle() { return status_of(healthy_record(), RunStage::measuring, 21s); }

LiveStatus gathering() {
  RunRecord record = healthy_record();
  record.timeline = MetricsTimeline(record.scenario.phases, 2);
  LiveStatus status = status_of(record, RunStage::gathering, 0s);
  status.agents_alive = 0;
  return status;
}

LiveStatus troubled() {
  LiveStatus status = status_of(troubled_record(), RunStage::draining, 36s);
  status.synthetic_model = true;
  status.warnings = {"synthetic:llama-15m/q8_0 stands in for the model 'big', which is not there"};
  status.agents_alive = 1;
  status.scenario = "a\x1b[2J scenario of a rather long name, longer than there is room for";
  return status;
}

std::string all_views(std::size_t width) {
  std::string text;
  for (const LiveStatus& status : {gathering(), in_the_middle(), troubled()}) {
    for (const std::string& line : live_lines(status, width, false)) text += line + "\n";
    text += std::string(width, '-') + "\n";
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_view_reads_like_this_at_60_columns) {
  check_golden("live_60.txt", all_views(60));
}

BOOST_AUTO_TEST_CASE(the_view_reads_like_this_at_80_columns) {
  check_golden("live_80.txt", all_views(80));
}

BOOST_AUTO_TEST_CASE(the_view_reads_like_this_at_120_columns) {
  check_golden("live_120.txt", all_views(120));
}

BOOST_AUTO_TEST_CASE(a_pipe_gets_one_line) {
  check_golden("live_plain.txt", plain_line(gathering()) + "\n" + plain_line(in_the_middle()) +
                                     "\n" + plain_line(troubled()) + "\n");
}

BOOST_AUTO_TEST_CASE(no_line_is_wider_than_the_terminal_and_their_number_never_changes) {
  const std::vector<LiveStatus> statuses{gathering(), in_the_middle(), troubled()};
  for (std::size_t width = 1; width <= 150; ++width)
    for (const LiveStatus& status : statuses) {
      const auto lines = live_lines(status, width, false);
      BOOST_TEST(lines.size() == 6u);
      for (const std::string& line : lines) {
        BOOST_TEST(width_of(line) <= width, line);
        for (const char byte : line) BOOST_TEST(static_cast<unsigned char>(byte) >= 0x20);
      }
    }
}

BOOST_AUTO_TEST_CASE(the_status_shows_the_measured_phase_once_it_has_answers) {
  const LiveStatus status = in_the_middle();
  BOOST_TEST(!status.latencies_of_warm_up);
  BOOST_TEST(status.ttft.samples == 600u);
  BOOST_TEST(status.completed == 700u);
  BOOST_TEST(status.tokens_per_second_measured.value() == 160.0,
             boost::test_tools::tolerance(0.001));
}

BOOST_AUTO_TEST_CASE(until_then_it_shows_the_warm_up_and_says_so) {
  RunRecord record = healthy_record();
  const auto warm_up = record.timeline.total(actors::Phase::warm_up);
  record.timeline = MetricsTimeline(record.scenario.phases, 2);
  actors::MetricsSnapshot snapshot;
  snapshot.to = 1s;
  snapshot[actors::Phase::warm_up] = warm_up;
  record.timeline.add(0, snapshot);
  const LiveStatus status = status_of(record, RunStage::warming_up, 1s);
  BOOST_TEST(status.latencies_of_warm_up);
  BOOST_TEST(status.ttft.samples == 100u);
  BOOST_TEST(status.ttft.p95.has_value());
  BOOST_TEST(!status.ttft.p99.has_value());  // 100 samples are too few
  BOOST_TEST(!status.tokens_per_second_measured.has_value());
  BOOST_TEST(plain_line(status).find("(warm-up)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(percentiles_among_the_unanswered_are_marked_as_lower_bounds) {
  const LiveStatus status = troubled();
  BOOST_TEST(status.e2e.p99_at_least);
  BOOST_TEST(plain_line(status).find("p99 >=") != std::string::npos);
  BOOST_TEST(status.failed == 5u);
}

BOOST_AUTO_TEST_CASE(events_are_told_with_their_agent_and_safe_to_print) {
  const RunRecord record = varied_record();
  const LiveStatus status = make_live_status(record, {});
  BOOST_REQUIRE(status.events.size() == 2u);
  BOOST_TEST(event_line(status.events[0]) ==
             "0:12 agent local-1: circuit breaker open: 5 failures in a row");
  BOOST_TEST(event_line(status.events[1]).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_simulated_target_is_said_in_every_width_that_has_room_for_a_word) {
  LiveStatus status = in_the_middle();
  status.simulated_target = true;
  for (std::size_t width = 60; width <= 150; width += 10)
    BOOST_TEST(live_lines(status, width, false).front().find("SIMULATED") != std::string::npos);
  BOOST_TEST(plain_line(status).find("(SIMULATED)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_trouble_pushes_out_of_sight_what_a_reader_must_know) {
  LiveStatus status = troubled();
  status.simulated_target = status.insecure = status.synthetic_model = true;
  status.agents_alive = 1'000;
  status.agents_wanted = 1'003;
  status.agents_lost = status.agents_suspect = status.agents_paused = 3;
  for (std::size_t width = 60; width <= 150; width += 10) {
    const std::string head = live_lines(status, width, false).front();
    for (const char* word : {"INSECURE", "SIMULATED", "SYNTHETIC MODEL"})
      BOOST_TEST(head.find(word) != std::string::npos, head << " at " << width);
  }
}

BOOST_AUTO_TEST_CASE(a_lost_agent_has_no_users_and_nothing_in_flight_any_more) {
  RunRecord record = healthy_record();
  const LiveStatus both = make_live_status(record, {});
  record.agents[0].lost = "no sign of life for 5.0 s";
  const LiveStatus one = make_live_status(record, {});
  const auto& gauges = record.timeline.latest();
  BOOST_REQUIRE(gauges.at(0).active_users > 0);
  BOOST_TEST(one.active_users == both.active_users - gauges.at(0).active_users);
  BOOST_TEST(one.in_flight == both.in_flight - gauges.at(0).in_flight);
  BOOST_TEST(one.agents_lost == 1u);
}
