// Runs whose agents were lost, paused and replaced: what is judged, and what is told.

#include "coordinator/run/audit/fabric_audit.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/live/live_view.hpp"
#include "coordinator/report/json_report.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/run/audit/moved_work.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/run/verdict.hpp"
#include "scenarios/load/load_plan.hpp"
#include "tests/coordinator/golden_text.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using actors::Ledger;
using actors::MetricsSnapshot;
using actors::Phase;

namespace {

/// Two of three agents work to the end, the third is lost at 15 s and known until 12 s; the others
/// take its work over at 20 s, over 4 s. 30 arrivals a second, every 33.3 ms; all are answered.
class LossyRun {
 public:
  LossyRun() {
    record_.id = "20261121-063341-4f2a";
    record_.scenario.name = "steady chat on three machines";
    record_.scenario.phases = {5s, 30s, 10s};
    scenarios::OpenArrivals arrivals;
    arrivals.process = scenarios::OpenArrivals::Process::constant;
    arrivals.rate = scenarios::LoadShape::constant(30);
    record_.scenario.load = arrivals;
    record_.scenario.agents.may_lose = 1;
    record_.began = true;
    record_.timeline = MetricsTimeline(record_.scenario.phases, 3);
    for (std::uint32_t index = 0; index < 3; ++index) join(index);
    record_.agents[2].lost = "no sign of life for 5.00 s";
    record_.agents[2].lost_at = 15s;
    record_.agents[2].lease_end = 13s;
    for (std::uint32_t to = 0; to < 2; ++to)
      record_.moved.push_back({.agent = 2,
                               .to = to,
                               .from = 20s,
                               .ramp = 4s,
                               .taken = true,
                               .number = to + 1,
                               .share = record_.agents[2].share.piece(to, 2)});
    for (std::size_t agent = 0; agent < 2; ++agent) {
      ask(agent, record_.agents[agent].share, {}, 0s, 35s);
      ask(agent, record_.moved[agent].share, {20s, 4s}, 20s, 35s);
      seal(agent);
    }
    ask(2, record_.agents[2].share, {}, 0s, 12s);
    record_.agents[2].known_until = 12s;
  }

  RunRecord& record() { return record_; }

  /// Asks what the plan says between two instants; all are answered at once.
  void ask(std::size_t agent, scenarios::AgentShare share, scenarios::LateEntry entry,
           nanoseconds from, nanoseconds to, bool paused = false) {
    const auto plan = scenarios::make_load_plan(record_.scenario, share, nullptr, entry);
    const auto arrivals = scenarios::arrivals_of(record_.scenario, plan);
    MetricsSnapshot snapshot;
    snapshot.from = from;
    snapshot.to = to;
    while (const auto arrival = arrivals->next()) {
      if (arrival->at < from || arrival->at >= to) continue;
      Ledger& ledger = snapshot[arrival->at < 5s ? Phase::warm_up : Phase::measure].ledger;
      ++ledger.scheduled;
      ++(paused ? ledger.cancelled_before_send : ledger.issued);
      if (!paused) ++ledger.ok;
    }
    record_.timeline.add(agent, snapshot);
    ++record_.agents[agent].batches;
  }

  void seal(std::size_t agent) {
    AgentRecord& of = record_.agents[agent];
    of.sealed =
        actors::Sealed{.batches = of.batches, .totals = {}, .hash = of.hash, .stopped_because = {}};
    for (const Phase phase : {Phase::warm_up, Phase::measure})
      of.sealed->totals[static_cast<std::size_t>(phase)] =
          record_.timeline.of_agent(agent, phase).ledger;
  }

 private:
  void join(std::uint32_t index) {
    AgentRecord agent;
    agent.hello = {"agent-" + std::to_string(index + 1),
                   "0.1.0",
                   "host-" + std::to_string(index + 1),
                   100 + index,
                   {"rack=" + std::string(1, static_cast<char>('a' + index))}};
    agent.identity = agent.hello.name;
    agent.share = {index, 3};
    agent.ready = actors::Ready{};
    agent.ready->planned_requests =
        scenarios::make_load_plan(record_.scenario, agent.share).arrivals;
    agent.started = actors::Started{100us * index};
    record_.agents.push_back(agent);
  }

