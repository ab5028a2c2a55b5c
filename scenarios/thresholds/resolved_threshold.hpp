#pragma once
// A threshold as a run is judged by it, with the whole story of its number.

#include <optional>
#include <string>
#include <vector>

#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

/// One rule that had a say, and the limit after it.
struct ThresholdStep {
  std::string rule;             // "hardware cpu-low-end: *3"
  std::string source;           // "defaults.toml:12", "chat.toml:4", "SQUALL_MAX_TTFT_P95"
  std::optional<double> value;  // none: there was no limit after it
  friend bool operator==(const ThresholdStep&, const ThresholdStep&) = default;
};

struct ResolvedThreshold {
  Threshold threshold;               // `limit` is filled in
  std::vector<ThresholdStep> steps;  // the first rule first
  std::string
      guess;  // why the limit is a guess, so that missing it fails no run; empty: it is none
  std::string missing;   // why there is no limit, and what to do; empty: there is one
  double reference = 0;  // of a speed-up: the baseline's median tokens per second
};

/// A threshold that says everything itself, as its `source` (file and line) wrote it.
inline ResolvedThreshold as_written(const Threshold& threshold, const std::string& source) {
  ResolvedThreshold resolved{threshold, {}, {}, {}, 0};
  std::optional<double> value;
  if (threshold.source == Threshold::Source::absolute) value = threshold.limit;
  resolved.steps.push_back({threshold.text, source, value});
  return resolved;
}

}  // namespace squall::scenarios
