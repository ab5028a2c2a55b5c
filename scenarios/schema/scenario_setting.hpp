#pragma once
// Changes single settings in the text of a scenario, for comparisons of two that differ in nothing
// else: "target.threads=2". What is left alone stays as it was written, comments included.

#include <stdexcept>
#include <string>
#include <vector>

namespace squall::scenarios {

/// What cannot be done; whether the outcome is a valid scenario the parser says.
struct SettingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `assignment` is KEY=VALUE, the key with dots as in "[target] model" = "target.model". The value
/// is TOML (2, true, "a", [1, 2], { … }); any other text becomes a string. `text` must be valid
/// TOML. A key that is not there is added. Throws SettingError.
std::string with_setting(const std::string& text, const std::string& assignment);

/// One after the other.
std::string with_settings(std::string text, const std::vector<std::string>& assignments);

}  // namespace squall::scenarios
