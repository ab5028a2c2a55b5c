// Text from elsewhere stays text in XML and Markdown.

#include "coordinator/text/markup_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall::coordinator;

BOOST_AUTO_TEST_CASE(what_would_be_xml_is_written_as_text) {
  BOOST_TEST(xml_attribute("a<b>&\"c'") == "\"a&lt;b&gt;&amp;&quot;c'\"");
  BOOST_TEST(xml_text("]]>") == "]]&gt;");
  BOOST_TEST(xml_text("x\x1b[2J\n\x01y\xff") == "x?[2J??y?");
  BOOST_TEST(xml_text("a\xEF\xBF\xBE\xEF\xBF\xBFz") == "a??z");  // no characters in XML 1.0
  BOOST_TEST(xml_text("grüße") == "grüße");
}

BOOST_AUTO_TEST_CASE(what_would_be_markdown_is_written_as_text) {
  BOOST_TEST(markdown_text("a|b*c_d`e[f]") == "a\\|b\\*c\\_d\\`e\\[f\\]");
  BOOST_TEST(markdown_text("<script>&") == "&lt;script&gt;&amp;");
  BOOST_TEST(markdown_text("~~x~~ $y$ \\") == "\\~\\~x\\~\\~ \\$y\\$ \\\\");
}

BOOST_AUTO_TEST_CASE(addresses_names_and_numbers_are_no_links) {
  BOOST_TEST(markdown_text("@ops see #12") == "@&#8203;ops see #&#8203;12");
  BOOST_TEST(markdown_text("http://x www.y.z") == "http:&#8203;//x www&#8203;.y.z");
  BOOST_TEST(markdown_text("12 % of 3 @ 4, C# 9: ww.") == "12 % of 3 @ 4, C# 9: ww.");
}

BOOST_AUTO_TEST_CASE(a_line_begins_no_heading_and_no_list) {
  BOOST_TEST(markdown_line("# big") == "\\# big");
  BOOST_TEST(markdown_line("    - deep") == "\\- deep");
  BOOST_TEST(markdown_line("12. twelfth") == "12\\. twelfth");
  BOOST_TEST(markdown_line("12.5 tokens") == "12.5 tokens");
  BOOST_TEST(markdown_line("12)") == "12\\)");
  BOOST_TEST(markdown_line("12 tokens") == "12 tokens");
  BOOST_TEST(markdown_line("").empty());
}
