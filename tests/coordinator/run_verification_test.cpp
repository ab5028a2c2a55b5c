// A run's journal, the record that it gives, and a report that was tampered with.

#include "coordinator/report/run_verification.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "actors/metrics/metrics_recorder.hpp"
#include "coordinator/report/json_report.hpp"
#include "coordinator/run/run_replay.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::coordinator;
using namespace std::chrono_literals;
using squall::tests::read_file;
using squall::tests::TemporaryFolder;

namespace {

constexpr const char* scenario_text = R"(
name = "two users"
[target]
kind = "simulated"
[users]
count = 2
[phases]
warm_up = "1s"
measure = "3s"
drain = "1s"
)";

constexpr std::int64_t start = 50'000'000'000;

/// Two agents that ask ten requests a second, each answered after 20 ms.
struct SmallRun {
  std::vector<RunEntry> entries;
  std::array<BatchHash, 2> hashes;
  std::array<Sealed, 2> seals;

  SmallRun() {
    entries.push_back(RunOpened{"20261121-063341-77", "0.1.0", "2026-11-21T06:33:41Z", "two.toml",
                                scenario_text, "tcp://127.0.0.1:5555", "loopback without keys",
                                "boot", 2});
    for (std::uint32_t agent = 0; agent < 2; ++agent) {
      Hello hello;
      hello.name = "agent-" + std::to_string(agent);
      entries.push_back(AgentJoined{agent, 7 + agent, "", hello});
      entries.push_back(ShareDealt{agent, {agent, 2}});
      entries.push_back(AgentReady{agent, Ready{}});
    }
    entries.push_back(StartDecided{start});
    for (std::uint32_t agent = 0; agent < 2; ++agent)
      entries.push_back(AgentStarted{agent, Started{agent * 200us}});
    for (std::uint32_t agent = 0; agent < 2; ++agent) work(agent);
    for (std::uint32_t agent = 0; agent < 2; ++agent)
      entries.push_back(SealKept{agent, seals[agent]});
    entries.push_back(RunFinished{start + 5'000'000'000, {1, 2, 3, 4, 5, 7}, 6});
  }

  void work(std::uint32_t agent) {
    const Instant began{};
    MetricsRecorder recorder(began);
    for (std::uint64_t second = 0; second < 4; ++second) {
      const Phase phase = second < 1 ? Phase::warm_up : Phase::measure;
      for (int i = 0; i < 10; ++i) {
        RequestTimeline request;
        request.phase = phase;
        request.scheduled = request.dispatched = request.admitted =
            began + std::chrono::seconds(second) + i * 100ms;
        request.content = {request.scheduled + 20ms};
        request.ended = request.content.back();
        request.output_tokens = 1;
        request.outcome = Completed{};
        recorder.on_scheduled(phase);
        recorder.on_issued(phase, request.dispatched);
        recorder.on_tokens(1);
        recorder.on_ended(request);
      }
      add({second + 1, recorder.take_snapshot(began + std::chrono::seconds(second + 1))}, agent);
    }
  }

  void add(const MetricsBatch& batch, std::uint32_t agent) {
    hashes[agent].add(batch);
    seals[agent].hash = hashes[agent].value();
    ++seals[agent].batches;
    for (std::size_t phase = 0; phase < phase_count; ++phase)
      seals[agent].totals[phase] += batch.snapshot.phases[phase].ledger;
    entries.push_back(BatchKept{agent, batch});
  }
};

/// A folder with the run's journal, and the report that is made of it.
struct KeptRun {
  TemporaryFolder folder;
  std::filesystem::path journal = folder.path() / "journal", report = folder.path() / "report.json";

  explicit KeptRun(const std::vector<RunEntry>& entries, bool with_report = true) {
    const auto file = create_journal(journal);
    for (const RunEntry& entry : entries) file->append(encode(entry));
    file->sync();
    if (!with_report) return;
    RunRecord record = replay(entries);
    record.exact = exact_durations(journal, ended_requests(record));
    record.journal = "/where/it/was/journal";
    std::ofstream(report) << json_report(make_run_report(record), record);
  }

  void replace(const std::string& old, const std::string& text) {
    std::string content = read_file(report);
    const auto at = content.find(old);
    BOOST_REQUIRE(at != std::string::npos);
    content.replace(at, old.size(), text);
    std::ofstream(report) << content;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_journal_gives_the_record_again) {
  const RunRecord record = replay(SmallRun().entries);
  BOOST_TEST(record.id == "20261121-063341-77");
  BOOST_TEST(record.scenario.name == "two users");
  BOOST_TEST(record.began);
  BOOST_TEST(!record.broken.has_value());
  BOOST_REQUIRE(record.agents.size() == 2u);
  BOOST_TEST(record.agents[1].batches == 4u);
  BOOST_TEST((record.agents[1].known_until == 4s));
  BOOST_TEST(record.agents[1].hash == record.agents[1].sealed->hash);
  BOOST_TEST(record.timeline.total(Phase::measure).ledger.ok == 60u);
  BOOST_TEST(record.turned_away.refused_keys == 3u);
  BOOST_TEST(record.turned_away.flooded == 7u);
  BOOST_TEST(record.protocol_errors == 6u);
  BOOST_TEST(!record.insecure);
}

BOOST_AUTO_TEST_CASE(what_happened_to_the_fabric_is_in_the_record) {
  SmallRun run;
  run.entries.resize(run.entries.size() - 3);  // before the seals
  run.entries.push_back(
      AgentGivenUp{1, start + 2'500'000'000, "it was gone", start + 2'000'000'000});
  run.entries.push_back(ShareMoved{1, 0, {1, {1, 2}, 3s, 1s}});
  run.entries.push_back(ShareTaken{0, 1});
  run.entries.push_back(CoordinatorResumed{start + 4'000'000'000, start + 3'000'000'000, "boot"});
  run.entries.push_back(LoadStopped{start + 4'500'000'000, true, ""});
  const RunRecord record = replay(run.entries);
  BOOST_TEST(record.agents[1].lost.value() == "it was gone");
  BOOST_TEST((record.agents[1].lost_at == 2500ms));
  BOOST_TEST((record.agents[1].lease_end == 2s));
  BOOST_REQUIRE(record.moved.size() == 1u);
  BOOST_TEST(record.moved[0].taken);
  BOOST_TEST((record.moved[0].from == 3s));
  BOOST_REQUIRE(record.gaps.size() == 1u);
  BOOST_TEST((record.gaps[0].from == 3s));
  BOOST_TEST((record.gaps[0].to == 4s));
  BOOST_TEST(record.interrupted);
}

BOOST_AUTO_TEST_CASE(a_run_that_was_stopped_before_its_start_never_began) {
  SmallRun run;
  run.entries.resize(8);  // up to the decision to start
  BOOST_REQUIRE(std::holds_alternative<StartDecided>(run.entries.back()));
  run.entries.push_back(LoadStopped{start - 1, true, "interrupted before the load began"});
  run.entries.push_back(RunFinished{start + 1});
  const RunRecord record = replay(run.entries);
  BOOST_TEST(!record.began);
  BOOST_TEST(record.broken.value() == "interrupted before the load began");
}

BOOST_AUTO_TEST_CASE(entries_that_contradict_each_other_are_refused) {
  const auto refused = [](std::size_t keep, RunEntry next) {
    SmallRun run;
    run.entries.resize(keep);
    run.entries.push_back(std::move(next));
    try {
      replay(run.entries);
    } catch (const JournalError&) {
      return true;
    }
    return false;
  };
  const std::size_t all = SmallRun().entries.size();
  BOOST_TEST(refused(0, StartDecided{start}));              // nothing opened
  BOOST_TEST(refused(1, RunOpened{}));                      // opened twice
  BOOST_TEST(refused(1, ShareDealt{0, {0, 1}}));            // to nobody
  BOOST_TEST(refused(1, AgentJoined{3, 1, "", Hello{}}));   // out of order
  BOOST_TEST(refused(7, BatchKept{0, {1, {}}}));            // before the start
  BOOST_TEST(refused(10, BatchKept{0, {2, {}}}));           // not the next one
  BOOST_TEST(refused(10, AgentJoined{2, 1, "", Hello{}}));  // after the start
  BOOST_TEST(refused(10, StartDecided{start}));             // twice
  BOOST_TEST(refused(10, ShareTaken{0, 1}));                // never moved
  BOOST_TEST(refused(all, LoadStopped{start, false, ""}));  // after the end
}

BOOST_AUTO_TEST_CASE(a_report_agrees_with_its_journal) {
  const KeptRun run(SmallRun().entries);
  const RunVerification verification = verify_run(run.journal, run.report);
  for (const auto& each : verification.report.differences)
    BOOST_ERROR(each.path << ": " << each.stored << " / " << each.computed);
  BOOST_TEST(verification.agrees());
  BOOST_TEST(verification.report.compared > 500u);
  BOOST_TEST(verification.batches == 8u);
  BOOST_TEST(verification.seals == 2u);
  BOOST_TEST(in_words(verification).find("the report agrees with the journal") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_number_changed_in_the_report_is_found_by_its_path) {
  KeptRun run(SmallRun().entries);
  run.replace("\"ok\": 60", "\"ok\": 61");
  const RunVerification verification = verify_run(run.journal, run.report);
  BOOST_TEST(!verification.agrees());
  BOOST_REQUIRE(verification.report.differences.size() == 1u);
  BOOST_TEST(verification.report.differences[0].path == "/ledger/total/measure/ok");
  BOOST_TEST(
      in_words(verification).find("/ledger/total/measure/ok: the report says 61, the journal 60") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_more_in_the_report_is_found) {
  KeptRun run(SmallRun().entries);
  run.replace("\"simulated\": true,", "\"more\": 1,");
  const auto differences = verify_run(run.journal, run.report).report.differences;
  BOOST_REQUIRE(differences.size() == 2u);
  BOOST_TEST(differences[0].path == "/more");
  BOOST_TEST(differences[0].computed == "nothing");
  BOOST_TEST(differences[1].path == "/simulated");
  BOOST_TEST(differences[1].stored == "nothing");
}

BOOST_AUTO_TEST_CASE(a_seal_that_disagrees_with_the_batches_is_named) {
  SmallRun run;
  ++run.seals[0].hash;
  ++run.seals[1].totals[1].ok;
  run.entries[run.entries.size() - 3] = SealKept{0, run.seals[0]};
  run.entries[run.entries.size() - 2] = SealKept{1, run.seals[1]};
  const KeptRun kept(run.entries);
  const RunVerification verification = verify_run(kept.journal, kept.report);
  BOOST_TEST(verification.report.differences.empty());  // the report says so, too
  BOOST_REQUIRE(verification.contradictions.size() == 2u);
  BOOST_TEST(verification.contradictions[0] == "agent-0 sealed other batches: their hash differs");
  BOOST_TEST(verification.contradictions[1] == "agent-1 sealed other totals of the measured phase");
  BOOST_TEST(!verification.agrees());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_verified_says_why) {
  SmallRun run;
  const KeptRun without(run.entries, false);
  BOOST_CHECK_THROW(verify_run(without.journal, without.report), VerificationError);
  BOOST_CHECK_THROW(verify_run(without.folder.path() / "none", without.report), JournalError);
  KeptRun torn(run.entries);
  std::ofstream(torn.report) << "{ \"schema\"";
  BOOST_CHECK_THROW(verify_run(torn.journal, torn.report), VerificationError);
  KeptRun damaged(run.entries);
  std::string content = read_file(damaged.journal);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  std::ofstream(damaged.journal, std::ios::binary) << content;
  BOOST_CHECK_THROW(verify_run(damaged.journal, damaged.report), JournalError);
  run.entries.pop_back();
  const KeptRun unfinished(run.entries);
  BOOST_CHECK_THROW(verify_run(unfinished.journal, unfinished.report), VerificationError);
}
