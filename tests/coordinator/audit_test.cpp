#include "coordinator/run/audit.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using scenarios::Metric;

namespace {

using Names = std::set<std::string>;

Names lines_with(const RunRecord& record, AuditStatus status) {
  Names names;
  for (const AuditLine& line : audit(record))
    if (line.status == status) names.insert(line.name);
  return names;
}

std::string in_words(const Names& names) {
  std::string text;
  for (const auto& name : names) text += "[" + name + "]";
  return text;
}

AuditLine line_named(const RunRecord& record, const std::string& name) {
  for (const AuditLine& line : audit(record))
    if (line.name == name) return line;
  BOOST_FAIL("no audit line " + name);
  return {};
}

Ledger& sealed(RunRecord& record, std::size_t agent = 0) {
  return record.agents[agent].sealed->totals[static_cast<std::size_t>(Phase::measure)];
}

/// So many completed requests that were dispatched this late and had their first token then.
MetricsSnapshot late_requests(std::uint64_t count, nanoseconds delay, nanoseconds ttft) {
  MetricsSnapshot snapshot = moment_in_window();
  auto& metrics = snapshot[Phase::measure];
  metrics.ledger.scheduled = metrics.ledger.issued = metrics.ledger.ok = count;
  metrics.attempts = count;
  for (const Metric metric : {Metric::ttft, Metric::ttft_service, Metric::e2e, Metric::e2e_service})
    metrics.durations[static_cast<std::size_t>(metric)].record(ttft, count);
  metrics.durations[static_cast<std::size_t>(Metric::dispatch_delay)].record(delay, count);
  return snapshot;
}

void add_gauges(RunRecord& record, nanoseconds lag, nanoseconds cpu) {
  MetricsSnapshot snapshot = moment_in_window();
  snapshot.loop_lag = lag;
  snapshot.process_cpu = cpu;
  add_batch(record, 1, snapshot);
}

/// One thing wrong with a healthy record, and exactly the lines that must say so.
struct Mutation {
  const char* what;
  std::function<void(RunRecord&)> mutate;
  Names failed;
};

const std::vector<Mutation> mutations{
    {"an agent sealed one answer less",
     [](RunRecord& r) { --sealed(r).ok; },
     {"ledger balances", "batches complete"}},
    {"an agent sealed one more of everything",
     [](RunRecord& r) { ++sealed(r).scheduled, ++sealed(r).issued, ++sealed(r).ok; },
     {"batches complete"}},
    {"a request came due and was forgotten",
     [](RunRecord& r) { ++sealed(r).scheduled; },
     {"ledger balances", "batches complete"}},
    {"a batch was sealed and never arrived",
     [](RunRecord& r) { ++r.agents[1].sealed->batches; },
     {"batches complete"}},
    {"a batch was counted twice",
     [](RunRecord& r) { ++r.agents[1].batches; },
     {"batches complete"}},
    {"a duration has no request",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       snapshot[Phase::measure].durations[static_cast<std::size_t>(Metric::ttft)].record(60ms);
       add_batch(r, 0, snapshot);
     },
     {"durations match counts"}},
    {"an agent was lost",
     [](RunRecord& r) { r.agents[0].lost = "no sign of life for 4 s"; },
     {"agents"}},
    {"an agent never sealed", [](RunRecord& r) { r.agents[0].sealed.reset(); }, {"agents"}},
    {"an arrival of the plan never came due",
     [](RunRecord& r) { ++r.agents[0].ready->planned_requests; },
     {"requests accounted for"}},
    {"more came due than was planned",
     [](RunRecord& r) { --r.agents[0].ready->planned_requests; },
     {"requests accounted for", "offered load"}},
    {"two in a hundred arrivals are missing",
     [](RunRecord& r) { r.agents[0].ready->planned_requests += 14; },
     {"requests accounted for", "arrival rate"}},
    {"one request in a hundred was dispatched 3 ms late",
     [](RunRecord& r) {
       add_batch(r, 0, late_requests(7, 3ms, 60ms));
       r.agents[0].ready->planned_requests += 7;
     },
     {"dispatch delay"}},
    {"two in a thousand were dropped",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       auto& ledger = snapshot[Phase::measure].ledger;
       ledger.scheduled = ledger.dropped_late = 2;
       add_batch(r, 0, snapshot);
       r.agents[0].ready->planned_requests += 2;
     },
     {"late and dropped"}},
    {"two in a thousand were late",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       snapshot[Phase::measure].late = 2;
       add_batch(r, 0, snapshot);
     },
     {"late and dropped"}},
    {"an agent counted fewer attempts than requests",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = late_requests(1, 100us, 60ms);
       snapshot[Phase::measure].attempts = 0;
       add_batch(r, 0, snapshot);
       r.agents[0].ready->planned_requests += 1;
     },
     {"details match counts"}},
    {"the categories do not add up",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       snapshot[Phase::measure].categories.resize(2);
       snapshot[Phase::measure].categories[1].ok = 3;
       add_batch(r, 0, snapshot);
     },
     {"details match counts"}},
    {"an answer from memory left a ttft as well",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = late_requests(1, 100us, 60ms);
       snapshot[Phase::measure].cached = 1;
       snapshot[Phase::measure].durations[static_cast<std::size_t>(Metric::cache_hit)].record(1us);
       add_batch(r, 0, snapshot);
       r.agents[0].ready->planned_requests += 1;
     },
     {"durations match counts"}},
    {"more was asked of an agent than it can drive",
     [](RunRecord& r) { r.agents[1].ready->calibration.starts_per_second = 9; },
     {"agents' capacity"}},
    {"more chunks came than an agent can take",
     [](RunRecord& r) { r.agents[0].ready->calibration.chunks_per_second = 70; },
     {"agents' capacity"}},
    {"requests were in flight that the durations do not explain",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       snapshot.in_flight_time = 15s;
       add_batch(r, 0, snapshot);
     },
     {"Little's law"}},
    {"an agent's loop stalled",
     [](RunRecord& r) { add_gauges(r, 101ms, 0ms); },
     {"agents' loop lag"}},
    {"the generator burnt a core",
     [](RunRecord& r) { add_gauges(r, 0ms, 25s); },
     {"generator's CPU"}},
    {"a clock is hardly known",
     [](RunRecord& r) { r.agents[1].ready->clock_error_bound = 51ms; },
     {"clock offset"}},
    {"other batches were kept than an agent sealed",
     [](RunRecord& r) { ++r.agents[0].sealed->hash; },
     {"batches complete"}},
    {"an agent stopped by itself",
     [](RunRecord& r) { r.agents[0].sealed->stopped_because = "its disk is full"; },
     {"agents"}},
    {"an agent was without a lease",
     [](RunRecord& r) {
       MetricsSnapshot snapshot = moment_in_window();
       snapshot.paused = 1s;
       add_batch(r, 0, snapshot);
     },
     {"leases"}},
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_healthy_run_passes_every_line) {
  const RunRecord record = healthy_record();
  for (const AuditLine& line : audit(record))
    BOOST_TEST((line.status == AuditStatus::passed),
               line.name << ": " << line.measured << ": " << line.explanation);
  BOOST_TEST(audit(record).size() == 16u);
}

