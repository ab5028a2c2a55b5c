#include "coordinator/campaign/commands/campaign_runs.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "coordinator/campaign/commands/utc.hpp"
#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/commands/run_dashboard.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/processes/child_run.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr auto longest_run = std::chrono::hours(24 * 30);  // the scenario is the limit

std::string last_line(const std::string& text) {
  std::string last;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (end > begin) last = text.substr(begin, end - begin);
    begin = end + 1;
  }
  return last;
}

/// "pass, tokens_per_second 812, ttft_p95 12.3 ms".
std::string in_short(const RunEnded& ended, const std::string& report) {
  std::string text = ended.outcome;
  const RunFigures run = figures_of_report(report);
  for (const char* figure : {"tokens_per_second", "ttft_p95", "error_rate"}) {
    const auto found = run.figures.find(figure);
    if (found != run.figures.end())
      text += std::string(", ") + figure + " " +
              readable_figure(found->second, kind_of_figure(figure).unit);
  }
  if (ended.outcome != "pass" && !ended.why.empty()) text += "; " + printable(ended.why, 200);
  return text;
}

RunEnded broken(const std::string& why, int exit_code) {
  RunEnded ended;
  ended.outcome = "broken";
  ended.why = why;
  ended.exit_code = exit_code;
  return ended;
}

}  // namespace

CampaignRuns::CampaignRuns(RunPlaces places, ProgressLine& progress)
    : places_(std::move(places)),
      progress_(progress),
      selection_(store_file(places_.store, places_.state)) {}

std::vector<std::string> CampaignRuns::arguments_of(const CampaignCell& cell) const {
  std::vector<std::string> arguments{cell.scenario};
  if (!cell.derived.empty()) {
    const auto path = places_.folder / (cell.identity + ".toml");
    std::ofstream file(path, std::ios::binary);
    if (!(file << cell.derived << std::flush))
      throw CampaignStateError("cannot write " + path.string() + "; --state names another folder");
    arguments[0] = path.string();
  }
  for (const auto& setting : cell.settings) arguments.push_back("--set=" + setting);
  arguments.insert(arguments.end(), places_.options.begin(), places_.options.end());
  if (!places_.store.empty()) arguments.push_back("--store=" + places_.store);
  if (!places_.state.empty()) arguments.push_back("--state=" + places_.state);
  return arguments;
}

RunEnded CampaignRuns::run(const CampaignCell& cell, const std::string& progress,
                           const std::function<bool()>& interrupted) {
  progress_.begin(progress);
  const std::string at = utc_now();
  RunEnded ended;
  std::string told;
  try {
    const auto go_on = [&] {
      progress_.tick();
      return !interrupted();
    };
    const auto hear = [&](const std::string& line) {
      if (tells_where(line)) progress_.tell(printable(line, 300));
    };
    const ChildRunResult child = run_in_child(arguments_of(cell), longest_run, go_on, hear);
    if (child.json.empty()) {
      ended = broken(last_line(child.errors), child.exit_code);
      if (ended.why.empty()) ended.why = "it ended without a report";
      told = "no report: " + printable(ended.why, 300);
    } else {
      ended = ending_of_report(child.json);
      ended.exit_code = child.exit_code;
      told = in_short(ended, child.json);
      if (child.exit_code == 1 || child.exit_code == -1)  // the verdict never says so
        progress_.tell(printable(last_line(child.errors), 500));
    }
  } catch (const ChildRunError& error) {
    ended = broken(error.what(), 1);
    told = printable(ended.why, 300);
  } catch (const ReportUnreadable& error) {
    ended = broken(std::string("its report ") + error.what(), 1);
    told = printable(ended.why, 300);
  }
  ended.at = at;
  ended.length = progress_.length();
  progress_.end(interrupted() ? "interrupted" : told);
  if (ended.complete()) tag(cell, ended.run);
  return ended;
}

