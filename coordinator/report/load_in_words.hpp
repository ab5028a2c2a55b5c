#pragma once
// The planned load in one line, as reports and previews say it: "20.0 arrivals/s (poisson)",
// "8 to 40 users in 10.0 s, then 40; think time 2.00 s (exponential)".

#include <string>

#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

/// Names of files in it are not yet safe to print.
std::string load_in_words(const scenarios::Load& load);

}  // namespace squall::coordinator
