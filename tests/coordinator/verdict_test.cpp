#include "coordinator/run/verdict.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

Verdict verdict_of(const RunRecord& record) {
  return judge(record, audit(record), judge_thresholds(record));
}

std::vector<AuditLine> audit_with(AuditStatus status) {
  return {{"dispatch delay", status, "", "", ""}};
}

std::vector<ThresholdResult> results(std::initializer_list<ThresholdStatus> statuses) {
  std::vector<ThresholdResult> made;
  for (const ThresholdStatus status : statuses) {
    made.emplace_back();
    made.back().status = status;
    made.back().threshold.text = "threshold " + std::to_string(made.size());
  }
  return made;
}

RunRecord begun(std::uint64_t answers = 1) {
  RunRecord record;
  record.began = true;
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  actors::MetricsSnapshot snapshot;
  snapshot.to = 1s;
  snapshot[actors::Phase::measure].ledger.ok = answers;
  record.timeline.add(0, snapshot);
  return record;
}

constexpr auto pass = ThresholdStatus::pass;
constexpr auto fail = ThresholdStatus::fail;
constexpr auto inconclusive = ThresholdStatus::inconclusive;

Verdict judged(AuditStatus line, std::initializer_list<ThresholdStatus> statuses) {
  return judge(begun(), audit_with(line), results(statuses));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_healthy_run_passes_with_exit_code_0) {
  const Verdict verdict = verdict_of(healthy_record());
  BOOST_TEST(name_of(verdict.outcome) == "PASS");
  BOOST_TEST(verdict.exit_code == 0);
  BOOST_TEST(verdict.sentence == "all 3 thresholds were met and the run is valid");
}

BOOST_AUTO_TEST_CASE(the_worst_outcome_wins_and_has_its_exit_code) {
  BOOST_TEST(judged(AuditStatus::passed, {pass, pass}).exit_code == 0);
  BOOST_TEST(judged(AuditStatus::passed, {pass, inconclusive}).exit_code == 12);
  BOOST_TEST(judged(AuditStatus::passed, {inconclusive, fail, pass}).exit_code == 10);
  BOOST_TEST(judged(AuditStatus::failed, {inconclusive, fail, pass}).exit_code == 13);
  BOOST_TEST(judged(AuditStatus::failed, {}).exit_code == 13);
}

BOOST_AUTO_TEST_CASE(lines_that_do_not_apply_or_lack_figures_do_not_make_a_run_invalid) {
  BOOST_TEST(judged(AuditStatus::not_applicable, {pass}).exit_code == 0);
  BOOST_TEST(judged(AuditStatus::not_enough, {pass}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(the_sentence_names_what_decided) {
  BOOST_TEST(judged(AuditStatus::passed, {fail, pass, fail}).sentence ==
             "2 of 3 thresholds missed: threshold 1; threshold 3");
  BOOST_TEST(judged(AuditStatus::passed, {inconclusive}).sentence ==
             "1 of 1 threshold could not be decided: threshold 1");
  BOOST_TEST(judged(AuditStatus::failed, {pass}).sentence ==
             "the figures cannot be believed; the audit failed: dispatch delay");
}

BOOST_AUTO_TEST_CASE(a_target_that_answered_nothing_never_passes) {
  for (const auto& thresholds : {results({}), results({pass})}) {
    const Verdict verdict = judge(begun(0), audit_with(AuditStatus::passed), thresholds);
    BOOST_TEST(verdict.exit_code == 12);
    BOOST_TEST(verdict.sentence == "no request was answered in the measured phase");
  }
}

BOOST_AUTO_TEST_CASE(a_run_without_thresholds_passes_when_it_is_valid) {
  const Verdict verdict = judged(AuditStatus::passed, {});
  BOOST_TEST(verdict.exit_code == 0);
  BOOST_TEST(verdict.sentence == "the run is valid; the scenario has no thresholds");
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_never_passes_and_ends_with_130) {
  RunRecord record = healthy_record();
  record.interrupted = true;
  const Verdict verdict = verdict_of(record);
  BOOST_TEST((verdict.outcome == Outcome::interrupted));
  BOOST_TEST(verdict.exit_code == 130);
  BOOST_TEST(verdict.sentence.find("partial") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_lost_agent_makes_the_run_invalid) {
  RunRecord record = healthy_record();
  record.agents[0].lost = "no sign of life for 4 s";
  record.agents[0].sealed.reset();
  BOOST_TEST(verdict_of(record).exit_code == 13);
  record.broken = "agent local-1 was lost: no sign of life for 4 s";
  BOOST_TEST(verdict_of(record).exit_code == 13);
  BOOST_TEST(verdict_of(record).sentence == *record.broken);
}

BOOST_AUTO_TEST_CASE(an_unaccounted_request_makes_the_run_invalid) {
  RunRecord record = healthy_record();
  ++record.agents[0].ready->planned_requests;
  BOOST_TEST(verdict_of(record).exit_code == 13);
}

BOOST_AUTO_TEST_CASE(a_run_that_never_began_is_invalid) {
  RunRecord record = healthy_record();
  record.began = false;
  BOOST_TEST(verdict_of(record).exit_code == 13);
  record.interrupted = true;
  BOOST_TEST(verdict_of(record).exit_code == 130);
}
