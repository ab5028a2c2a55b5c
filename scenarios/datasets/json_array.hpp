#pragma once
// Finds the items of a JSON array without reading what they hold: only brackets, strings and their
// escapes are looked at, so that a large file needs one pass and no memory.

#include <cstddef>
#include <optional>
#include <string_view>

namespace squall::scenarios {

/// Where the value that begins at `begin` ends. Brackets are matched, nothing else is checked.
/// Throws ItemMistake when the text ends first, or brackets do not match, nest too deep, or hold
/// more than DatasetLimits::item_bytes.
std::size_t end_of_json_value(std::string_view text, std::size_t begin);

class JsonArray {
 public:
  /// `text` is the array, with or without white space around it. Throws ItemMistake when it is
  /// none.
  explicit JsonArray(std::string_view text);

  struct Item {
    std::size_t begin = 0;  // in the text
    std::size_t end = 0;
  };
  /// None after the last. Throws ItemMistake; then offset() is where.
  std::optional<Item> next();
  std::size_t offset() const { return offset_; }

 private:
  void skip_space();
  bool take(char wanted);

  std::string_view text_;
  std::size_t offset_ = 0;
  bool first_ = true;
  bool finished_ = false;
};

}  // namespace squall::scenarios
