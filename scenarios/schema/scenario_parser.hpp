#pragma once
// TOML text -> Scenario. Reports every mistake of a file at once, each with its place, what is
// wrong, and what to write instead. The only unit that knows toml++.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/schema/scenario.hpp"
#include "scenarios/schema/scenario_document.hpp"

namespace squall::scenarios {

struct ScenarioMistake {
  unsigned line = 0;    // from 1
  unsigned column = 0;  // from 1
  std::string message;  // "unknown key 'modle' in [target]; did you mean 'model'?"
};

/// what() is all mistakes, one a line, as "file:line:column: message".
class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(std::string file, std::vector<ScenarioMistake> mistakes);
  const std::vector<ScenarioMistake>& mistakes() const { return mistakes_; }

 private:
  std::vector<ScenarioMistake> mistakes_;
};

/// `file` is used in messages only. Throws ScenarioError.
Scenario parse_scenario(std::string_view toml_text, const std::string& file);

/// Any TOML text as a tree, for other files of the same kind. Throws ScenarioError.
DocumentNode parse_toml_document(std::string_view toml_text, const std::string& file);

}  // namespace squall::scenarios
