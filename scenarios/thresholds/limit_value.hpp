#pragma once
// The limit of one metric, read from text and written back: "300ms", "100", "1%", "2GiB", "1.2".

#include <string>
#include <string_view>

#include "scenarios/schema/metric.hpp"

namespace squall::scenarios {

/// The metric with that name. Throws ThresholdError with the nearest one.
Metric read_metric(std::string_view word);

/// In seconds, per second, 0..1, bytes, or a multiple, as the metric's kind says. Throws
/// ThresholdError.
double read_limit(std::string_view text, Metric metric);

/// The most that a limit may be: a duration of 365 days, all of a share. Factors reach no further.
double largest_limit(Metric metric);

/// The shortest text that read_limit() reads as this value, or as near as text can be.
std::string written_limit(double value, Metric metric);

}  // namespace squall::scenarios
