// coordinator/campaign/course/json_campaign_file: what was written is read again, whatever a crash
// left at the end.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;
using squall::tests::read_file;

namespace {

struct Folder {
  squall::tests::TemporaryFolder temporary;
  const std::filesystem::path path = temporary.path() / "campaigns" / "x";

  RunEnded run(unsigned repeat, const std::string& id = "r") const {
    RunEnded ended;
    ended.round = 2;
    ended.cell = "abc";
    ended.label = "<script>\n\"\xff";
    ended.repeat = repeat;
    ended.run = id;
    ended.outcome = "pass";
    ended.why = "all well";
    ended.banners = {"SIMULATED"};
    ended.exit_code = 0;
    ended.length = 1500ms;
    ended.at = "2026-11-21T06:33:41Z";
    return ended;
  }
  void append_raw(const std::string& text) const {
    std::ofstream(path / "journal", std::ios::app | std::ios::binary) << text;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_was_written_down_is_read_again, Folder) {
  RoundBegun round{.round = 2,
                   .at = "2026-11-21T06:33:41Z",
                   .campaign = "x",
                   .description = "d",
                   .file = "x.toml",
                   .cells = {{"abc", "users=1", "x.users-1", {{"users", "1"}}, {{"users", 1}}}},
                   .repeats = 3};
  {
    CampaignJournalFile file(path);
    file.append(round);
    file.append(run(1));
  }
  CampaignJournalFile(path).append(run(2, ""));
  const auto journal = read_campaign_journal(path);
  BOOST_REQUIRE(journal.newest() != nullptr);
  BOOST_TEST((journal.newest()->cells == round.cells));
  BOOST_TEST(journal.newest()->repeats == 3u);
  BOOST_REQUIRE_EQUAL(journal.runs.size(), 2u);
  BOOST_TEST(journal.runs[0].label.starts_with("<script>\n\""));
  BOOST_TEST((journal.runs[0].length == 1500ms));
  BOOST_TEST(journal.runs[0].banners.at(0) == "SIMULATED");
  BOOST_REQUIRE_EQUAL(journal.complete_runs(2).size(), 1u);  // one has no report
  BOOST_TEST(journal.complete_runs(1).empty());
}

BOOST_FIXTURE_TEST_CASE(a_line_that_a_crash_tore_is_no_line, Folder) {
  CampaignJournalFile(path).append(run(1));
  append_raw("{\"what\":\"run\",\"rou");
  BOOST_TEST(read_campaign_journal(path).runs.size() == 1u);
  CampaignJournalFile(path).append(run(2));  // stands on a line of its own
  const auto journal = read_campaign_journal(path);
  BOOST_REQUIRE_EQUAL(journal.runs.size(), 2u);
  BOOST_TEST(journal.runs[1].repeat == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_line_is_told_with_its_number, Folder) {
  CampaignJournalFile(path).append(run(1));
  append_raw("nonsense\n");
  CampaignJournalFile(path).append(run(2));
  BOOST_CHECK_EXCEPTION(read_campaign_journal(path), CampaignStateError, [](const auto& error) {
    return std::string(error.what()).find("damaged in line 2") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(where_nothing_was_run_the_journal_is_empty, Folder) {
  BOOST_TEST(read_campaign_journal(path).newest() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_round_begins_again_when_the_first_one_changed) {
  CampaignJournal journal;
  const auto begin = [&](unsigned round, const char* at) {
    journal.rounds.emplace_back();
    journal.rounds.back().round = round;
    journal.rounds.back().at = at;
  };
  begin(1, "a");
  begin(2, "b");
  begin(2, "c");
  BOOST_TEST(journal.began_at(2) == "b");
  BOOST_TEST(journal.newest()->at == "c");
}

BOOST_AUTO_TEST_CASE(reports_say_how_their_run_ended) {
  const auto ended = ending_of_report(
      R"({"run": {"id": "r1"}, "verdict": {"outcome": "fail", "sentence": "1 missed"},
          "banners": ["SIMULATED TARGET"]})");
  BOOST_TEST(ended.run == "r1");
  BOOST_TEST(ended.failed());
  BOOST_TEST(ended.why == "1 missed");
  BOOST_TEST(ended.banners.size() == 1u);
}
