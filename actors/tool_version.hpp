#pragma once
// The version of the tool: coordinator and agents must be of the same one.

#include <string_view>

namespace squall::actors {

inline constexpr std::string_view tool_version = "0.1.0";

}  // namespace squall::actors
