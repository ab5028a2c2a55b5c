#include "coordinator/campaign/results/campaign_results.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr auto shown_figures =
    std::to_array<const char*>({"tokens_per_second", "requests_per_second", "ttft_p50", "ttft_p95",
                                "tpot_p50", "e2e_p50", "e2e_p95", "error_rate"});
constexpr auto front_latencies = std::to_array<const char*>({"ttft_p95", "e2e_p95", "ttft_p50"});

FigureSpread spread_of(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back(), values.size()};
}

void add_figures(CellResult& cell, const std::vector<const RunFigures*>& runs) {
  std::map<std::string, std::vector<double>> values;
  for (const RunFigures* run : runs)
    for (const auto& [name, value] : run->figures) values[name].push_back(value);
  for (auto& [name, all] : values) cell.figures[name] = spread_of(std::move(all));
}

std::optional<double> median(const CellResult& cell, const std::string& figure) {
  const auto found = cell.figures.find(figure);
  if (found == cell.figures.end()) return std::nullopt;
  return found->second.median;
}

/// The latency that most cells have; a percentile that is withheld for want of samples has no
/// place on a front.
std::string front_latency(const std::vector<CellResult>& cells) {
  std::string best;
  std::ptrdiff_t most = 0;
  for (const char* figure : front_latencies) {
    const auto have = std::count_if(cells.begin(), cells.end(), [&](const CellResult& cell) {
      return median(cell, figure).has_value();
    });
    if (have > most) {
      most = have;
      best = figure;
    }
  }
  return best;
}

bool beats(const CellResult& one, const CellResult& other, const std::string& latency) {
  const auto throughput_1 = median(one, "tokens_per_second"), latency_1 = median(one, latency);
  const auto throughput_2 = median(other, "tokens_per_second"), latency_2 = median(other, latency);
  if (!throughput_1 || !latency_1 || !throughput_2 || !latency_2) return false;
  return *throughput_1 >= *throughput_2 && *latency_1 <= *latency_2 &&
         (*throughput_1 > *throughput_2 || *latency_1 < *latency_2);
}

void mark_front(CampaignResults& results) {
  results.front_latency = front_latency(results.cells);
  for (auto& cell : results.cells) {
    if (!median(cell, "tokens_per_second") || !median(cell, results.front_latency)) continue;
    cell.on_front = std::none_of(results.cells.begin(), results.cells.end(), [&](const auto& each) {
      return beats(each, cell, results.front_latency);
    });
  }
}

void add_extremes(CampaignResults& results) {
  for (const auto& figure : figures_shown(results)) {
    const bool more = kind_of_figure(figure).more_is_better;
    const CellResult *best = nullptr, *worst = nullptr;
    for (const auto& cell : results.cells) {
      const auto value = median(cell, figure);
      if (!value) continue;
      const auto better = [&](const CellResult& than) {
        return more ? *value > *median(than, figure) : *value < *median(than, figure);
      };
      const auto equal = [&](const CellResult& to) { return *value == *median(to, figure); };
      if (best == nullptr || better(*best)) best = &cell;
      if (worst == nullptr || (!better(*worst) && !equal(*worst))) worst = &cell;
    }
    if (best == nullptr || best == worst) continue;
    results.extremes.push_back({figure, best->cell.label, worst->cell.label, *median(*best, figure),
                                *median(*worst, figure)});
  }
}

/// The last word on each repeat of a cell; what was tried again counts once.
std::vector<const RunEnded*> last_words(const CampaignJournal& journal, unsigned round,
                                        const std::string& cell, unsigned repeats) {
  std::vector<const RunEnded*> found;
  for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
    const RunEnded* last = nullptr;
    for (const auto& run : journal.runs)
      if (run.round == round && run.cell == cell && run.repeat == repeat) last = &run;
    if (last != nullptr) found.push_back(last);
  }
  return found;
}

class ResultMaker {
 public:
  ResultMaker(const CampaignJournal& journal, const ResultSources& sources)
      : journal_(journal), sources_(sources), round_(*journal.newest()) {}

  CampaignResults make() {
    results_.campaign = round_.campaign;
    results_.description = round_.description;
    results_.file = round_.file;
    results_.began_at = journal_.began_at(round_.round);
    results_.round = round_.round;
    results_.repeats = round_.repeats;
    results_.planned = round_.cells.size() * round_.repeats;
    for (const auto& cell : round_.cells) add(cell);
    results_.banners.assign(banners_.begin(), banners_.end());
    if (gone_ > 0)
      results_.notes.push_back("no longer in the store, and missing: " + plural(gone_, "run"));
    mark_front(results_);
    add_extremes(results_);
    return std::move(results_);
  }

