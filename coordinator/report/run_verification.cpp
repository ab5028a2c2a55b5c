#include "coordinator/report/run_verification.hpp"

#include <fstream>
#include <sstream>

#include "coordinator/report/json_report.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace actors;

namespace {

constexpr std::size_t most_shown = 100;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw VerificationError("cannot read the report " + path.string() +
                            "; a run has one when it is over");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

RunRecord replayed(const std::filesystem::path& path, RunVerification& verification) {
  RunReplay replay;
  const JournalEnd end = read_journal(path, [&](std::span<const std::byte> record) {
    const auto entry = decode_run_entry(record);
    if (!entry)
      throw JournalError(path.string() +
                         " is no journal of a run of this release; verify it with the release "
                         "that wrote it");
    replay.take(*entry);
  });
  if (!replay.finished())
    throw VerificationError("the run in " + path.string() +
                            " is not over: squall run --resume goes on with it");
  verification.records = end.records;
  verification.torn_bytes = end.torn_bytes;
  return replay.record();
}

/// Every seal against what was kept of its agent.
void check_seals(const RunRecord& record, RunVerification& verification) {
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    const AgentRecord& agent = record.agents[index];
    verification.batches += agent.batches;
    if (!agent.sealed) continue;
    ++verification.seals;
    const auto complain = [&](const std::string& what) {
      verification.contradictions.push_back(agent.hello.name + " sealed " + what);
    };
    if (agent.sealed->batches != agent.batches)
      complain(readable_count(agent.sealed->batches) + " batches, the journal has " +
               readable_count(agent.batches));
    if (agent.sealed->hash != agent.hash) complain("other batches: their hash differs");
    for (const Phase phase : {Phase::warm_up, Phase::measure})
      if (agent.sealed->totals[static_cast<std::size_t>(phase)] !=
          record.timeline.of_agent(index, phase).ledger)
        complain(std::string("other totals of the ") +
                 (phase == Phase::warm_up ? "warm-up" : "measured phase"));
  }
}

}  // namespace

RunVerification verify_run(const std::filesystem::path& journal,
                           const std::filesystem::path& report) {
  RunVerification verification;
  RunRecord record = replayed(journal, verification);
  record.exact = exact_durations(journal, ended_requests(record));
  verification.run = record.id;
  verification.agents = record.agents.size();
  check_seals(record, verification);
  const std::string stored = read_text(report);
  try {
    // Where the journal lay when the run ended is no figure: folders may be moved.
    verification.report =
        compare_json(stored, json_report(make_run_report(record), record), {"/campaign/journal"});
  } catch (const std::runtime_error& error) {
    throw VerificationError("cannot read the report " + report.string() + ": " + error.what());
  }
  return verification;
}

std::string in_words(const RunVerification& verification) {
  std::string text =
      "run " + printable(verification.run, 80) + ": " + plural(verification.records, "record") +
      ", " + readable_count(verification.batches) + " batches of " +
      plural(verification.agents, "agent") + ", " + plural(verification.seals, "seal") + "; " +
      readable_count(verification.report.compared) + " values compared\n";
  if (verification.torn_bytes > 0)
    text += "the journal's last " + readable_count(verification.torn_bytes) +
            " bytes are of an interrupted write, after the end of the run\n";
  for (const std::string& each : verification.contradictions) text += printable(each, 300) + "\n";
  const auto& differences = verification.report.differences;
  for (std::size_t i = 0; i < differences.size() && i < most_shown; ++i)
    text += printable(differences[i].path, 200) + ": the report says " +
            printable(differences[i].stored, 200) + ", the journal " +
            printable(differences[i].computed, 200) + "\n";
  if (differences.size() > most_shown)
    text += "and " + plural(differences.size() - most_shown, "more difference") + "\n";
  return text + (verification.agrees() ? "the report agrees with the journal\n"
                                       : "the report DOES NOT agree with the journal\n");
}

}  // namespace squall::coordinator
