#pragma once
// Guards the TOML library against keys such as a.a.a.a…, each dot of which is a level of nesting
// that it builds and frees by recursion, without a limit of its own.

#include <string_view>

namespace squall::scenarios {

/// The first line (from 1) with more than `most` dots outside of strings and comments; 0 when there
/// is none. No key goes over a line's end, so this bounds the levels that one key can open.
unsigned first_line_with_more_dots(std::string_view toml_text, unsigned most);

}  // namespace squall::scenarios
