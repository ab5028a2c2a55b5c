#pragma once
// What a scenario file may say, section by section: keys, defaults and limits.
// docs/scenarios.md is the same for people.

#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

/// `root` is the file's outermost table. What this returns is valid only when no mistake was added.
Scenario read_scenario(const DocumentNode& root, Mistakes& mistakes);

}  // namespace squall::scenarios
