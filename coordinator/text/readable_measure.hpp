#pragma once
// A measured value as people read it, by the kind of what was measured: "12.3 ms", "45.6", "0.12
// %".

#include <string>

#include "scenarios/schema/metric.hpp"

namespace squall::coordinator {

/// Of a figure as JSON has it: seconds, per second, 0..1, bytes.
std::string readable_measure(scenarios::MetricKind kind, double value);

std::string readable_seconds(double seconds);

}  // namespace squall::coordinator
