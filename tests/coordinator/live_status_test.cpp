#include "coordinator/live/live_status.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/run/audit.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using actors::MetricsSnapshot;
using actors::Phase;

namespace {

const LiveLight& light(const std::vector<LiveLight>& lights, const std::string& name) {
  for (const LiveLight& each : lights)
    if (each.name == name) return each;
  BOOST_REQUIRE_MESSAGE(false, "no light " << name);
  return lights.front();
}

/// As while it goes on: nobody has sealed.
RunRecord running_record() {
  RunRecord record = healthy_record();
  for (auto& agent : record.agents) agent.sealed.reset();
  return record;
}

LiveMoment measuring() {
  LiveMoment moment;
  moment.stage = RunStage::measuring;
  moment.elapsed = 21s;
  return moment;
}

Light threshold_light(const std::vector<std::pair<nanoseconds, std::uint64_t>>& completed,
                      const std::string& threshold) {
  const auto lights = threshold_lights(record_of({.completed = completed}, threshold));
  BOOST_REQUIRE(lights.size() == 1u);
  return lights.front().light;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_course_is_that_of_the_newest_complete_seconds) {
  const LiveStatus status = make_live_status(running_record(), measuring());
  BOOST_REQUIRE(status.course.size() >= 30u);
  for (std::size_t i = 1; i < status.course.size(); ++i)
    BOOST_TEST((status.course[i].at - status.course[i - 1].at == 1s));
  BOOST_TEST(status.course.back().tokens_per_second == status.tokens_per_second_now.value());
  const auto newest = running_record().timeline.newest_complete_points(3);
  BOOST_REQUIRE(newest.size() == 3u);
  BOOST_TEST((newest.back().at == status.course.back().at));
  BOOST_TEST((newest.front().at == status.course.back().at - 2s));
}

BOOST_AUTO_TEST_CASE(the_plan_of_the_moment_is_told_while_the_load_runs) {
  LiveMoment moment = measuring();
  const RunRecord record = running_record();
  BOOST_TEST(make_live_status(record, moment).planned_now.value() == 20.0);
  moment.stage = RunStage::draining;
  BOOST_TEST(!make_live_status(record, moment).planned_now.has_value());
  moment.stage = RunStage::measuring;
  BOOST_TEST(make_live_status(healthy_closed_record(), moment).planned_now.value() == 5.0);
}

BOOST_AUTO_TEST_CASE(errors_are_told_by_class_the_most_frequent_first) {
  RunRecord record = running_record();
  MetricsSnapshot snapshot = moment_in_window();
  snapshot[Phase::measure].errors = {{"a", 2}, {"b", 7}};
  record.timeline.add(0, snapshot);
  MetricsSnapshot of_warm_up = moment_in_window();
  of_warm_up[Phase::warm_up].errors = {{"a", 1}};
  record.timeline.add(0, of_warm_up);
  const LiveStatus status = make_live_status(record, measuring());
  BOOST_REQUIRE(status.errors.size() == 2u);
  BOOST_TEST(status.errors[0].what == "b");
  BOOST_TEST(status.errors[1].count == 3u);
}

BOOST_AUTO_TEST_CASE(classes_of_errors_beyond_the_limit_are_counted_together) {
  RunRecord record = running_record();
  MetricsSnapshot snapshot = moment_in_window();
  for (unsigned i = 1; i <= LiveStatus::errors_shown + 3; ++i)
    snapshot[Phase::measure].errors["class " + std::to_string(i)] = i;
  record.timeline.add(0, snapshot);
  const LiveStatus status = make_live_status(record, measuring());
  BOOST_TEST(status.errors.size() == LiveStatus::errors_shown);
  BOOST_TEST(status.other_errors == 1u + 2u + 3u);
}

BOOST_AUTO_TEST_CASE(agents_have_rows_of_their_newest_report) {
  RunRecord record = running_record();
  actors::ResourceSample sample;
  sample.from = 34s;
  sample.to = 35s;
  sample.cpu_busy = 2s;
  sample.core_busy = {100, 100, 0, 0};
  sample.memory_available_bytes = 5 << 20;
  sample.gpus = {{0.25, 1 << 20, {}, {}}, {0.75, 3 << 20, {}, {}}};
  MetricsSnapshot snapshot;
  snapshot.from = 36s;
  snapshot.to = 37s;
  snapshot.tokens_in_interval = 30;
  snapshot.answers_in_interval = 4;
  snapshot.in_flight = 3;
  snapshot.process_cpu = 500ms;
  snapshot.resident_bytes = 7 << 20;
  snapshot[Phase::measure].ledger.issued = 6;
  snapshot.resources = {sample};
  record.timeline.add(1, snapshot);
  const LiveStatus status = make_live_status(record, measuring());
  BOOST_REQUIRE(status.agents.size() == 2u);
  const LiveAgent& row = status.agents[status.agents[0].name == "local-2" ? 0 : 1];
  BOOST_TEST(row.name == "local-2");
  BOOST_TEST(row.tokens_per_second == 30.0);
  BOOST_TEST(row.answers_per_second == 4.0);
  BOOST_TEST(row.starts_per_second == 6.0);
  BOOST_TEST(row.in_flight == 3u);
  BOOST_TEST(row.own_cpu == 0.5);
  BOOST_TEST(row.resident_bytes == std::uint64_t{7 << 20});
  BOOST_TEST(row.machine_cpu.value() == 0.5);
  BOOST_TEST(row.memory_available_bytes.value() == std::uint64_t{5 << 20});
  BOOST_TEST(row.gpu_busy.value() == 0.75);
  BOOST_TEST(row.gpu_memory_bytes.value() == std::uint64_t{4 << 20});
  BOOST_TEST((row.state == LiveAgentState::running));
  BOOST_TEST(row.completed > 0u);
}

BOOST_AUTO_TEST_CASE(the_newest_sample_is_told_alone_however_many_a_point_stands_for) {
  ResourceCourse course(2);
  for (int second = 0; second < 9; ++second) {
    actors::ResourceSample sample;
    sample.from = std::chrono::seconds(second);
    sample.to = sample.from + 1s;
    sample.resident_bytes = 100 + static_cast<std::uint64_t>(second);
    course.add(sample, false);
  }
  BOOST_TEST(course.newest()->resident_bytes.mean().value() == 108.0);
}

BOOST_AUTO_TEST_CASE(the_worst_agents_come_first) {
  RunRecord record = running_record();
  for (int more = 0; more < 3; ++more) record.agents.push_back(record.agents[0]);
  record.timeline = MetricsTimeline(record.scenario.phases, 5);
  for (std::size_t agent = 0; agent < 5; ++agent) {
    record.agents[agent].hello.name = "agent-" + std::to_string(agent);
    MetricsSnapshot snapshot;
    snapshot.to = 1s;
    snapshot.loop_lag = std::chrono::milliseconds(agent == 1 ? 9 : 1);
    if (agent == 2) snapshot[Phase::warm_up].ledger.timeout = 1;
    record.timeline.add(agent, snapshot);
  }
  record.agents[4].lost = "gone";
  using State = LiveAgentState;
  const std::vector<State> states{State::running, State::running, State::running, State::silent,
                                  State::lost};
  const auto names = [&](std::size_t most) {
    std::string last;
    for (const LiveAgent& row : live_agents(record, states, most)) last += row.name.back();
    return last;
  };
  BOOST_TEST(names(10) == "43210");  // lost, silent, failing, lagging
  BOOST_TEST(names(2) == "43");
  BOOST_TEST(live_agents(record, states, 1).front().trouble == "gone");
}

BOOST_AUTO_TEST_CASE(without_a_roster_the_record_tells_how_agents_do) {
  RunRecord record = healthy_record();
  const auto state = [&] { return live_agents(record, {}, 10).back().state; };
  record.agents.resize(1);
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  BOOST_TEST((state() == LiveAgentState::done));
  record.agents[0].sealed.reset();
  BOOST_TEST((state() == LiveAgentState::running));
  MetricsSnapshot paused;
  paused.to = 1s;
  paused.paused = 100ms;
  record.timeline.add(0, paused);
  BOOST_TEST((state() == LiveAgentState::paused));
  record.agents[0].started.reset();
  BOOST_TEST((state() == LiveAgentState::ready));
  record.agents[0].ready.reset();
  BOOST_TEST((state() == LiveAgentState::preparing));
}

BOOST_AUTO_TEST_CASE(a_run_that_goes_well_has_no_bad_light) {
  const LiveStatus status = make_live_status(running_record(), measuring());
  for (const LiveLight& each : status.audit) {
    BOOST_TEST((each.light == Light::good || each.light == Light::open),
               each.name << ": " << name_of(each.light) << ", " << each.explanation);
  }
  for (const char* name :
       {"ledger", "agents", "offered load", "dispatch delay", "late and dropped", "arrival rate",
        "agents' loop lag", "generator's CPU", "agents' capacity", "clock offset", "common start"})
    BOOST_TEST((light(status.audit, name).light == Light::good), name);
  for (const LiveLight& each : status.thresholds) BOOST_TEST((each.light == Light::good));
}

BOOST_AUTO_TEST_CASE(nothing_is_judged_before_the_load_begins) {
  RunRecord record = running_record();
  record.timeline = MetricsTimeline();
  LiveMoment moment;
  moment.stage = RunStage::preparing;
  const LiveStatus status = make_live_status(record, moment);
  BOOST_TEST(status.audit.empty());
  BOOST_TEST(status.thresholds.empty());
  BOOST_TEST(status.agents.empty());
  record.timeline = MetricsTimeline(record.scenario.phases, 2);
  const LiveStatus begun = make_live_status(record, measuring());
  BOOST_TEST((light(begun.audit, "ledger").light == Light::open));
  BOOST_TEST((begun.thresholds.front().light == Light::open));
}

BOOST_AUTO_TEST_CASE(a_lost_agent_is_a_warning_where_it_may_be_lost_and_a_failure_where_not) {
  RunRecord record = running_record();
  record.agents[1].lost = "no sign of life for 5.0 s";
  BOOST_TEST((light(audit_lights(record), "agents").light == Light::broken));
  record.scenario.agents.may_lose = 1;
  BOOST_TEST((light(audit_lights(record), "agents").light == Light::near));
  BOOST_TEST(light(audit_lights(record), "agents").explanation ==
             "local-2: no sign of life for 5.0 s");
}

BOOST_AUTO_TEST_CASE(a_ledger_that_cannot_be_is_a_broken_light_at_once) {
  RunRecord record = running_record();
  MetricsSnapshot more = moment_in_window();
  more[Phase::measure].ledger.issued = 1;  // never came due
  record.timeline.add(0, more);
  const LiveLight ledger = light(audit_lights(record), "ledger");
  BOOST_TEST((ledger.light == Light::broken));
  BOOST_TEST(ledger.explanation.find("local-1, measured: 301 issued of 300") != std::string::npos,
             ledger.explanation);
}

BOOST_AUTO_TEST_CASE(more_than_the_plan_is_a_broken_light_and_another_pace_a_warning) {
  RunRecord record = running_record();
  MetricsSnapshot more = moment_in_window();
  more[Phase::measure].ledger.scheduled = more[Phase::measure].ledger.issued = 40;
  record.timeline.add(0, more);
  BOOST_TEST((light(audit_lights(record), "offered load").light == Light::broken));
  BOOST_TEST((light(audit_lights(record), "arrival rate").light == Light::near));
}

BOOST_AUTO_TEST_CASE(a_threshold_is_open_good_near_or_broken) {
  BOOST_TEST((threshold_light({{100ms, 5}}, "ttft p95 < 300ms") == Light::open));
  BOOST_TEST((threshold_light({{100ms, 400}}, "ttft p95 < 300ms") == Light::good));
  BOOST_TEST((threshold_light({{280ms, 400}}, "ttft p95 < 300ms") == Light::near));
  BOOST_TEST((threshold_light({{400ms, 400}}, "ttft p95 < 300ms") == Light::broken));
  // Too few to tell, but what there is of them is too slow.
  BOOST_TEST((threshold_light({{100ms, 70}, {400ms, 5}}, "ttft p95 < 300ms") == Light::near));
}

BOOST_AUTO_TEST_CASE(lower_limits_are_near_from_above_and_shares_by_what_misses) {
  // 400 answers of 10 tokens in 10 s.
  BOOST_TEST((threshold_light({{100ms, 400}}, "tokens_per_second > 100") == Light::good));
  BOOST_TEST((threshold_light({{100ms, 400}}, "tokens_per_second > 380") == Light::near));
  BOOST_TEST((threshold_light({{100ms, 400}}, "tokens_per_second > 500") == Light::broken));
  RunRecord record = record_of({.completed = {{100ms, 400}}}, "accuracy > 90%");
  MetricsSnapshot asked = moment_in_window();
  asked[Phase::measure].accuracy_asked = 1'000;
  asked[Phase::measure].accuracy_agreed = 960;
  record.timeline.add(0, asked);
  BOOST_TEST((threshold_lights(record).front().light == Light::good));
}

BOOST_AUTO_TEST_CASE(a_source_makes_the_costly_parts_once_a_second_and_the_rest_each_time) {
  RunRecord record = running_record();
  LiveStatusSource source;
  LiveMoment moment = measuring();
  const actors::Instant start{1h};
  const LiveStatus first = source.look(record, moment, start);
  MetricsSnapshot more = moment_in_window();
  more[Phase::measure].ledger.timeout = 5;
  more[Phase::measure].errors["timeout"] = 5;
  record.timeline.add(0, more);
  moment.elapsed = 22s;
  const LiveStatus soon = source.look(record, moment, start + 900ms);
  BOOST_TEST(soon.failed == first.failed + 5);
  BOOST_TEST((soon.elapsed == 22s));
  BOOST_TEST(soon.errors.empty());
  BOOST_TEST(source.look(record, moment, start + 1s).errors.size() == 1u);
  moment.stage = RunStage::draining;
  more[Phase::measure].errors = {{"other", 1}};
  record.timeline.add(0, more);
  BOOST_TEST(source.look(record, moment, start + 1100ms).errors.size() == 2u);
}
