#pragma once
// What travels: one opaque run of bytes, at most so long.

#include <cstddef>
#include <vector>

namespace squall::actors {

using Bytes = std::vector<std::byte>;

inline constexpr std::size_t frame_limit = 1 << 20;  // bytes

}  // namespace squall::actors
