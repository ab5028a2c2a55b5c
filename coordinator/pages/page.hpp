#pragma once
// HTML pages that are one file each: style, script and data inside, nothing from any network
// (Content-Security-Policy says so), light and dark, wide and narrow, printable. Whoever fills one
// escapes what others wrote; tables and charts of this unit do it themselves.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/pages/chart.hpp"

namespace squall::coordinator {

/// Safe between tags and within quoted attributes. Line ends and tabs stay; what a terminal would
/// obey and what is no UTF-8 becomes '?'.
std::string escaped(std::string_view text);

/// JSON that may stand within a script element: "<" and its like are written as \u003c.
std::string json_in_script(std::string json);

/// A table cell: text, or a number aligned right; `tone` colours it.
struct PageCell {
  std::string text;
  enum class Tone { plain, good, doubtful, bad, quiet } tone = Tone::plain;
  bool number = false;
};

struct PageTable {
  std::string caption{};
  std::vector<std::string> head;
  std::vector<std::vector<PageCell>> rows;
};

/// A page is written from its top to its bottom.
class Page {
 public:
  explicit Page(std::string title);

  /// A sentence large on top, and why below it.
  void verdict(PageCell::Tone tone, std::string_view word, std::string_view why);
  /// What the reader must know before any figure: simulated, insecure, synthetic.
  void banner(std::string_view text);
  /// A section with a heading and a place in the page's table of contents.
  void section(std::string_view id, std::string_view heading);
  void paragraph(std::string_view text);
  void list(const std::vector<std::string>& items);
  void table(const PageTable& table);
  void chart(const Chart& chart);
  /// Text as it is, like a scenario; folded away until asked for when it is long.
  void preformatted(std::string_view heading, std::string_view text);
  /// Terms and what they mean.
  void glossary(const std::vector<std::pair<std::string, std::string>>& terms);

  /// The whole file. Styles and scripts are embedded at build time.
  std::string html() const;

 private:
  std::string title_, body_;
  std::vector<std::pair<std::string, std::string>> sections_;  // id, heading
  std::vector<Chart> charts_;
};

}  // namespace squall::coordinator
