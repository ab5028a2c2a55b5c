#include "agents/serve/text/stop_matcher.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::agents {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) assert(!stop.empty());
}

std::string StopMatcher::add(std::string_view text) {
  if (matched_) return {};
  pending_ += text;
  if (cut_at_first_stop()) {
    matched_ = true;
    return std::exchange(pending_, {});
  }
  const std::size_t free = pending_.size() - held_length();
  std::string released = pending_.substr(0, free);
  pending_.erase(0, free);
  return released;
}

std::string StopMatcher::finish() { return std::exchange(pending_, {}); }

/// True if a stop string was there; pending_ then ends before it.
bool StopMatcher::cut_at_first_stop() {
  std::size_t best_begin = std::string::npos;
  std::size_t best_end = std::string::npos;
  for (const std::string& stop : stops_) {
    const std::size_t begin = pending_.find(stop);
    if (begin == std::string::npos) continue;
    const std::size_t end = begin + stop.size();
    if (end > best_end || (end == best_end && begin > best_begin)) continue;
    best_begin = begin;
    best_end = end;
  }
  if (best_begin == std::string::npos) return false;
  pending_.resize(best_begin);
  return true;
}

/// The longest end of pending_ that a stop string begins with.
std::size_t StopMatcher::held_length() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_) {
    std::size_t length = std::min(stop.size() - 1, pending_.size());
    while (length > longest && !pending_.ends_with(std::string_view(stop).substr(0, length)))
      --length;
    longest = std::max(longest, length);
  }
  return longest;
}

}  // namespace squall::agents
