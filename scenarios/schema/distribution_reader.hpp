#pragma once
// Reads a length, a count or a time that may be one value or a distribution table:
// tokens = 64, or tokens = { distribution = "lognormal", mean = 64, deviation = 32, max = 256 }, or
// turns = { distribution = "empirical", values = [1, 3, 8], weights = [5, 3, 2] }.

#include <optional>

#include "scenarios/load/distribution.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

enum class DistributionUnit { tokens, seconds, turns };

std::optional<Distribution> read_distribution(const DocumentEntry& entry, DistributionUnit unit,
                                              Mistakes& mistakes);

}  // namespace squall::scenarios
