#pragma once
// Scenarios that are made of another: some of its tables replaced, and its files named so that the
// text may lie anywhere.

#include <filesystem>
#include <string>

#include "scenarios/schema/scenario_document.hpp"

namespace squall::coordinator {

/// The tables of `over` take the place of those of `base`; of users, arrivals and trace each takes
/// the place of all three.
scenarios::DocumentNode replaced(scenarios::DocumentNode base, const scenarios::DocumentNode& over);

/// A scenario's text with tables replaced. Comments are lost. `file` is for messages. Throws
/// scenarios::ScenarioError when the text is no TOML.
std::string with_tables(const std::string& text, const std::string& file,
                        const scenarios::DocumentNode& replace);

/// What a scenario in `folder` says of files, as absolute paths. A model is one when it looks like
/// a path and is there; else it is looked for as any other name.
std::string with_absolute_files(const std::string& text, const std::string& file,
                                const std::filesystem::path& folder);

}  // namespace squall::coordinator
