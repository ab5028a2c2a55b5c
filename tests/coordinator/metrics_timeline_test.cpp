#include "coordinator/run/metrics_timeline.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall;
using namespace squall::actors;
using namespace squall::coordinator;
using namespace std::chrono_literals;
using scenarios::Metric;

namespace {

const scenarios::Phases phases{2s, 4s, 1s};  // the measured window is 2 s .. 6 s

/// An interval with answers of these latencies, ten tokens each.
MetricsSnapshot interval(nanoseconds from, nanoseconds to, std::vector<nanoseconds> ttfts = {},
                         Phase phase = Phase::measure) {
  MetricsSnapshot snapshot;
  snapshot.from = from;
  snapshot.to = to;
  for (const nanoseconds ttft : ttfts) {
    snapshot[phase].durations[static_cast<std::size_t>(Metric::ttft)].record(ttft);
    ++snapshot[phase].ledger.ok;
  }
  snapshot.answers_in_interval = ttfts.size();
  snapshot.tokens_in_interval = 10 * ttfts.size();
  snapshot.in_flight_time = (to - from) * 3;
  return snapshot;
}

MetricsTimeline two_agents() { return MetricsTimeline(phases, 2); }

const Histogram& ttft(const PhaseMetrics& metrics) {
  return metrics.durations[static_cast<std::size_t>(Metric::ttft)];
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_total_is_the_sum_of_the_agents_in_any_order) {
  const auto a = interval(2s, 3s, {10ms, 20ms});
  const auto b = interval(2s, 3s, {30ms}, Phase::warm_up);
  const auto c = interval(3s, 4s, {40ms});
  auto one = two_agents();
  one.add(0, a);
  one.add(0, c);
  one.add(1, b);
  auto other = two_agents();
  other.add(1, b);
  other.add(0, a);
  other.add(0, c);
  PhaseMetrics whole = a[Phase::measure];
  whole.merge(c[Phase::measure]);
  BOOST_TEST((one.total(Phase::measure) == whole));
  BOOST_TEST((other.total(Phase::measure) == whole));
  BOOST_TEST((one.of_agent(0, Phase::measure).ledger == whole.ledger));
  for (std::size_t i = 0; i < whole.durations.size(); ++i) {
    const auto& kept = one.of_agent(0, Phase::measure).durations[i];
    BOOST_TEST(kept.count() == whole.durations[i].count());
    BOOST_TEST((kept.sum() == whole.durations[i].sum()));
  }
  BOOST_TEST((one.of_agent(1, Phase::warm_up).ledger == b[Phase::warm_up].ledger));
  BOOST_TEST(one.of_agent(1, Phase::measure).ledger.ok == 0u);
}

BOOST_AUTO_TEST_CASE(the_measured_window_takes_intervals_whose_middle_is_inside) {
  auto timeline = two_agents();
  for (std::size_t agent = 0; agent < 2; ++agent) {
    timeline.add(agent, interval(0s, 2s, {10ms}));
    timeline.add(agent, interval(2s, 4s, {10ms, 10ms}));
    timeline.add(agent, interval(4s, 6s, {10ms, 10ms}));
    timeline.add(agent, interval(6s, 7s, {10ms}));
  }
  const MeasuredWindow& window = timeline.measured();
  BOOST_TEST(window.length.count() == nanoseconds(4s).count());
  BOOST_TEST(window.answers == 8u);
  BOOST_TEST(window.output_tokens == 80u);
  BOOST_TEST(window.requests_per_second() == 2.0);
  BOOST_TEST(window.tokens_per_second() == 20.0);
  BOOST_TEST(window.mean_in_flight() == 6.0);
}

BOOST_AUTO_TEST_CASE(an_empty_window_has_rates_of_zero) {
  const MeasuredWindow window;
  BOOST_TEST(window.requests_per_second() == 0.0);
  BOOST_TEST(window.tokens_per_second() == 0.0);
}

BOOST_AUTO_TEST_CASE(a_run_cut_short_measures_up_to_the_cut_and_keeps_everything) {
  auto timeline = two_agents();
  timeline.add(0, interval(2s, 3s, {10ms}));
  timeline.end_measuring_at(3s);
  timeline.add(0, interval(3s, 4s, {10ms}));
  BOOST_TEST(timeline.measured().answers == 1u);
  BOOST_TEST(timeline.total(Phase::measure).ledger.ok == 2u);
}

BOOST_AUTO_TEST_CASE(an_agents_window_keeps_its_cpu_time_and_its_worst_lag) {
  auto timeline = two_agents();
  for (const auto lag : {5ms, 80ms, 7ms}) {
    auto snapshot = interval(2s, 3s);
    snapshot.loop_lag = lag;
    snapshot.process_cpu = 900ms;
    snapshot.engine_cpu = 700ms;
    timeline.add(1, snapshot);
  }
  auto drain = interval(6s, 7s);
  drain.loop_lag = 500ms;
  timeline.add(1, drain);
  BOOST_TEST(timeline.window_of(1).worst_loop_lag.count() == nanoseconds(80ms).count());
  BOOST_TEST(timeline.window_of(1).generator_cores() == 0.2, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(timeline.window_of(0).generator_cores() == 0.0);
}

BOOST_AUTO_TEST_CASE(a_second_merges_the_latencies_of_all_agents_and_averages_none) {
  auto timeline = two_agents();
  std::vector<nanoseconds> fast(90, 10ms), slow(10, 700ms);
  timeline.add(0, interval(3s, 4s, fast));
  BOOST_TEST(!timeline.newest_complete_point());
  timeline.add(1, interval(3s, 4s, slow));
  Histogram whole;
  for (const auto value : fast) whole.record(value);
  for (const auto value : slow) whole.record(value);
  const auto points = timeline.points();
  BOOST_REQUIRE(points.size() == 1u);
  BOOST_TEST(points[0].ttft.count == 100u);
  BOOST_TEST(points[0].ttft.p50.count() == whole.value_at_rank(50).count());
  BOOST_TEST(points[0].ttft.p95.count() == whole.value_at_rank(95).count());
  BOOST_TEST(points[0].ttft.p99.count() == whole.value_at_rank(99).count());
  BOOST_TEST(points[0].agents == 2u);
  BOOST_TEST(points[0].answers_per_second == 100.0);
  BOOST_TEST(points[0].in_flight == 6.0);
  BOOST_TEST(timeline.newest_complete_point().has_value());
}

BOOST_AUTO_TEST_CASE(snapshots_cut_inside_a_second_belong_to_one_point) {
  MetricsTimeline timeline(phases, 1);
  timeline.add(0, interval(2s, 2500ms, {10ms}));
  timeline.add(0, interval(2500ms, 3s, {20ms}));
  timeline.add(0, interval(3s, 3500ms, {20ms}));  // cut short: half a second
  const auto points = timeline.points();
  BOOST_REQUIRE(points.size() == 2u);
  BOOST_TEST(points[0].at.count() == nanoseconds(2s).count());
  BOOST_TEST(points[0].answers == 2u);
  BOOST_TEST(points[0].agents == 1u);
  BOOST_TEST(points[0].answers_per_second == 2.0);
  BOOST_TEST(points[0].in_flight == 3.0);
  BOOST_TEST(points[1].answers_per_second == 2.0);
}

BOOST_AUTO_TEST_CASE(a_silent_agent_holds_back_only_the_newest_seconds) {
  auto timeline = two_agents();
  for (int second = 0; second < 100; ++second)
    timeline.add(0, interval(second * 1s, second * 1s + 1s, {10ms}));
  BOOST_TEST(timeline.points().size() == 100u);
  const auto closed = timeline.newest_complete_point();
  BOOST_REQUIRE(closed.has_value());
  BOOST_TEST(closed->at.count() ==
             nanoseconds((99 - MetricsTimeline::open_seconds_limit) * 1s).count());
  // What it brings later still counts.
  timeline.add(1, interval(0s, 1s, {10ms, 10ms}));
  BOOST_TEST(timeline.points()[0].answers == 3u);
}

BOOST_AUTO_TEST_CASE(errors_and_timeouts_of_a_second_are_counted_together) {
  MetricsTimeline timeline(phases, 1);
  auto snapshot = interval(2s, 3s);
  snapshot[Phase::measure].ledger.error = 2;
  snapshot[Phase::warm_up].ledger.timeout = 1;
  timeline.add(0, snapshot);
  BOOST_TEST(timeline.points()[0].errors == 3u);
  BOOST_TEST(timeline.points()[0].ttft.count == 0u);
  BOOST_TEST(ttft(timeline.total(Phase::measure)).count() == 0u);
}

BOOST_AUTO_TEST_CASE(events_of_all_agents_are_in_order_of_time_and_bounded_in_number) {
  auto timeline = two_agents();
  auto later = interval(2s, 3s);
  later.events = {{2100ms, "opened"}, {2900ms, "closed"}};
  auto other = interval(2s, 3s);
  other.events = {{2500ms, "half-open"}};
  timeline.add(0, later);
  timeline.add(1, other);
  const auto events = timeline.events();
  BOOST_REQUIRE(events.size() == 3u);
  BOOST_TEST(events[1].what == "half-open");
  BOOST_TEST(events[1].agent == 1u);
  other.events.assign(1500, {3s, "again"});
  timeline.add(1, other);
  BOOST_TEST(timeline.events().size() == MetricsTimeline::events_limit);
  BOOST_TEST(timeline.events_left_out() == 503u);
}

BOOST_AUTO_TEST_CASE(the_busiest_second_adds_up_what_was_cut_inside_it) {
  MetricsTimeline timeline(phases, 1);
  const auto busy = [](nanoseconds from, nanoseconds to, std::uint64_t starts) {
    auto snapshot = interval(from, to);
    snapshot[Phase::measure].ledger.issued = starts;
    snapshot.tokens_in_interval = 3 * starts;
    snapshot.process_cpu = 10ms;
    return snapshot;
  };
  timeline.add(0, busy(2s, 2500ms, 30));
  timeline.add(0, busy(2500ms, 3s, 40));
  timeline.add(0, busy(3s, 4s, 50));
  timeline.add(0, busy(6s, 7s, 500));  // the drain is no part of the window
  BOOST_TEST(timeline.window_of(0).peak_starts == 70u);
  BOOST_TEST(timeline.window_of(0).peak_tokens == 210u);
  BOOST_TEST(timeline.window_of(0).starts == 120u);
  BOOST_TEST((timeline.window_of(0).cpu_per_start().value() == 250us));
  BOOST_TEST(!AgentWindow{}.cpu_per_start().has_value());
  BOOST_TEST(timeline.points().at(0).starts == 70u);
}
