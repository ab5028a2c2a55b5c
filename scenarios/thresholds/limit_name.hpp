#pragma once
// The names that the table of adaptive thresholds, its overrides and environment variables give to
// limits: "max_ttft_p95", "min_tokens_per_second", $SQUALL_MAX_TTFT_P95.

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

/// Which figure is limited, and from which side.
struct LimitName {
  Metric metric{};
  Threshold::Statistic statistic = Threshold::Statistic::value;
  double percentile = 0;

  bool is_minimum() const;  // what should be high has minima, everything else maxima
  friend bool operator==(const LimitName&, const LimitName&) = default;
};

/// Every metric that a limit may be set for, with its usual statistic; for lists and --help.
const std::vector<LimitName>& usual_limits();

/// "max_ttft_p99_9" is the 99.9th percentile. Throws ThresholdError with the nearest name.
LimitName parse_limit_name(std::string_view text);

std::string name_of(const LimitName& limit);      // "max_ttft_p95"
std::string variable_of(const LimitName& limit);  // "SQUALL_MAX_TTFT_P95"
/// "ttft p95 <= ", "speedup over main >= ": what a threshold says before its limit.
std::string words_of(const LimitName& limit, const std::string& baseline = {});

/// What one rule does to a limit.
struct LimitChange {
  enum class Kind { absolute, relative, off } kind = Kind::absolute;
  double value = 0;      // absolute: in the unit of Threshold::limit; relative: the factor
  std::string baseline;  // absolute, of a speed-up: over which
  std::string text;      // as it was written
};

/// "300ms", "*1.5", "off", for a speed-up "1.2 over main". Throws ThresholdError.
LimitChange parse_limit_change(std::string_view text, const LimitName& limit);

}  // namespace squall::scenarios