BOOST_AUTO_TEST_CASE(a_healthy_closed_run_has_no_arrivals_and_no_other_agent_to_compare) {
  const RunRecord record = healthy_closed_record();
  BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == "");
  BOOST_TEST(in_words(lines_with(record, AuditStatus::not_applicable)) ==
             in_words({"arrival rate", "clock offset", "common start"}));
  BOOST_TEST(lines_with(record, AuditStatus::passed).count("offered load") == 0u);
}

BOOST_AUTO_TEST_CASE(each_thing_that_goes_wrong_fails_its_own_lines_and_no_others) {
  const RunRecord healthy = healthy_record();
  for (const Mutation& mutation : mutations) {
    RunRecord record = healthy;
    mutation.mutate(record);
    BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == in_words(mutation.failed),
               mutation.what << ": " << in_words(lines_with(record, AuditStatus::failed)));
  }
}

BOOST_AUTO_TEST_CASE(an_agent_that_began_late_is_a_warning) {
  RunRecord record = healthy_record();
  record.agents[1].started->start_error = 12ms;
  BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == "");
  BOOST_TEST(in_words(lines_with(record, AuditStatus::warning)) == in_words({"common start"}));
}

BOOST_AUTO_TEST_CASE(a_failed_line_says_why) {
  for (const Mutation& mutation : mutations) {
    RunRecord record = healthy_record();
    mutation.mutate(record);
    for (const AuditLine& line : audit(record))
      if (line.status == AuditStatus::failed)
        BOOST_TEST(!line.explanation.empty(), mutation.what << ": " << line.name);
  }
}

BOOST_AUTO_TEST_CASE(limits_are_inclusive) {
  RunRecord record = healthy_record();
  add_gauges(record, 100ms, 0ms);
  record.agents[1].ready->clock_error_bound = 50ms;
  record.agents[1].started->start_error = record.agents[0].started->start_error + 10ms;
  BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == "");
}

BOOST_AUTO_TEST_CASE(slow_answers_forgive_a_late_dispatch_up_to_one_percent_of_their_ttft) {
  RunRecord record = healthy_record();
  add_batch(record, 0, late_requests(1000, 3ms, 400ms));
  BOOST_TEST((line_named(record, "dispatch delay").status == AuditStatus::passed));
  BOOST_TEST(line_named(record, "dispatch delay").limit == "at most 4.00 ms");
}

BOOST_AUTO_TEST_CASE(a_run_cut_short_is_not_asked_for_its_whole_plan) {
  RunRecord record = healthy_record();
  record.interrupted = true;
  record.agents[0].ready->planned_requests += 100;
  BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == "");
  BOOST_TEST(in_words(lines_with(record, AuditStatus::not_applicable)) ==
             in_words({"arrival rate", "Little's law"}));
}

