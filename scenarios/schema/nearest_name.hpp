#pragma once
// Finds the name that a mistyped word probably meant, for messages that say "did you mean".

#include <span>
#include <string>
#include <string_view>

namespace squall::scenarios {

/// The candidate nearest to `word` by edit distance (a swap of neighbours counts once, case not at
/// all), or empty when none is near. Of equally near candidates the first.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// The end of a message about an unknown `word`: "; did you mean 'ttft'?" when a candidate is near,
/// else all of them: "; known metrics: ttft, e2e". `plural` names what the candidates are.
std::string nearest_or_all(std::string_view word, std::span<const std::string_view> candidates,
                           std::string_view plural);

/// `text` fit for one line of a terminal: control characters are written as \xNN, and what is
/// longer than `longest` bytes is cut.
std::string visible(std::string_view text, std::size_t longest = 60);

/// The same in single quotes.
std::string quoted(std::string_view text);

}  // namespace squall::scenarios
