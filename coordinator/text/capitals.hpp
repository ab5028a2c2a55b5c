#pragma once
// Verdicts are written in capitals, whatever the language of the machine.

#include <string>

namespace squall::coordinator {

/// "not finished" as "NOT FINISHED"; letters of ASCII only.
inline std::string in_capitals(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace squall::coordinator
