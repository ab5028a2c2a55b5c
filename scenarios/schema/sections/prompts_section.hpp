#pragma once
// [prompts], [answers] and [[categories]]: what is asked, and how long the answers are.

#include <vector>

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

/// `root` is the file's outermost table. `categories` holds one of defaults before.
void read_categories(const DocumentNode& root, std::vector<Category>& categories,
                     Mistakes& mistakes);

}  // namespace squall::scenarios
