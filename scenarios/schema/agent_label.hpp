#pragma once
// Labels of agents: words such as "gpu" or "rack=a" by which a scenario chooses and weighs them.

#include <string_view>

namespace squall::scenarios {

inline constexpr std::size_t longest_agent_label = 100;

/// Letters, digits and . _ - = : / @, at least one and at most longest_agent_label. So a label
/// needs no quotes in a command line, and commas can stand between several.
bool is_agent_label(std::string_view text);

/// What a label looks like, for messages.
inline constexpr std::string_view agent_label_wanted =
    "1 to 100 letters, digits and . _ - = : / @, such as \"gpu\" or \"rack=a\"";

}  // namespace squall::scenarios