  RunRecord record_;
};

AuditLine line_of(const RunRecord& record, const std::string& name) {
  for (const AuditLine& line : audit(record))
    if (line.name == name) return line;
  BOOST_FAIL("no line " << name);
  return {};
}

std::string failed_lines(const RunRecord& record) {
  std::string names;
  for (const AuditLine& line : audit(record))
    if (line.status == AuditStatus::failed && line.name != "durations match counts" &&
        line.name != "details match counts")
      names += line.name + ": " + line.explanation + "\n";
  return names;
}

/// Without the lines on durations, which these sketches of runs do not have.
Verdict verdict_of(const RunRecord& record) {
  std::vector<AuditLine> lines;
  for (AuditLine& line : audit(record))
    if (line.name != "durations match counts" && line.name != "details match counts")
      lines.push_back(std::move(line));
  return judge(record, lines, {});
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_arrival_of_a_lost_agent_is_somewhere) {
  LossyRun run;
  const auto accounts = accounts_of(run.record());
  const RequestAccount all = sum_of(accounts);
  // 30 a second for 35 s.
  BOOST_TEST(all.planned == 1050u);
  BOOST_TEST(all.planned == all.completed + all.failed + all.cancelled + all.lost);
  BOOST_TEST(all.surplus == 0u);
  BOOST_TEST(accounts[0].lost == 0u);
  BOOST_TEST(accounts[1].lost == 0u);
  // The third agent's 10 a second between its last report at 12 s and the take-over at 20 s.
  BOOST_TEST(accounts[2].never_reported == 80u);
  // A ramp of 4 s over 10 a second leaves out half of them, by chance.
  BOOST_TEST(accounts[2].left_out > 10u);
  BOOST_TEST(accounts[2].left_out < 30u);
  const auto work = moved_work(run.record());
  BOOST_TEST(work[0].idle + work[1].idle == 70u);  // from the end of the lease at 13 s
  BOOST_TEST(work[0].due + work[1].due == 150u);
}

BOOST_AUTO_TEST_CASE(a_loss_that_the_scenario_allows_leaves_the_verdict_and_is_named_in_it) {
  LossyRun run;
  BOOST_TEST(failed_lines(run.record()) == "");
  BOOST_TEST((line_of(run.record(), "agents").status == AuditStatus::warning));
  BOOST_TEST((line_of(run.record(), "requests accounted for").status == AuditStatus::warning));
  BOOST_TEST((line_of(run.record(), "offered load").status == AuditStatus::passed));
  const Verdict verdict = verdict_of(run.record());
  BOOST_TEST((verdict.outcome == Outcome::pass), verdict.sentence);
  BOOST_TEST(
      verdict.sentence.find("1 of 3 agents was lost: agent-3 is known until 12.0 s (batch "
                            "1), 80 requests of its plan not accounted for") != std::string::npos,
      verdict.sentence);
}

BOOST_AUTO_TEST_CASE(an_agent_that_leaves_politely_costs_no_more_than_one_that_is_killed) {
  LossyRun run;
  RunRecord& record = run.record();
  BOOST_TEST((line_of(record, "arrival rate").status == AuditStatus::passed), "killed");
  run.ask(2, record.agents[2].share, {}, 12s, 13s);
  record.agents[2].known_until = 13s;
  run.seal(2);
  BOOST_TEST((line_of(record, "arrival rate").status == AuditStatus::passed), "asked to end");
  const RequestAccount gone = accounts_of(record)[2];
  BOOST_TEST(gone.lost == 0u);
  BOOST_TEST(gone.never_due == 70u);  // 10 a second, until the take-over at 20 s
}

BOOST_AUTO_TEST_CASE(work_that_is_missing_without_a_loss_is_still_a_wrong_rate) {
  LossyRun run;
  RunRecord& record = run.record();
  record.agents[2].lost.reset();
  record.moved.clear();
  run.seal(2);
  BOOST_TEST((line_of(record, "arrival rate").status == AuditStatus::failed));
}

BOOST_AUTO_TEST_CASE(the_rate_of_a_replay_that_lost_an_agent_is_not_judged_without_the_trace) {
  LossyRun run;
  RunRecord& record = run.record();
  record.scenario.load = scenarios::TraceReplay{};
  const AuditLine line = line_of(record, "arrival rate");
  BOOST_TEST((line.status == AuditStatus::not_applicable));
  BOOST_TEST(line.explanation.find("without the trace") != std::string::npos, line.explanation);
}

BOOST_AUTO_TEST_CASE(what_was_turned_away_is_told_in_words) {
  LossyRun run;
  actors::LinkCounters& link = run.record().turned_away;
  link = {.undeliverable = 2, .refused_parts = 3, .revoked_frames = 2, .flooded = 5};
  run.record().protocol_errors = 2;
  std::string text = text_summary(make_run_report(run.record()));
  for (auto at = text.find("\n  "); at != std::string::npos; at = text.find("\n  "))
    text.replace(at, 3, " ");
  for (const char* each :
       {"2 frames of a revoked key", "3 frames in several parts", "2 frames that were none of ours",
        "5 frames beyond what may wait of one agent", "2 frames could not be delivered"})
    BOOST_TEST(text.find(each) != std::string::npos, each << " is not in " << text);
  const auto json = nlohmann::json::parse(json_report(make_run_report(run.record()), run.record()));
  const auto& told = json.at("campaign").at("turned_away");
  BOOST_TEST(told.at("flooded") == 5);
  BOOST_TEST(told.at("of_last_process") == false);
  run.record().gaps.push_back({10s, 12s});
  const std::string resumed = text_summary(make_run_report(run.record()));
  BOOST_TEST(resumed.find("turned away since the coordinator came back") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_loss_beyond_what_the_scenario_allows_is_invalid) {
  LossyRun run;
  run.record().scenario.agents.may_lose = 0;
  BOOST_TEST((line_of(run.record(), "agents").status == AuditStatus::failed));
  BOOST_TEST((verdict_of(run.record()).outcome == Outcome::invalid));
}

BOOST_AUTO_TEST_CASE(work_that_nobody_took_is_invalid) {
  LossyRun run;
  run.record().moved[1].taken = false;
  BOOST_TEST(!losses_are_tolerated(run.record()));
  BOOST_TEST((verdict_of(run.record()).outcome == Outcome::invalid));
}

BOOST_AUTO_TEST_CASE(work_that_nobody_was_given_is_invalid) {
  LossyRun run;
  run.record().moved.clear();
  BOOST_TEST(!losses_are_tolerated(run.record()));
  run.record().agents[2].lost_at = 31s;  // too late to move anything
  BOOST_TEST(losses_are_tolerated(run.record()));
}

BOOST_AUTO_TEST_CASE(work_that_moves_on_from_a_taker_that_is_lost_too_is_counted_once) {
  LossyRun run;
  RunRecord& record = run.record();
  record.scenario.agents.may_lose = 2;
  record.agents[1].lost = "killed by signal 9";
  record.agents[1].lost_at = 25s;
  record.agents[1].sealed.reset();
  record.moved[1].taken = false;
  std::uint32_t number = 3;
  for (const scenarios::AgentShare share : {record.agents[1].share, record.moved[1].share})
    record.moved.push_back({.agent = 1,
                            .to = 0,
                            .from = 28s,
                            .ramp = 1s,
                            .taken = true,
                            .number = number++,
                            .share = share});
  for (const std::size_t order : {2, 3}) run.ask(0, record.moved[order].share, {28s, 1s}, 28s, 35s);
  run.seal(0);
  const RequestAccount all = sum_of(accounts_of(record));
  BOOST_TEST(all.planned == 1050u);
  BOOST_TEST(accounts_of(record)[0].surplus == 0u);
  BOOST_TEST(accounts_of(record)[0].lost == 0u);
}

BOOST_AUTO_TEST_CASE(an_agent_that_lost_requests_without_being_lost_is_invalid) {
  LossyRun run;
  run.record().agents[0].ready->planned_requests += 3;
  BOOST_TEST((line_of(run.record(), "requests accounted for").status == AuditStatus::failed));
  BOOST_TEST((verdict_of(run.record()).outcome == Outcome::invalid));
}

BOOST_AUTO_TEST_CASE(what_a_fenced_agent_did_not_ask_is_not_counted_twice) {
  // It comes back at 30 s: what was due while it had no lease, from 13 s on, it had cancelled; from
  // 20 s on that was the work of others.
  LossyRun run;
  run.ask(2, run.record().agents[2].share, {}, 12s, 13s);
  run.ask(2, run.record().agents[2].share, {}, 13s, 30s, true);
  run.record().agents[2].known_until = 30s;
  run.seal(2);
  const auto accounts = accounts_of(run.record());
  BOOST_TEST(accounts[2].moved_on == 100u);
  BOOST_TEST(accounts[2].lost == 0u);
  BOOST_TEST(accounts[2].surplus == 0u);
  const RequestAccount all = sum_of(accounts);
  BOOST_TEST(all.planned == 1050u);
  BOOST_TEST(all.planned == all.completed + all.failed + all.cancelled);
  BOOST_TEST(failed_lines(run.record()) == "");
  BOOST_TEST((verdict_of(run.record()).outcome == Outcome::pass));
  BOOST_TEST(verdict_of(run.record()).sentence.find("agent-3 handed over all") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(two_agents_that_ask_the_same_offer_more_than_the_plan) {
  LossyRun run;
  run.ask(2, run.record().agents[2].share, {}, 12s, 35s);  // it never stopped
  run.seal(2);
  BOOST_TEST((line_of(run.record(), "offered load").status == AuditStatus::failed));
  BOOST_TEST((verdict_of(run.record()).outcome == Outcome::invalid));
}

BOOST_AUTO_TEST_CASE(users_of_a_lost_agent_are_counted_in_seconds) {
  LossyRun run;
  scenarios::ClosedUsers users;
  users.count = scenarios::LoadShape::constant(30);
  run.record().scenario.load = users;
  const auto work = moved_work(run.record());
  double idle = 0, due = 0, taken = 0;
  for (const MovedWork& each : work) {
    idle += each.idle_seconds;
    due += each.due_seconds;
    taken += each.taken_seconds;
  }
  BOOST_TEST(idle == 70, boost::test_tools::tolerance(1e-9));  // 10 users for 7 s
  BOOST_TEST(due == 150, boost::test_tools::tolerance(1e-9));  // and for 15 s
  BOOST_TEST(taken < due - 5);
  BOOST_TEST(taken > due - 35);
}

BOOST_AUTO_TEST_CASE(a_pause_within_the_scenarios_patience_is_a_warning) {
  RunRecord record = healthy_record();
  MetricsSnapshot snapshot = moment_in_window();
  snapshot.paused = 1s;
  add_batch(record, 1, snapshot);
  BOOST_TEST((line_of(record, "leases").status == AuditStatus::failed));
  record.scenario.agents.may_pause = 1s;
  BOOST_TEST((line_of(record, "leases").status == AuditStatus::warning));
  BOOST_TEST(line_of(record, "leases").measured ==
             "1 of 2 agents paused, longest 1.00 s (local-2)");
  record.gaps.push_back({10s, 12s});
  BOOST_TEST((line_of(record, "coordinator").status == AuditStatus::warning));
}

BOOST_AUTO_TEST_CASE(a_campaign_with_a_loss_reads_like_this) {
  LossyRun run;
  run.record().endpoint = "tcp://10.0.0.1:5555";
  run.record().security = "curve";
  run.record().gaps.push_back({24s, 26'500ms});
  run.record().agents[1].started->start_error = 14ms;
  run.record().turned_away.refused_keys = 3;
  run.record().protocol_errors = 1;
  MetricsSnapshot snapshot;
  snapshot.from = snapshot.to = 26s;
  snapshot.paused = 800ms;
  run.record().timeline.add(1, snapshot);
  const std::string text = text_summary(make_run_report(run.record()));
  const auto begin = text.find("\ncampaign"), end = text.find("\naudit:");
  BOOST_REQUIRE(begin != std::string::npos);
  check_golden("summary_campaign.txt", text.substr(begin, end - begin));
}

BOOST_AUTO_TEST_CASE(programs_read_the_campaign) {
  LossyRun run;
  const auto json = nlohmann::json::parse(json_report(make_run_report(run.record()), run.record()));
  const auto& campaign = json.at("campaign");
  BOOST_TEST(campaign.at("agents").size() == 3u);
  BOOST_TEST(campaign.at("agents").at(2).at("state") == "lost");
  BOOST_TEST(campaign.at("lost").at(0).at("unaccounted") == 80);
  BOOST_TEST(campaign.at("lost").at(0).at("known_until") == 12.0);
  BOOST_TEST(campaign.at("moved").at(0).at("to").size() == 2u);
  BOOST_TEST(campaign.at("moved").at(0).at("nobody_asked").at("requests_between") == 70);
  BOOST_TEST(campaign.at("insecure") == false);
}

BOOST_AUTO_TEST_CASE(a_local_run_of_one_agent_has_no_campaign_to_tell) {
  const std::string text = text_summary(make_run_report(healthy_closed_record()));
  BOOST_TEST(text.find("campaign") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_insecure_run_says_so_everywhere) {
  RunRecord record = healthy_closed_record();
  record.insecure = true;
  record.security = "INSECURE: no keys";
  const RunReport report = make_run_report(record);
  BOOST_TEST(text_summary(report).find("*** INSECURE: plain connections") != std::string::npos);
  const auto json = nlohmann::json::parse(json_report(report, record));
  BOOST_TEST(json.at("campaign").at("insecure") == true);
  BOOST_TEST(json.at("banners").at(0) == insecure_banner);
  LiveMoment moment;
  moment.stage = RunStage::measuring;
  moment.insecure = true;
  moment.states = {LiveAgentState::lost, LiveAgentState::silent, LiveAgentState::silent};
  record.agents[0].lost = "no sign of life for 5.0 s";
  const LiveStatus status = make_live_status(record, moment);
  BOOST_TEST(plain_line(status).find("(INSECURE)") != std::string::npos);
  const std::string head = live_lines(status, 100, false).front();
  BOOST_TEST(head.find("INSECURE") != std::string::npos, head);
  BOOST_TEST(head.find(", 1 lost, 2 suspect") != std::string::npos, head);
}
