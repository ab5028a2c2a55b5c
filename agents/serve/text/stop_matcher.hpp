#pragma once
// Ends a growing text before the first of some stop strings, wherever the pieces were cut.
//
// The match that is complete first counts, and of those that are complete at the same character
// the longest; so the result does not depend on the pieces.

#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

class StopMatcher {
 public:
  /// None of `stops` is empty.
  explicit StopMatcher(std::vector<std::string> stops);

  /// The text that is no part of a stop string, whatever follows. After a match: empty.
  std::string add(std::string_view text);
  /// At the end: what was held back because a stop string might have followed.
  std::string finish();
  bool matched() const { return matched_; }

 private:
  bool cut_at_first_stop();
  std::size_t held_length() const;

  std::vector<std::string> stops_;
  std::string pending_;  // from the first character that may be part of a stop string
  bool matched_ = false;
};

}  // namespace squall::agents
