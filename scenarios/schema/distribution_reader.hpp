#pragma once
// Reads a length or a time that may be one value or a distribution table:
// tokens = 64, or tokens = { distribution = "lognormal", mean = 64, deviation = 32, max = 256 }.

#include <optional>

#include "scenarios/load/distribution.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

enum class DistributionUnit { tokens, seconds };

std::optional<Distribution> read_distribution(const DocumentEntry& entry, DistributionUnit unit,
                                              Mistakes& mistakes);

}  // namespace squall::scenarios
