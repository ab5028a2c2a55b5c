#pragma once
// The key that a server asks for: found in a file or the environment, shown to nobody but the
// server.

#include <filesystem>
#include <string>
#include <string_view>

#include "agents/targets/openai/http/server_url.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// Cannot be printed by accident: there is no way to the text but by its name.
class ApiKey {
 public:
  ApiKey() = default;
  explicit ApiKey(std::string secret) : secret_(std::move(secret)) {}

  bool empty() const { return secret_.empty(); }
  const std::string& secret() const { return secret_; }

  /// The text without the key: servers like to repeat what they were given.
  std::string removed_from(std::string_view text) const;

 private:
  std::string secret_;
};

/// Of the file if the scenario names one, else of the variable; empty where there is neither.
/// Throws std::invalid_argument, which does not repeat what it found.
ApiKey find_api_key(const scenarios::OpenAiSettings& settings, const std::filesystem::path& folder,
                    const Environment& environment);

}  // namespace squall::agents
