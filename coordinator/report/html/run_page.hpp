#pragma once
// The report of one run as one HTML file: everything the JSON report tells, for people.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace squall::coordinator {

/// Of a report of schema "squall-run/…", whichever version: what an older one does not tell is left
/// out, or said. Whatever text is in it stays text. Throws std::invalid_argument for what is no
/// report of a run.
std::string run_page(const nlohmann::json& report);

}  // namespace squall::coordinator
