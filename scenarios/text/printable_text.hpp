#pragma once
// Text from elsewhere (names, errors, scenarios) made safe to print: agents and targets could
// otherwise send escape sequences that rewrite the terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace squall::scenarios {

/// UTF-8 without control characters, line breaks, bidirectional overrides and invalid bytes: each
/// becomes '?'. Longer than `limit` characters is cut and ends in "...".
std::string printable(std::string_view text, std::size_t limit = 200);

/// The same of text that may have several lines: line ends and tabs become spaces.
std::string on_one_line(std::string_view text, std::size_t limit = 200);

/// Characters (code points) of valid UTF-8.
std::size_t width_of(std::string_view text);

/// The first `width` characters of valid UTF-8.
std::string first_characters(std::string_view text, std::size_t width);

}  // namespace squall::scenarios
