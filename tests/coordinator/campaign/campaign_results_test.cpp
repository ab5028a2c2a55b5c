// coordinator/campaign/results: medians over repeats, what nothing else beats, best and worst, why
// it failed; and that what others wrote stays text in every format.

#include "coordinator/campaign/results/campaign_results.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/campaign/results/campaign_page.hpp"
#include "coordinator/campaign/results/campaign_text.hpp"
#include "coordinator/campaign/results/json_campaign_results.hpp"

using namespace squall::coordinator;
using nlohmann::json;

namespace {

const std::string markup = "<script>alert(1)</script>";

struct CampaignOfRuns {
  CampaignJournal journal;
  ResultSources sources;

  CampaignOfRuns() {
    journal.rounds.emplace_back();
    journal.rounds[0].at = "2026-11-21T06:00:00Z";
    journal.rounds[0].campaign = "c";
  }
  void cell(const std::string& label, double users = 0) {
    JournalCell cell{"id " + label, label, "c.tag", {{"users", label}}, {}};
    if (users > 0) cell.numbers["users"] = users;
    journal.rounds[0].cells.push_back(std::move(cell));
  }
  /// The next repeat of a cell.
  void run(const std::string& label, double tokens, double ttft,
           const std::string& outcome = "pass", const std::string& why = "") {
    RunEnded ended;
    ended.cell = "id " + label;
    ended.label = label;
    ended.repeat = ++repeats_[label];
    ended.run = "run " + label + std::to_string(ended.repeat);
    ended.outcome = outcome;
    ended.why = why;
    journal.rounds[0].repeats = std::max(journal.rounds[0].repeats, ended.repeat);
    RunFigures figures;
    figures.run = ended.run;
    figures.outcome = outcome;
    figures.figures = {{"tokens_per_second", tokens}, {"ttft_p95", ttft}};
    sources.runs[ended.run] = figures;
    journal.runs.push_back(std::move(ended));
  }
  CampaignResults results() const { return campaign_results(journal, sources); }
  std::map<std::string, unsigned> repeats_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_cell_has_the_median_and_the_range_of_its_repeats, CampaignOfRuns) {
  cell("a");
  for (const double tokens : {90.0, 120.0, 100.0}) run("a", tokens, 0.1);
  const auto& spread = results().cells.at(0).figures.at("tokens_per_second");
  BOOST_TEST(spread.median == 100);
  BOOST_TEST(spread.low == 90);
  BOOST_TEST(spread.high == 120);
  BOOST_TEST(spread.runs == 3u);
  run("a", 110, 0.1);
  BOOST_TEST(results().cells.at(0).figures.at("tokens_per_second").median == 105);
}

BOOST_FIXTURE_TEST_CASE(invalid_runs_count_in_no_figure, CampaignOfRuns) {
  cell("a");
  run("a", 100, 0.1);
  run("a", 900, 0.9, "invalid", "the generator was late");
  const auto found = results();
  BOOST_TEST(found.cells[0].figures.at("tokens_per_second").high == 100);
  BOOST_TEST(found.exit_code == 13);
  BOOST_REQUIRE_EQUAL(found.troubles.size(), 1u);
  BOOST_TEST(found.troubles[0].why == "the generator was late");
}

BOOST_FIXTURE_TEST_CASE(the_front_is_what_no_other_cell_beats, CampaignOfRuns) {
  for (const char* name : {"quick", "middle", "beaten", "fast", "twin"}) cell(name);
  run("quick", 10, 0.1);
  run("middle", 50, 0.2);
  run("beaten", 40, 0.3);
  run("fast", 90, 0.5);
  run("twin", 90, 0.5);  // equal to another: neither beats the other
  std::vector<std::string> front;
  for (const auto& cell : results().cells)
    if (cell.on_front) front.push_back(cell.cell.label);
  const std::vector<std::string> wanted{"quick", "middle", "fast", "twin"};
  BOOST_TEST(front == wanted, boost::test_tools::per_element());
  const Chart chart = front_chart(results());
  BOOST_REQUIRE_EQUAL(chart.series.size(), 6u);  // five cells and the front
  BOOST_TEST(chart.series.back().x.size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(best_and_worst_know_which_way_is_better, CampaignOfRuns) {
  for (const char* name : {"a", "b", "c"}) cell(name);
  run("a", 10, 0.1);
  run("b", 50, 0.2);
  run("c", 40, 0.7);
  const auto extremes = results().extremes;
  BOOST_REQUIRE_EQUAL(extremes.size(), 2u);
  BOOST_TEST(extremes[0].figure == "tokens_per_second");
  BOOST_TEST(extremes[0].best == "b");
  BOOST_TEST(extremes[0].worst == "a");
  BOOST_TEST(extremes[1].best == "a");
  BOOST_TEST(extremes[1].worst == "c");
}

BOOST_FIXTURE_TEST_CASE(equal_cells_have_no_best, CampaignOfRuns) {
  for (const char* name : {"a", "b"}) cell(name);
  run("a", 10, 0.1);
  run("b", 10, 0.1);
  BOOST_TEST(results().extremes.empty());
}

BOOST_FIXTURE_TEST_CASE(the_worst_of_its_runs_decides_the_exit_code, CampaignOfRuns) {
  cell("a");
  run("a", 10, 0.1);
  BOOST_TEST(results().exit_code == 0);
  BOOST_TEST(results().sentence == "PASS: all 1 run of 1 cell");
  run("a", 10, 0.1, "inconclusive");
  BOOST_TEST(results().exit_code == 12);
  run("a", 10, 0.1, "fail");
  BOOST_TEST(results().exit_code == 10);
  run("a", 10, 0.1, "invalid");
  BOOST_TEST(results().exit_code == 13);
  RunComparison worse;
  worse.judgement = Judgement::regression;
  sources.comparisons.emplace("id a", worse);
  BOOST_TEST(results().exit_code == 11);
  RunEnded broken;
  broken.cell = "id a";
  broken.outcome = "broken";
  broken.repeat = 5;
  journal.runs.push_back(broken);
  journal.rounds[0].repeats = 5;
  BOOST_TEST(results().exit_code == 1);
  auto interrupted = results();
  end_with(interrupted, true, "");
  BOOST_TEST(interrupted.exit_code == 130);
}

BOOST_FIXTURE_TEST_CASE(what_is_missing_is_no_pass, CampaignOfRuns) {
  cell("a");
  cell("b");
  run("a", 10, 0.1);
  run("a", 10, 0.1);
  sources.runs.erase("run a2");
  const auto found = results();
  BOOST_TEST(found.planned == 4u);
  BOOST_TEST(found.done == 1u);
  BOOST_TEST(found.cells[0].missing == 1u);
  BOOST_TEST(found.cells[1].missing == 2u);
  BOOST_TEST(found.exit_code == 12);
  BOOST_TEST(found.notes.at(0) == "no longer in the store, and missing: 1 run");
}

BOOST_FIXTURE_TEST_CASE(a_run_that_broke_and_was_made_again_is_no_trouble, CampaignOfRuns) {
  cell("a");
  RunEnded broken;
  broken.cell = "id a";
  broken.outcome = "broken";
  journal.runs.push_back(broken);
  run("a", 10, 0.1);
  BOOST_TEST(results().troubles.empty());
  BOOST_TEST(results().exit_code == 0);
}

BOOST_FIXTURE_TEST_CASE(figures_are_drawn_against_what_was_varied, CampaignOfRuns) {
  for (const double users : {1.0, 4.0, 100.0}) {
    cell(std::to_string(users), users);
    run(std::to_string(users), 10 * users, 0.1);
    run(std::to_string(users), 12 * users, 0.1);
  }
  const auto found = results();
  BOOST_REQUIRE_EQUAL(numeric_axes(found).size(), 1u);
  const Chart chart = axis_chart(found, "users", "tokens_per_second");
  BOOST_REQUIRE_EQUAL(chart.series.size(), 1u);
  BOOST_TEST(chart.x.logarithmic);
  BOOST_TEST(chart.series[0].x.at(1) == 4);
  BOOST_TEST(chart.series[0].y.at(1).value() == 44);
  BOOST_TEST(chart.series[0].low.at(1).value() == 40);
  BOOST_TEST(chart.series[0].high.at(1).value() == 48);
}

BOOST_FIXTURE_TEST_CASE(what_others_wrote_stays_text_in_every_format, CampaignOfRuns) {
  journal.rounds[0].campaign = markup + "\x1b[31m";
  journal.rounds[0].description = markup;
  for (const char* name : {"a", "b"}) cell(name + markup + " | *x* \n# y");
  run("a" + markup + " | *x* \n# y", 10, 0.1, "fail", markup + "\x1b]0;x\x07");
  run("b" + markup + " | *x* \n# y", 20, 0.2);
  journal.runs[1].banners = {markup};
  const auto found = results();
  const std::string text = campaign_text(found, {});
  BOOST_TEST(!contains(text, "\x1b"));
  BOOST_TEST(!contains(text, "\x07"));
  const std::string markdown = campaign_markdown(found);
  BOOST_TEST(!contains(markdown, "<script"));
  BOOST_TEST(contains(markdown, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  BOOST_TEST(contains(markdown, "\\| \\*x\\*"));
  const std::string page = campaign_page(found);
  BOOST_TEST(!contains(page, "<script>alert"));
  BOOST_TEST(contains(page, "&lt;script&gt;alert"));
  const json parsed = json::parse(json_campaign_results(found));
  BOOST_TEST(parsed.at("description") == markup);
}

BOOST_FIXTURE_TEST_CASE(every_output_says_what_was_simulated, CampaignOfRuns) {
  cell("a");
  run("a", 10, 0.1);
  journal.runs[0].banners = {"SIMULATED TARGET: a law"};
  const auto found = results();
  BOOST_TEST(contains(campaign_text(found, {}), "SIMULATED TARGET: a law"));
  BOOST_TEST(contains(campaign_markdown(found), "SIMULATED TARGET: a law"));
  BOOST_TEST(contains(campaign_page(found), "SIMULATED TARGET: a law"));
  BOOST_TEST(contains(json_campaign_results(found), "SIMULATED TARGET: a law"));
}
