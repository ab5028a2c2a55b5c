#pragma once
// Scenarios whose target is a server on loopback, and the target they name.

#include <memory>
#include <string>
#include <utility>

#include "agents/targets/openai/openai_target.hpp"
#include "tests/fixtures/target_driver.hpp"

namespace squall::tests {

inline scenarios::Scenario openai_scenario(const std::string& url) {
  scenarios::Scenario scenario;
  scenario.target.kind = scenarios::TargetKind::openai;
  scenario.target.model = "paced";
  scenario.target.openai.url = url;
  scenario.target.openai.api_key_variable = "SQUALL_TEST_NO_SUCH_KEY";
  return scenario;
}

/// Texts as they are; parts of one speaker are joined.
inline agents::ServerPrompts plain_prompts() {
  const auto text = [](const scenarios::Prompt& prompt) {
    std::string all;
    for (const auto& part : prompt.parts) all += std::get<std::string>(part.text);
    return all;
  };
  return {.messages =
              [text](const scenarios::Prompt& prompt) {
                return std::vector<agents::ChatMessage>{{"user", text(prompt)}};
              },
          .text = text,
          .count = [](const scenarios::Prompt&) { return 7U; },
          .token_counts = "not at all"};
}

/// Throws std::invalid_argument as the target does.
inline TargetDriver::Make openai_target(scenarios::Scenario scenario) {
  return [scenario = std::move(scenario)](agents::TargetEvents events) {
    const auto no_variables = [](const char*) { return std::string(); };
    return std::make_unique<agents::OpenAiTarget>(scenario, agents::TargetSurroundings{},
                                                  std::move(events), plain_prompts(), no_variables);
  };
}

}  // namespace squall::tests
