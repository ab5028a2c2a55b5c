#pragma once
// Text from elsewhere as text within markup: XML and Markdown. What would be a tag, a link, a
// heading or a mention stays the characters that it is; control characters become '?'.

#include <cstddef>
#include <string>
#include <string_view>

namespace squall::coordinator {

/// Between tags, or between quotes in an attribute.
std::string xml_text(std::string_view text, std::size_t limit = 1000);
/// With its quotes: ` name=` + xml_attribute("a<b") is ` name="a&lt;b"`.
std::string xml_attribute(std::string_view text, std::size_t limit = 1000);

/// Within a line or a cell of a table, as GitHub and GitLab read it: also addresses, @names and
/// #numbers are no links.
std::string markdown_text(std::string_view text, std::size_t limit = 400);
/// The same where a line or a list item begins, and '#' would be a heading.
std::string markdown_line(std::string_view text, std::size_t limit = 400);

}  // namespace squall::coordinator
