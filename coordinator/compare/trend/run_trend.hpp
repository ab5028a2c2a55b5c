#pragma once
// The history of one scenario on one machine: what its figures did from run to run.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/compare/gate.hpp"
#include "coordinator/compare/trend/trend_statistics.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

/// What makes runs one series.
struct TrendSeries {
  std::string scenario, scenario_hash, model_fingerprint, hardware_fingerprint;
  std::vector<std::string> runs, started_at;  // the oldest first
  std::size_t left_out = 0;  // usable runs of that scenario on other machines, models, texts
  std::size_t unusable = 0;  // invalid, interrupted, without figures
  std::vector<std::string> banners{};  // of the newest run, such as that its target is simulated
};

struct TrendStep {
  std::size_t index = 0;  // of the first run after it
  std::string run;
  double change = 0;  // of the median: 0.1 is ten percent more
  bool worse = false;
  double p = 1;
};

struct TrendAnomaly {
  std::size_t index = 0;
  std::string run;
  double value = 0, score = 0;
};

struct FigureTrend {
  std::string figure;
  FigureKind kind;
  std::vector<double> values;         // of the runs that have it, the oldest first
  std::vector<std::string> runs;      // these
  double median = 0, volatility = 0;  // MAD / median
  std::optional<Slope> slope;         // change a run: 0.01 is one percent more each run
  std::vector<TrendStep> steps;
  std::vector<TrendAnomaly> anomalies;  // far from their own stretch between two steps
};

/// Of `runs` those that belong together with the newest usable one. Empty when none is usable.
TrendSeries series_of(const std::vector<StoredRun>& runs);

/// `runs` are those that series_of() was given. The permutations are seeded.
FigureTrend trend_of(const std::string& figure, const TrendSeries& series,
                     const std::vector<StoredRun>& runs, std::uint64_t seed);

std::string trend_text(const TrendSeries& series, const std::vector<FigureTrend>& trends,
                       std::size_t width, bool unicode);

/// Schema "squall-trend/1".
std::string json_trend(const TrendSeries& series, const std::vector<FigureTrend>& trends);

}  // namespace squall::coordinator
