#pragma once
// A comparison for programs.

#include <string>

#include "coordinator/compare/run_comparison.hpp"

namespace squall::coordinator {

/// Schema "squall-comparison/1"; what is not known or infinite is null.
std::string json_comparison(const RunComparison& comparison);

}  // namespace squall::coordinator