BOOST_AUTO_TEST_CASE(a_load_beyond_half_of_what_an_agent_can_drive_is_a_warning_only) {
  RunRecord record = healthy_record();
  record.agents[1].ready->calibration.starts_per_second = 15;
  const AuditLine line = line_named(record, "agents' capacity");
  BOOST_TEST((line.status == AuditStatus::warning));
  BOOST_TEST(line.measured.find("10.0 of 15.0 starts/s") != std::string::npos, line.measured);
  BOOST_TEST(line.measured.find("66.7 % (local-2)") != std::string::npos, line.measured);
  BOOST_TEST(!line.explanation.empty());
}

BOOST_AUTO_TEST_CASE(an_agent_that_did_not_measure_itself_cannot_be_judged_by_it) {
  RunRecord record = healthy_record();
  record.agents[1].ready->calibration = {};
  BOOST_TEST((line_named(record, "agents' capacity").status == AuditStatus::not_enough));
}

BOOST_AUTO_TEST_CASE(a_single_late_request_among_few_is_a_warning_only) {
  RunRecord record = healthy_record();
  MetricsSnapshot snapshot = moment_in_window();
  snapshot[Phase::measure].late = 1;
  add_batch(record, 0, snapshot);
  BOOST_TEST((line_named(record, "late and dropped").status == AuditStatus::warning));
}

BOOST_AUTO_TEST_CASE(a_cap_that_held_requests_back_is_named) {
  RunRecord record = healthy_record();
  std::get<scenarios::OpenArrivals>(record.scenario.load).max_in_flight = 12;
  MetricsSnapshot snapshot = moment_in_window();
  snapshot[Phase::measure].late = 5;
  add_batch(record, 0, snapshot);
  const AuditLine line = line_named(record, "late and dropped");
  BOOST_TEST(line.measured == "5 late, 0 dropped of 600 requests, 0.83 %");
  BOOST_TEST(line.explanation.find("max_in_flight = 12") != std::string::npos, line.explanation);
}

BOOST_AUTO_TEST_CASE(answers_from_memory_are_no_part_of_littles_law) {
  RunRecord record = healthy_record();
  MetricsSnapshot snapshot = moment_in_window();
  PhaseMetrics& metrics = snapshot[Phase::measure];
  metrics.ledger.scheduled = metrics.ledger.issued = metrics.ledger.ok = metrics.cached = 500;
  metrics.attempts = 500;
  metrics.durations[static_cast<std::size_t>(Metric::cache_hit)].record(20us, 500);
  metrics.durations[static_cast<std::size_t>(Metric::dispatch_delay)].record(20us, 500);
  add_batch(record, 0, snapshot);
  record.agents[0].ready->planned_requests += 500;
  BOOST_TEST(in_words(lines_with(record, AuditStatus::failed)) == "");
  BOOST_TEST((line_named(record, "Little's law").status == AuditStatus::passed));
}

BOOST_AUTO_TEST_CASE(littles_law_needs_a_steady_state) {
  RunRecord record = healthy_record();
  MetricsSnapshot snapshot = moment_in_window();
  snapshot.in_flight_time = 15s;
  snapshot.answers_in_interval = 30;  // more than came: a backlog was worked off
  add_batch(record, 0, snapshot);
  const AuditLine line = line_named(record, "Little's law");
  BOOST_TEST((line.status == AuditStatus::not_applicable));
  BOOST_TEST(line.explanation.find("no steady state") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(littles_law_needs_a_hundred_answers) {
  const RunRecord record = record_of({.completed = {{50ms, 99}}}, "error_rate < 1%");
  const AuditLine line = line_named(record, "Little's law");
  BOOST_TEST((line.status == AuditStatus::not_applicable));
  BOOST_TEST(line.explanation == "needs 100 answers, has 99");
}

BOOST_AUTO_TEST_CASE(littles_law_needs_a_window_of_twenty_answers_length) {
  const RunRecord record = record_of({.completed = {{2s, 200}}}, "error_rate < 1%");
  const AuditLine line = line_named(record, "Little's law");
  BOOST_TEST((line.status == AuditStatus::not_applicable));
  BOOST_TEST(line.explanation == "needs a window of 20 mean answers, 40.0 s");
}

BOOST_AUTO_TEST_CASE(a_run_without_any_figures_passes_nothing_that_needs_them) {
  RunRecord record = healthy_record();
  record.timeline = MetricsTimeline(record.scenario.phases, 2);
  for (auto& agent : record.agents) {
    agent.sealed.reset();
    agent.batches = 0;
  }
  const Names open = lines_with(record, AuditStatus::not_enough);
  for (const char* name : {"ledger balances", "batches complete", "dispatch delay",
                           "late and dropped", "agents' loop lag", "generator's CPU"})
    BOOST_TEST(open.count(name) == 1u, name);
  BOOST_TEST(lines_with(record, AuditStatus::failed).count("agents") == 1u);
}
