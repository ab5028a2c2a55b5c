#pragma once
// Values and whole files of TOML as text, for settings that are passed on and for scenarios that
// are made of others.

#include <string>
#include <vector>

#include "scenarios/schema/scenario_document.hpp"

namespace squall::coordinator {

/// On one line, as `--set KEY=` takes it: 2, "a", [1, 2], { mean = 3 }.
std::string toml_value(const scenarios::DocumentNode& value);

/// A file: `root` is its outermost table. Keys stand in their places' order; plain values first,
/// then one [table] after the other.
std::string toml_document(const scenarios::DocumentNode& root);

/// The entries of a table as the file wrote them, whatever order the tree has.
std::vector<const scenarios::DocumentEntry*> in_order(const scenarios::DocumentNode& table);

}  // namespace squall::coordinator
