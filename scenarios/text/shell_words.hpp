#pragma once
// Words of a command line that a person or a shell is given to run.

#include <string>
#include <string_view>

namespace squall::scenarios {

/// One word for a shell, whatever it holds.
inline std::string shell_quoted(std::string_view word) {
  std::string text = "'";
  for (const char each : word) text += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return text + "'";
}

/// The same without quotes where none are needed.
inline std::string shell_word(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,";
  const bool is_plain = !word.empty() && word.find_first_not_of(plain) == std::string_view::npos;
  return is_plain ? std::string(word) : shell_quoted(word);
}

}  // namespace squall::scenarios
