#pragma once
// Makes valid UTF-8 of bytes that arrive in any pieces: what may yet become a character is held
// back, what cannot is replaced by U+FFFD.

#include <string>
#include <string_view>

namespace squall::agents {

class Utf8Stream {
 public:
  /// The characters that are complete now.
  std::string add(std::string_view bytes);
  /// At the end: U+FFFD for a character that was never completed.
  std::string finish();

 private:
  std::string held_;  // the beginning of a character, at most three bytes
};

}  // namespace squall::agents
