#include "coordinator/text/markup_text.hpp"

#include <algorithm>
#include <cctype>

#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

/// Shows nothing, and breaks what would become a link.
constexpr const char* nothing_wide = "&#8203;";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// XML 1.0 takes all that printable() leaves, but for two characters that are none.
std::string without_noncharacters(std::string text) {
  for (const char* each : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (std::size_t at = 0; (at = text.find(each, at)) != std::string::npos;)
      text.replace(at, 3, "?");
  return text;
}

/// Whether what follows would make a link of this character: "@name", "#12", "://", "www.".
bool begins_link(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at + 1);
  switch (text[at]) {
    case '@':
      return !rest.empty() && is_word(rest.front());
    case '#':
      return !rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0;
    case ':':
      return rest.starts_with("//");
    case 'w':
    case 'W': {
      if (at < 2 || rest.empty() || rest.front() != '.') return false;
      const auto is_w = [](char c) { return c == 'w' || c == 'W'; };
      return is_w(text[at - 1]) && is_w(text[at - 2]);
    }
    default:
      return false;
  }
}

std::string markdown_of(std::string_view text) {
  constexpr std::string_view marks = "\\`*_[]|~$";
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      if (marks.find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
      if (begins_link(text, i)) escaped += nothing_wide;
    }
  }
  return escaped;
}

}  // namespace

std::string xml_text(std::string_view text, std::size_t limit) {
  std::string escaped;
  for (const char c : without_noncharacters(printable(text, limit))) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string xml_attribute(std::string_view text, std::size_t limit) {
  return '"' + xml_text(text, limit) + '"';
}

std::string markdown_text(std::string_view text, std::size_t limit) {
  return markdown_of(printable(text, limit));
}

std::string markdown_line(std::string_view text, std::size_t limit) {
  std::string line = printable(text, limit);
  line.erase(0, line.find_first_not_of(' '));
  if (line.empty()) return line;
  if (std::string_view("#-+=").find(line.front()) != std::string_view::npos)
    return '\\' + markdown_of(line);
  // "1. " and "1) " begin a numbered list.
  const auto digits = static_cast<std::size_t>(
      std::find_if_not(line.begin(), line.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; }) -
      line.begin());
  const bool marked = digits > 0 && digits < line.size() &&
                      (line[digits] == '.' || line[digits] == ')') &&
                      (digits + 1 == line.size() || line[digits + 1] == ' ');
  if (marked)
    return line.substr(0, digits) + '\\' + markdown_of(std::string_view(line).substr(digits));
  return markdown_of(line);
}

}  // namespace squall::coordinator
