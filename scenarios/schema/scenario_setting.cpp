#include "scenarios/schema/scenario_setting.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>

#include "scenarios/schema/nearest_name.hpp"

namespace squall::scenarios {

namespace {

using Path = std::vector<std::string>;

struct Range {
  std::size_t begin = 0, end = 0;
};

bool is_bare(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Walks over TOML and notes where a wanted value, or a place for it, is.
class Walk {
 public:
  Walk(const std::string& text, const Path& wanted) : text_(text), wanted_(wanted) { document(); }

  std::optional<Range> value;  // of the wanted key
  std::optional<std::size_t>
      parent_ends;  // behind the header, or the '{', of the wanted key's table
  bool parent_is_inline = false;

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return at_end() ? '\0' : text_[at_]; }

  void skip_blanks() {
    while (here() == ' ' || here() == '\t') ++at_;
  }
  void skip_comment() {
    if (here() == '#')
      while (!at_end() && here() != '\n') ++at_;
  }
  /// Blanks, comments and line breaks.
  void skip_space() {
    for (;;) {
      const std::size_t before = at_;
      while (!at_end() && std::isspace(static_cast<unsigned char>(here())) != 0) ++at_;
      skip_comment();
      if (at_ == before) return;
    }
  }

  void skip_string() {
    const std::string quote(1, here());
    const std::string three = quote + quote + quote;
    const std::string mark = text_.compare(at_, 3, three) == 0 ? three : quote;
    at_ += mark.size();
    while (!at_end() && text_.compare(at_, mark.size(), mark) != 0)
      at_ += quote == "\"" && here() == '\\' ? 2 : 1;
    at_ = std::min(text_.size(), at_ + mark.size());
    while (mark.size() == 3 && here() == quote[0]) ++at_;  // """a"""" ends in a quote
  }

  Path key() {
    Path path;
    for (;;) {
      skip_blanks();
      const std::size_t begin = at_;
      if (here() == '"' || here() == '\'') {
        skip_string();
        path.push_back(text_.substr(begin + 1, at_ - begin - 2));
      } else {
        while (is_bare(here())) ++at_;
        path.push_back(text_.substr(begin, at_ - begin));
      }
      skip_blanks();
      if (here() != '.') return path;
      ++at_;
    }
  }

  void inline_table(const Path& path) {
    ++at_;
    if (is_parent(path)) {
      parent_ends = at_;
      parent_is_inline = true;
    }
    for (skip_space(); !at_end() && here() != '}'; skip_space()) {
      const std::size_t before = at_;
      if (here() == ',')
        ++at_;
      else
        pair(path);
      if (at_ == before) throw SettingError("the scenario's text is no valid TOML");
    }
    ++at_;
  }

  void array() {
    ++at_;
    for (skip_space(); !at_end() && here() != ']'; skip_space()) {
      if (here() == ',')
        ++at_;
      else
        any_value({"", ""});  // nobody names what is inside
    }
    ++at_;
  }

  void any_value(const Path& path) {
    switch (here()) {
      case '"':
      case '\'':
        return skip_string();
      case '[':
        return array();
      case '{':
        return inline_table(path);
      default: {
        const std::size_t before = at_;
        while (!at_end() && std::string(",]}#\n\r").find(here()) == std::string::npos) ++at_;
        if (at_ == before) throw SettingError("the scenario's text is no valid TOML");
        while (at_ > before + 1 && (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) --at_;
      }
    }
  }

  void pair(Path path) {
    for (auto& part : key()) path.push_back(std::move(part));
    if (here() != '=') throw SettingError("the scenario's text is no valid TOML");
    ++at_;
    skip_blanks();
    const std::size_t begin = at_;
    any_value(path);
    if (path == wanted_) value = Range{begin, at_};
    skip_blanks();
  }

  void document() {
    Path table;
    for (skip_space(); !at_end(); skip_space()) {
      if (here() != '[') {
        pair(table);
        continue;
      }
      const bool of_array = text_.compare(at_, 2, "[[") == 0;
      at_ += of_array ? 2 : 1;
      table = key();
      if (of_array) table.emplace_back();  // one of several: nobody names it
      while (here() == ']') ++at_;
      skip_blanks();
      skip_comment();
      if (is_parent(table)) parent_ends = at_;
    }
  }

  bool is_parent(const Path& path) const {
    return path.size() + 1 == wanted_.size() &&
           std::equal(path.begin(), path.end(), wanted_.begin());
  }

  const std::string& text_;
  const Path& wanted_;
  std::size_t at_ = 0;
};

Path path_of(const std::string& key, const std::string& assignment) {
  Path path;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t dot = std::min(key.find('.', begin), key.size());
    path.push_back(key.substr(begin, dot - begin));
    const auto& part = path.back();
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_bare))
      throw SettingError("a setting is KEY=VALUE, such as target.threads=2; got " +
                         quoted(assignment));
    if (dot == key.size()) return path;
    begin = dot + 1;
  }
}

/// As it is when it is TOML, else a string.
std::string toml_value(const std::string& text) {
  static const std::regex as_it_is(
      R"(true|false|[-+]?(0|[1-9][0-9_]*)(\.[0-9_]+)?([eE][-+]?[0-9]+)?|["'\[{][^]*)");
  if (std::regex_match(text, as_it_is)) return text;
  std::string string = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20)
      throw SettingError("a setting's value must be one line without control characters");
    if (c == '"' || c == '\\') string += '\\';
    string += c;
  }
  return string + "\"";
}

}  // namespace

std::string with_setting(const std::string& text, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals + 1 == assignment.size())
    throw SettingError("a setting is KEY=VALUE, such as target.threads=2; got " +
                       quoted(assignment));
  const Path path = path_of(assignment.substr(0, equals), assignment);
  const std::string value = toml_value(assignment.substr(equals + 1));
  const Walk walk(text, path);
  std::string changed = text;
  if (walk.value) {
    changed.replace(walk.value->begin, walk.value->end - walk.value->begin, value);
  } else if (walk.parent_ends && walk.parent_is_inline) {
    const std::size_t next = text.find_first_not_of(" \t", *walk.parent_ends);
    const bool empty = next != std::string::npos && text[next] == '}';
    changed.insert(*walk.parent_ends, " " + path.back() + " = " + value + (empty ? " " : ","));
  } else if (walk.parent_ends) {
    changed.insert(*walk.parent_ends, "\n" + path.back() + " = " + value);
  } else if (path.size() == 1) {
    changed.insert(0, path.back() + " = " + value + "\n");
  } else {
    std::string table;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) table += (i > 0 ? "." : "") + path[i];
    changed += "\n[" + table + "]\n" + path.back() + " = " + value + "\n";
  }
  return changed;
}

std::string with_settings(std::string text, const std::vector<std::string>& assignments) {
  for (const auto& each : assignments) text = with_setting(text, each);
  return text;
}

}  // namespace squall::scenarios
