#pragma once
// Limits from a run's own history: the median of accepted runs, and so many times their median
// absolute deviation away from it, which a few odd runs cannot move.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/thresholds/resolved_threshold.hpp"

namespace squall::scenarios {

inline constexpr std::size_t runs_to_learn_from = 5;

struct LearnedLimit {
  double median = 0, deviation = 0;  // the median absolute deviation, unscaled
  std::size_t runs = 0;
};

/// None for fewer than runs_to_learn_from figures. Takes only finite ones.
std::optional<LearnedLimit> learn(std::vector<double> figures);

/// 0 for none.
double median_of(std::vector<double> figures);

/// A threshold of the source `learned` with its limit, or with what is missing. `figures` are of
/// accepted runs only; `source` says where they are from: "store, 7 runs".
ResolvedThreshold resolve_learned(const Threshold& threshold, const std::vector<double>& figures,
                                  const std::string& written_in, const std::string& source);

}  // namespace squall::scenarios
