#pragma once
// A comparison as JUnit XML, which every CI service shows: one test for each gated figure.

#include <string>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

/// A regression is a failure; what could not be decided, or not be compared, is an error: neither
/// is green.
std::string junit_comparison(const RunComparison& comparison);

}  // namespace squall::coordinator
