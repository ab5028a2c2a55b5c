#include "scenarios/datasets/json_array.hpp"

#include <array>
#include <string>

#include "scenarios/datasets/dataset_error.hpp"

namespace squall::scenarios {

namespace {

/// Behind the closing quote of the string whose opening one is at `at`; npos: it is not closed.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char* byte = text.data() + at + 1;
  const char* const end = text.data() + text.size();
  while (byte < end && *byte != '"') byte += *byte == '\\' ? 2 : 1;
  return byte < end ? static_cast<std::size_t>(byte - text.data()) + 1 : std::string_view::npos;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr const char* cut_short =
    "has brackets or quotes that are not closed; mend the JSON (in JSONL an object is one line), "
    "or "
    "copy the file again if it was cut short";

}  // namespace

std::size_t end_of_json_value(std::string_view text, std::size_t begin) {
  const std::string_view within = text.substr(0, begin + DatasetLimits::item_bytes + 1);
  std::array<char, DatasetLimits::json_depth> open{};  // the brackets that will close
  std::size_t depth = 0;
  std::size_t at = begin;
  while (at < within.size()) {
    const char c = within[at];
    if (c == '"') {
      at = end_of_string(within, at);
      if (at == std::string_view::npos) break;
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      if (depth == open.size())
        throw ItemMistake("nests brackets deeper than " + std::to_string(open.size()) +
                          " levels; give it a plainer structure");
      open[depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;  // of a number or word that the surrounding array ends
      if (open[--depth] != c) throw ItemMistake("has brackets that do not match; mend the JSON");
      if (depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      return at;
    }
    ++at;
  }
  if (within.size() < text.size())
    throw ItemMistake("has more than " + std::to_string(DatasetLimits::item_bytes) +
                      " bytes, which are allowed; split it, or check the file's format");
  throw ItemMistake(cut_short);
}

JsonArray::JsonArray(std::string_view text) : text_(text) {
  skip_space();
  if (!take('['))
    throw ItemMistake(
        "the file does not begin with '[', as an array does; use format = \"jsonl\" "
        "for one object a line");
}

void JsonArray::skip_space() {
  while (offset_ < text_.size() && is_space(text_[offset_])) ++offset_;
}

bool JsonArray::take(char wanted) {
  if (offset_ >= text_.size() || text_[offset_] != wanted) return false;
  ++offset_;
  return true;
}

std::optional<JsonArray::Item> JsonArray::next() {
  if (finished_) return std::nullopt;
  skip_space();
  if (take(']')) {
    skip_space();
    if (offset_ < text_.size()) throw ItemMistake("something follows the array; remove it");
    finished_ = true;
    return std::nullopt;
  }
  if (!first_) {
    if (offset_ < text_.size() && !take(','))
      throw ItemMistake("',' or ']' must follow an item; mend the JSON");
    skip_space();
  }
  if (offset_ >= text_.size()) throw ItemMistake(std::string("the array ") + cut_short);
  first_ = false;
  Item item{offset_, offset_};
  try {
    item.end = end_of_json_value(text_, offset_);
  } catch (const ItemMistake& mistake) {
    throw ItemMistake(std::string("the next ") + mistake.what());
  }
  if (item.end == item.begin)
    throw ItemMistake("an item is missing before '" + std::string(1, text_[offset_]) +
                      "'; mend the JSON");
  offset_ = item.end;
  return item;
}

}  // namespace squall::scenarios
