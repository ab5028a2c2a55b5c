// coordinator/campaign/course: the order of runs, what is missing after a crash, and when to stop,
// on a runner that runs nothing.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "coordinator/campaign/course/campaign_conduct.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

std::vector<CampaignCell> some_cells(std::size_t count) {
  std::vector<CampaignCell> cells;
  for (std::size_t i = 0; i < count; ++i) {
    CampaignCell cell;
    cell.label = "cell " + std::to_string(i);
    cell.identity = "id" + std::to_string(i);
    cell.planned = 10s;
    cells.push_back(std::move(cell));
  }
  return cells;
}

/// Runs take eleven seconds of a clock of its own.
struct FakeWorld {
  CampaignRound round{.cells = some_cells(4), .repeats = 3};
  CampaignJournal journal;
  std::vector<std::string> ran;  // "cell 1/2"
  std::vector<std::string> progress;
  std::set<std::string> lost;  // runs that the store has no more
  std::function<std::string(const CampaignCell&)> outcome = [](const auto&) { return "pass"; };
  std::function<bool()> stop_now = [] { return false; };
  std::function<bool(const CampaignCell&)> worse = [](const auto&) { return false; };
  nanoseconds now{0}, rested{0};

  RoundOutcome conduct() {
    const CampaignJournal before = journal;
    return conduct_round(round, before,
                         {.run =
                              [this](const CampaignCell& cell, const std::string& text) {
                                progress.push_back(text);
                                now += 11s;
                                RunEnded ended;
                                ended.outcome = outcome(cell);
                                if (ended.outcome != "broken")
                                  ended.run = "run" + std::to_string(++number_);
                                ended.length = 11s;
                                return ended;
                              },
                          .write_down =
                              [this](const RunEnded& run) {
                                ran.push_back(run.label + "/" + std::to_string(run.repeat));
                                journal.runs.push_back(run);
                              },
                          .stored = [this](const std::string& run) { return lost.count(run) == 0; },
                          .now = [this] { return now; },
                          .rest =
                              [this](nanoseconds length) {
                                rested += length;
                                now += length;
                                return true;
                              },
                          .interrupted = [this] { return stop_now(); },
                          .got_worse = [this](const CampaignCell& cell) { return worse(cell); }});
  }
  int number_ = 0;
};

std::vector<std::string> in_words(const std::vector<PlannedRun>& runs) {
  std::vector<std::string> words;
  for (const auto& run : runs)
    words.push_back(std::string(1, static_cast<char>('A' + run.cell)) + std::to_string(run.repeat));
  return words;
}

