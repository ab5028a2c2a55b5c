#pragma once
// JSON text as the same tree of values with places that TOML files are read into, so that one
// reader serves both.

#include <string>
#include <string_view>

#include "scenarios/schema/scenario_document.hpp"

namespace squall::scenarios {

/// Strict JSON (RFC 8259) whose outermost value is an object; `null` is refused, and so is a key
/// that is there twice. `file` is used in messages only. Throws ScenarioError with the place of the
/// first mistake.
DocumentNode parse_json_document(std::string_view text, const std::string& file);

}  // namespace squall::scenarios
