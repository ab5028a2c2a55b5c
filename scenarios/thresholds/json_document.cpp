#include "scenarios/thresholds/json_document.hpp"

#include <charconv>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;

constexpr std::size_t largest_file = 512 * 1024;
constexpr int deepest = 16;  // what frees the tree recurses once a level

class JsonReader {
 public:
  JsonReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  DocumentNode read() {
    if (text_.size() > largest_file)
      refuse("the file is larger than 512 KiB; is it the right one?");
    skip_blanks();
    if (at_end() || peek() != '{') refuse("expected '{': the file must hold one object");
    DocumentNode root = value(0);
    skip_blanks();
    if (!at_end()) refuse("unexpected text after the end of the object; remove it");
    return root;
  }

 private:
  [[noreturn]] void refuse(const std::string& message) const {
    throw ScenarioError(file_, {{place_.line, place_.column, "not JSON: " + message}});
  }

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }

  char next() {
    if (at_end()) refuse("the file ends too early; a quote or a bracket is not closed");
    const char c = text_[at_++];
    if (c == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++place_.column;  // columns count characters, not bytes
    }
    return c;
  }

  void skip_blanks() {
    while (!at_end() && std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) next();
  }

  bool take(char wanted) {
    skip_blanks();
    if (at_end() || peek() != wanted) return false;
    next();
    return true;
  }

  void require(char wanted, const char* where) {
    if (take(wanted)) return;
    const std::string found = at_end() ? "the end of the file" : quoted(text_.substr(at_, 1));
    refuse(std::string("expected '") + wanted + "' " + where + ", found " + found);
  }

  DocumentNode value(int depth) {
    skip_blanks();
    if (depth > deepest) refuse("values are nested too deep");
    DocumentNode node;
    node.place = place_;
    if (at_end()) refuse("the file ends where a value should be");
    if (peek() == '{') {
      node.kind = Kind::table;
      members(node, depth);
    } else if (peek() == '[') {
      node.kind = Kind::array;
      items(node, depth);
    } else if (peek() == '"') {
      node.kind = Kind::text;
      node.text = string();
    } else {
      word(node);
    }
    return node;
  }

  void members(DocumentNode& node, int depth) {
    next();
    if (take('}')) return;
    do {
      skip_blanks();
      if (at_end() || peek() != '"') refuse("expected a key in double quotes");
      DocumentEntry entry;
      entry.key_place = place_;
      entry.key = string();
      if (node.find(entry.key) != nullptr)
        throw ScenarioError(
            file_, {{entry.key_place.line, entry.key_place.column,
                     "not JSON: " + quoted(entry.key) + " is there twice; remove one of them"}});
      require(':', "after a key");
      entry.value = value(depth + 1);
      node.entries.push_back(std::move(entry));
    } while (take(','));
    require('}', "or ',' after a value");
  }

  void items(DocumentNode& node, int depth) {
    next();
    if (take(']')) return;
    do node.items.push_back(value(depth + 1));
    while (take(','));
    require(']', "or ',' after a value");
  }

  std::string string() {
    next();
    std::string text;
    while (true) {
      const char c = next();
      if (c == '"') return text;
      if (static_cast<unsigned char>(c) < 0x20) refuse("a string must end on its own line");
      if (c == '\\')
        escape(text);
      else
        text += c;
    }
  }

  void escape(std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char c = next();
    if (const auto found = letters.find(c); found != std::string_view::npos)
      text += meanings[found];
    else if (c == 'u')
      code_point(text);
    else
      refuse("unknown escape " + quoted(std::string("\\") + c));
  }

  /// Nothing in a file of limits lies beyond the basic plane, so surrogates are refused.
  void code_point(std::string& text) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char digit = next();
      unsigned value = 0;
      const auto read = std::from_chars(&digit, &digit + 1, value, 16);
      if (read.ec != std::errc{}) refuse("\\u must be followed by four hexadecimal digits");
      code = code * 16 + value;
    }
    if (code >= 0xD800 && code < 0xE000) refuse("\\u of a surrogate; write the character itself");
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | (code >> 12));
      text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  /// A number, true or false.
  void word(DocumentNode& node) {
    std::string_view rest = text_.substr(at_);
    rest = rest.substr(0, rest.find_first_of(" \t\r\n,:]}[{\""));
    if (rest == "true" || rest == "false") {
      node.kind = Kind::boolean;
      node.boolean = rest == "true";
    } else if (rest == "null") {
      refuse("null says nothing here; remove the key, or write a value");
    } else {
      number(rest, node);
    }
    for (std::size_t i = 0; i < rest.size(); ++i) next();
  }

  void number(std::string_view digits, DocumentNode& node) const {
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    const bool plain = digits.size() > first && digits[first] >= '0' && digits[first] <= '9';
    const bool zeros = digits.size() > first + 1 && digits[first] == '0' &&
                       digits[first + 1] >= '0' && digits[first + 1] <= '9';
    const char* const end = digits.data() + digits.size();
    node.kind = Kind::integer;
    auto read = std::from_chars(digits.data(), end, node.integer);
    if (read.ec != std::errc{} || read.ptr != end) {
      node.kind = Kind::real;
      read = std::from_chars(digits.data(), end, node.real);
    }
    if (!plain || zeros || read.ec != std::errc{} || read.ptr != end || digits.back() == '.')
      refuse(quoted(digits.empty() ? text_.substr(at_, 1) : digits) +
             " is no value; texts are written in double quotes");
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  Place place_;
};

}  // namespace

DocumentNode parse_json_document(std::string_view text, const std::string& file) {
  return JsonReader(text, file).read();
}

}  // namespace squall::scenarios