void expect_order(CampaignOrder order, const std::vector<std::string>& wanted) {
  const auto found = in_words(ordered_runs(3, 2, order, 1));
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(runs_are_ordered_as_written_or_forth_and_back) {
  expect_order(CampaignOrder::as_written, {"A1", "A2", "B1", "B2", "C1", "C2"});
  expect_order(CampaignOrder::interleaved, {"A1", "B1", "C1", "C2", "B2", "A2"});
}

BOOST_AUTO_TEST_CASE(a_random_order_is_a_shuffle_that_its_seed_decides) {
  const auto one = ordered_runs(5, 4, CampaignOrder::random, 7);
  const auto same = ordered_runs(5, 4, CampaignOrder::random, 7);
  const auto other = ordered_runs(5, 4, CampaignOrder::random, 8);
  BOOST_TEST((one == same));
  BOOST_TEST((one != other));
  BOOST_TEST((one != ordered_runs(5, 4, CampaignOrder::as_written, 7)));
  std::set<std::string> all;
  for (const auto& word : in_words(one)) all.insert(word);
  BOOST_TEST(all.size() == 20u);
}

BOOST_AUTO_TEST_CASE(every_cell_leads_the_shuffle_equally_often) {
  std::vector<int> first(4, 0);
  for (std::uint64_t seed = 0; seed < 4000; ++seed)
    ++first[ordered_runs(4, 1, CampaignOrder::random, seed).front().cell];
  // Of 4000 fair draws each share is within 1000 +- 5 deviations of 27.
  for (const int count : first) BOOST_TEST((count > 860 && count < 1140), count);
}

BOOST_FIXTURE_TEST_CASE(all_runs_are_made_once, FakeWorld) {
  const auto found = conduct();
  BOOST_TEST(found.made == 12u);
  BOOST_TEST(found.missing == 0u);
  BOOST_TEST(found.why_stopped.empty());
  BOOST_TEST(std::set<std::string>(ran.begin(), ran.end()).size() == 12u);
}

BOOST_FIXTURE_TEST_CASE(after_a_crash_exactly_what_is_missing_is_run, FakeWorld) {
  conduct();
  journal.runs.resize(6);  // it was killed in the seventh
  const std::vector<std::string> all = ran;
  ran.clear();
  BOOST_TEST(conduct().made == 6u);
  BOOST_TEST(ran == std::vector<std::string>(all.begin() + 6, all.end()),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_run_counts_as_done_while_the_store_has_it, FakeWorld) {
  conduct();
  lost = {"run2", "run5"};
  ran.clear();
  conduct();
  const std::vector<std::string> wanted{"cell 0/2", "cell 1/2"};
  BOOST_TEST(ran == wanted, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(runs_that_were_interrupted_or_broke_are_missing, FakeWorld) {
  outcome = [](const CampaignCell& cell) {
    return cell.identity == "id1" ? "broken" : cell.identity == "id2" ? "interrupted" : "invalid";
  };
  BOOST_TEST(conduct().missing == 6u);
  outcome = [](const auto&) { return "pass"; };
  BOOST_TEST(conduct().made == 6u);
}

BOOST_FIXTURE_TEST_CASE(a_new_round_runs_everything_again, FakeWorld) {
  conduct();
  round.number = 2;
  BOOST_TEST(conduct().made == 12u);
}

BOOST_FIXTURE_TEST_CASE(a_changed_campaign_runs_its_new_cells_and_says_so, FakeWorld) {
  CampaignFile file;
  const auto before = beginning_of(round, file, "now");
  conduct();
  round.cells[1].identity = "changed";
  BOOST_TEST(conduct().made == 3u);
  const auto changes = changes_since(before, round);
  BOOST_REQUIRE_EQUAL(changes.size(), 2u);
  BOOST_TEST(changes[0] == "1 cell new or changed, to be run: cell 1");
  BOOST_TEST(changes[1] == "1 cell gone or changed, whose runs no longer count: cell 1");
  round.repeats = 4;
  BOOST_TEST(changes_since(before, round).back() == "repeats were 3 and are 4");
  BOOST_TEST(conduct().made == 4u);
}

BOOST_FIXTURE_TEST_CASE(it_stops_after_the_failures_that_are_allowed, FakeWorld) {
  round.rules.stop.failures = 2;
  outcome = [this](const auto&) { return number_ % 3 == 1 ? "fail" : "pass"; };
  const auto found = conduct();
  BOOST_TEST(found.made == 5u);  // the second and the fifth failed
  BOOST_TEST(found.missing == 7u);
  BOOST_TEST(found.why_stopped == "2 runs failed, and [stop] allows no more");
}

BOOST_FIXTURE_TEST_CASE(inconclusive_runs_are_no_failures, FakeWorld) {
  round.rules.stop.failures = 1;
  outcome = [](const auto&) { return "inconclusive"; };
  BOOST_TEST(conduct().made == 12u);
}

BOOST_FIXTURE_TEST_CASE(it_stops_when_a_whole_cell_got_worse, FakeWorld) {
  round.rules.stop.regression = true;
  worse = [](const CampaignCell& cell) { return cell.identity == "id1"; };
  const auto found = conduct();
  BOOST_TEST(found.made == 6u);  // all three of the second cell
  BOOST_TEST(found.why_stopped == "a cell got worse, and [stop] has regression = true");
}

BOOST_FIXTURE_TEST_CASE(no_run_begins_that_would_end_after_the_budget, FakeWorld) {
  round.rules.budget = 36s;
  BOOST_TEST(conduct().made == 3u);  // the fourth would end at 44 s
}

BOOST_FIXTURE_TEST_CASE(it_rests_between_runs_and_not_before_the_first, FakeWorld) {
  round.rules.cool_down = 2s;
  conduct();
  BOOST_TEST((rested == 22s));
}

BOOST_FIXTURE_TEST_CASE(an_interruption_leaves_the_rest_for_later, FakeWorld) {
  stop_now = [this] { return number_ >= 4; };
  outcome = [this](const auto&) { return number_ == 3 ? "interrupted" : "pass"; };
  const auto found = conduct();
  BOOST_TEST(found.interrupted);
  BOOST_TEST(found.made == 4u);
  BOOST_TEST(found.missing == 9u);
  stop_now = [] { return false; };
  BOOST_TEST(conduct().made == 9u);
}

BOOST_FIXTURE_TEST_CASE(progress_tells_the_run_and_the_time_left, FakeWorld) {
  conduct();
  // Planned for 10 s, three more for starting and draining until runs have shown what they take.
  BOOST_TEST(progress[0] == "run 1 of 12, about 3 min left: cell 0, repeat 1");
  BOOST_TEST(progress[11] == "run 12 of 12, about 11 s left: cell 3, repeat 3");
}
