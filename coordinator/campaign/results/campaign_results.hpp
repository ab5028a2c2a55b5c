#pragma once
// What a campaign found: each cell's figures over its repeats, which cells nothing else beats, the
// best and the worst, what failed and why. Figures and sentences, no markup.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/campaign/course/campaign_journal.hpp"
#include "coordinator/compare/run_comparison.hpp"
#include "coordinator/compare/run_figures.hpp"

namespace squall::coordinator {

/// One figure of a cell over its usable repeats.
struct FigureSpread {
  double median = 0, low = 0, high = 0;
  std::size_t runs = 0;
};

struct CellResult {
  JournalCell cell;
  std::vector<std::string> runs;        // ids of those that are there, usable or not
  std::map<std::string, int> outcomes;  // "pass" -> 3
  std::map<std::string, FigureSpread> figures;
  std::size_t missing = 0;               // repeats without a result
  bool on_front = false;                 // no other cell is both faster and quicker to answer
  std::optional<RunComparison> against;  // its accepted runs, where there are enough
};

/// A run that did not end well.
struct TroubledRun {
  std::string cell, run, outcome, why;  // run: empty where it left no report
  unsigned repeat = 1;
};

/// The cell with the best and the one with the worst median.
struct Extremes {
  std::string figure, best, worst;  // labels
  double best_value = 0, worst_value = 0;
};

struct CampaignResults {
  std::string campaign, description, file, began_at;
  unsigned round = 1, repeats = 1;
  std::vector<CellResult> cells;
  std::vector<TroubledRun> troubles;
  std::vector<Extremes> extremes;
  std::vector<std::string> banners, notes;
  std::string front_latency;  // the figure that the front is drawn over; empty: none was measured
  std::size_t planned = 0, done = 0;
  bool interrupted = false;
  std::string why_stopped;
  std::string sentence;  // all of it in one
  int exit_code = 0;
};

/// What the report needs beside the journal.
struct ResultSources {
  std::map<std::string, RunFigures> runs;            // by id; those that the store has
  std::map<std::string, RunComparison> comparisons;  // by a cell's identity
};

/// Of the newest round. `journal` must have one.
CampaignResults campaign_results(const CampaignJournal& journal, const ResultSources& sources);

/// Adds how the round ended now, which decides the exit code: 130 interrupted, 1 a run broke, 11 a
/// cell got worse, 13 a run was invalid, 10 one missed its thresholds, 12 one was inconclusive or
/// is missing, 0. The first of these that is there counts.
void end_with(CampaignResults& results, bool interrupted, const std::string& why_stopped);

/// The figures that tables and charts show, those that no cell has left out.
std::vector<std::string> figures_shown(const CampaignResults& results);

/// Axes whose values are numbers, with at least two of them; x axes of curves.
std::vector<std::string> numeric_axes(const CampaignResults& results);

/// "12.3 ms", with the range over the repeats where there are several: "12.3 ms (11.9..12.8)".
std::string in_words(const FigureSpread& spread, const std::string& figure);

}  // namespace squall::coordinator