void CampaignRuns::tag(const CampaignCell& cell, const std::string& run) {
  try {
    selection_.store().tag(run, places_.tag);
    selection_.store().tag(run, cell.tag);
  } catch (const StoreError& error) {  // the run counts all the same
    progress_.tell(std::string("the run is not tagged: ") + error.what());
  }
}

bool CampaignRuns::stored(const std::string& run) {
  try {
    return selection_.store().find(run).state == "finished";
  } catch (const StoreError&) {
    return false;
  }
}

std::vector<std::string> runs_of_cell(const CampaignJournal& journal, unsigned round,
                                      const std::string& identity) {
  std::map<unsigned, std::string> runs;
  for (const RunEnded* run : journal.complete_runs(round))
    if (run->cell == identity) runs[run->repeat] = run->run;
  std::vector<std::string> found;
  for (auto& [repeat, run] : runs) found.push_back(std::move(run));
  return found;
}

std::optional<RunComparison> CampaignRuns::against_accepted(const JournalCell& cell,
                                                            std::vector<RunFigures> runs,
                                                            const ComparisonOptions& gates) {
  const auto names = selection_.store().baselines();
  if (std::find(names.begin(), names.end(), cell.tag) == names.end()) return std::nullopt;
  auto base = selection_.find({"baseline:" + cell.tag});
  const auto same = [&](const RunFigures& each) {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const RunFigures& run) { return run.run == each.run; });
  };
  if (runs.empty() || std::any_of(base.begin(), base.end(), same)) return std::nullopt;
  ComparisonOptions options = gates;
  options.base_name = "accepted";
  options.run_name = "round";
  return compare_runs(std::move(base), std::move(runs), options);
}

ResultSources CampaignRuns::sources_of(const CampaignJournal& journal,
                                       const ComparisonOptions& gates) {
  ResultSources sources;
  const RoundBegun& round = *journal.newest();
  for (const auto& cell : round.cells) {
    std::vector<RunFigures> figures;
    for (const auto& run : runs_of_cell(journal, round.round, cell.identity)) {
      if (!stored(run)) continue;
      figures.push_back(selection_.find({run}).front());
      sources.runs[run] = figures.back();
    }
    if (auto found = against_accepted(cell, std::move(figures), gates))
      sources.comparisons.emplace(cell.identity, std::move(*found));
  }
  return sources;
}

std::size_t CampaignRuns::accept(const CampaignJournal& journal, bool accept_failed) {
  const RoundBegun& round = *journal.newest();
  std::map<std::string, std::vector<std::string>> accepted;
  for (const auto& cell : round.cells) {
    auto& runs = accepted[cell.tag];
    for (auto& run : runs_of_cell(journal, round.round, cell.identity)) {
      const RunFigures figures = selection_.find({run}).front();
      if (!figures.usable())
        throw UsageError("run " + run + " of " + printable(cell.label) + " is " + figures.outcome +
                         " and cannot be accepted; run the campaign again with --fresh");
      if (figures.outcome == "fail" && !accept_failed)
        throw UsageError("run " + run + " of " + printable(cell.label) +
                         " failed its thresholds; accept it all the same with --accept-failed");
      runs.push_back(std::move(run));
    }
    if (runs.size() < round.repeats)
      throw UsageError("round " + std::to_string(round.round) + " is not complete: " +
                       printable(cell.label) + " has " + std::to_string(runs.size()) + " of " +
                       plural(round.repeats, "run") + "; run the campaign to its end first");
  }
  for (const auto& [tag, runs] : accepted) selection_.store().set_baseline(tag, runs);
  return accepted.size();
}

bool CampaignRuns::any_accepted(const CampaignJournal& journal) {
  const auto names = selection_.store().baselines();
  const auto& cells = journal.newest()->cells;
  return std::any_of(cells.begin(), cells.end(), [&](const JournalCell& cell) {
    return std::find(names.begin(), names.end(), cell.tag) != names.end();
  });
}

}  // namespace squall::coordinator
