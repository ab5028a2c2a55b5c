#include "scenarios/schema/agent_label.hpp"

#include <algorithm>

namespace squall::scenarios {

bool is_agent_label(std::string_view text) {
  constexpr std::string_view signs = "._-=:/@";
  const auto fits = [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || signs.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= longest_agent_label &&
         std::all_of(text.begin(), text.end(), fits);
}

}  // namespace squall::scenarios
