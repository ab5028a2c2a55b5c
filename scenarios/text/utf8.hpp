#pragma once
// Whether bytes are UTF-8, as Unicode defines it (table 3-7): no overlong forms, no surrogates,
// nothing above U+10FFFF.

#include <cstddef>
#include <string_view>

namespace squall::scenarios {

/// Where the first byte is that begins no character; npos: all is well.
std::size_t broken_utf8(std::string_view text);

inline bool is_utf8(std::string_view text) { return broken_utf8(text) == std::string_view::npos; }

}  // namespace squall::scenarios
