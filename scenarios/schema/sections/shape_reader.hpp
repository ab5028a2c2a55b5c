#pragma once
// Reads how a load changes over time: shape = { kind = "spike", base = 5, peak = 50, … }, or
// stages = [{ to = 10, over = "30s" }, …].

#include <optional>

#include "scenarios/load/load_shape.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

inline constexpr double highest_load = 1'000'000;  // users, or arrivals a second

/// The shape that the table's 'shape' or 'stages' says; nothing when it has neither or a mistake.
std::optional<LoadShape> read_shape(const TableReader& reader);

}  // namespace squall::scenarios
