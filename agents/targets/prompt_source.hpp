#pragma once
// What is asked: the prompt of a planned request, as text from a file or as synthetic tokens.

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/load/load_plan.hpp"

namespace squall::agents {

struct PromptError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct SyntheticPrompt {  // the target draws ordinary tokens of its own vocabulary from the seed
  std::uint64_t seed = 0;
  std::uint32_t tokens = 0;
};
using Prompt = std::variant<std::string, SyntheticPrompt>;

class PromptSource {
 public:
  /// Reads the scenario's prompt file, if it names one; relative paths start from `folder`.
  /// Throws PromptError when the file cannot be read or holds no prompt.
  PromptSource(const scenarios::Scenario& scenario, const std::filesystem::path& folder);

  Prompt prompt(const scenarios::RequestPlan& plan) const;

 private:
  std::vector<std::string> lines_;  // empty: synthetic
};

}  // namespace squall::agents