 private:
  void add(const JournalCell& cell) {
    CellResult result;
    result.cell = cell;
    std::vector<const RunFigures*> usable;
    std::size_t there = 0;
    for (const RunEnded* run : last_words(journal_, round_.round, cell.identity, round_.repeats)) {
      if (!run->complete()) {
        trouble(*run);
        continue;
      }
      const auto figures = sources_.runs.find(run->run);
      if (figures == sources_.runs.end()) {
        ++gone_;
        continue;
      }
      ++there;
      banners_.insert(run->banners.begin(), run->banners.end());
      result.runs.push_back(run->run);
      ++result.outcomes[run->outcome];
      if (figures->second.usable()) usable.push_back(&figures->second);
      if (run->outcome != "pass") trouble(*run);
    }
    result.missing = round_.repeats - there;
    results_.done += there;
    add_figures(result, usable);
    const auto against = sources_.comparisons.find(cell.identity);
    if (against != sources_.comparisons.end()) result.against = against->second;
    results_.cells.push_back(std::move(result));
  }

  void trouble(const RunEnded& run) {
    results_.troubles.push_back({run.label, run.run, run.outcome, run.why, run.repeat});
  }

  const CampaignJournal& journal_;
  const ResultSources& sources_;
  const RoundBegun& round_;
  CampaignResults results_;
  std::set<std::string> banners_;
  std::size_t gone_ = 0;
};

bool any_worse(const CampaignResults& results) {
  return std::any_of(results.cells.begin(), results.cells.end(), [](const CellResult& cell) {
    return cell.against && cell.against->judgement == Judgement::regression;
  });
}

std::size_t troubled(const CampaignResults& results, const std::string& outcome) {
  return static_cast<std::size_t>(
      std::count_if(results.troubles.begin(), results.troubles.end(),
                    [&](const TroubledRun& run) { return run.outcome == outcome; }));
}

/// "12 runs of 4 cells; 1 failed".
std::string counted(const CampaignResults& results) {
  std::string text = results.done == results.planned
                         ? "all " + plural(results.planned, "run")
                         : std::to_string(results.done) + " of " + plural(results.planned, "run");
  text += " of " + plural(results.cells.size(), "cell");
  const auto add = [&](const char* outcome, const char* words) {
    if (const auto count = troubled(results, outcome); count > 0)
      text += ", " + std::to_string(count) + " " + words;
  };
  add("fail", "missed their thresholds");
  add("invalid", "invalid");
  add("inconclusive", "inconclusive");
  add("broken", "without a report");
  return text;
}

}  // namespace

CampaignResults campaign_results(const CampaignJournal& journal, const ResultSources& sources) {
  assert(journal.newest() != nullptr);
  CampaignResults results = ResultMaker(journal, sources).make();
  end_with(results, false, "");
  return results;
}

void end_with(CampaignResults& results, bool interrupted, const std::string& why_stopped) {
  results.interrupted = interrupted;
  results.why_stopped = why_stopped;
  const bool incomplete = results.done < results.planned;
  const bool inconclusive =
      std::any_of(results.cells.begin(), results.cells.end(), [](const CellResult& cell) {
        return cell.against && cell.against->judgement != Judgement::pass &&
               cell.against->judgement != Judgement::regression;
      });
  std::string word = "PASS";
  const auto is = [&](int code, const char* name) {
    results.exit_code = code;
    word = name;
  };
  results.exit_code = 0;
  if (interrupted)
    is(130, "INTERRUPTED");
  else if (troubled(results, "broken") > 0)
    is(1, "BROKEN");
  else if (any_worse(results))
    is(11, "REGRESSION");
  else if (troubled(results, "invalid") > 0)
    is(13, "INVALID");
  else if (troubled(results, "fail") > 0)
    is(10, "FAIL");
  else if (incomplete)
    is(12, "INCOMPLETE");
  else if (inconclusive || troubled(results, "inconclusive") > 0)
    is(12, "INCONCLUSIVE");
  results.sentence = word + ": " + counted(results);
  if (!why_stopped.empty()) results.sentence += "; stopped: " + why_stopped;
}

std::vector<std::string> figures_shown(const CampaignResults& results) {
  std::vector<std::string> shown;
  for (const char* figure : shown_figures)
    if (std::any_of(results.cells.begin(), results.cells.end(),
                    [&](const CellResult& cell) { return cell.figures.count(figure) > 0; }))
      shown.emplace_back(figure);
  return shown;
}

std::vector<std::string> numeric_axes(const CampaignResults& results) {
  std::map<std::string, std::set<double>> values;
  for (const auto& cell : results.cells)
    for (const auto& [axis, number] : cell.cell.numbers) values[axis].insert(number);
  std::vector<std::string> axes;
  for (const auto& [axis, numbers] : values)
    if (numbers.size() > 1) axes.push_back(axis);
  return axes;
}

std::string in_words(const FigureSpread& spread, const std::string& figure) {
  const FigureUnit unit = kind_of_figure(figure).unit;
  const std::string middle = readable_figure(spread.median, unit);
  const std::string low = readable_figure(spread.low, unit);
  const std::string high = readable_figure(spread.high, unit);
  return spread.runs < 2 || low == high ? middle : middle + " (" + low + " .. " + high + ")";
}

}  // namespace squall::coordinator
