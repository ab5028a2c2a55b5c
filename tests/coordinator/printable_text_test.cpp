#include "coordinator/text/printable_text.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/text/text_table.hpp"

using namespace squall::coordinator;

BOOST_AUTO_TEST_CASE(ordinary_text_stays_as_it_is) {
  BOOST_TEST(printable("steady chat") == "steady chat");
  BOOST_TEST(printable("Gespräch 会話 🙂") == "Gespräch 会話 🙂");
  BOOST_TEST(printable("") == "");
}

BOOST_AUTO_TEST_CASE(escape_sequences_lose_their_teeth) {
  BOOST_TEST(printable("\x1b[2Jgone") == "?[2Jgone");
  BOOST_TEST(printable("a\r\nb\tc\x07\x7f") == "a??b?c??");
  BOOST_TEST(printable(std::string("\0", 1)) == "?");
  BOOST_TEST(printable("\xc2\x9b"
                       "31m") == "?31m");  // CSI as one C1 character
}

BOOST_AUTO_TEST_CASE(text_cannot_be_turned_around) {
  BOOST_TEST(printable("user\u202Etxt.exe") == "user?txt.exe");
  BOOST_TEST(printable("\u2066x\u2069\u200F") == "?x??");
  BOOST_TEST(printable("one\u2028two") == "one?two");
}

BOOST_AUTO_TEST_CASE(each_invalid_byte_becomes_a_question_mark) {
  BOOST_TEST(printable("a\xff"
                       "b") == "a?b");
  BOOST_TEST(printable("\xe4\xbc") == "??");            // cut short
  BOOST_TEST(printable("\xc0\xaf") == "??");            // overlong
  BOOST_TEST(printable("\xed\xa0\x80") == "???");       // surrogate
  BOOST_TEST(printable("\xf4\x90\x80\x80") == "????");  // beyond Unicode
  BOOST_TEST(printable("\x80z") == "?z");
}

BOOST_AUTO_TEST_CASE(long_text_is_cut) {
  BOOST_TEST(printable("abcdefghij", 10) == "abcdefghij");
  BOOST_TEST(printable("abcdefghijk", 10) == "abcdefg...");
  BOOST_TEST(width_of(printable("äöüäöüäöüäöü", 10)) == 10u);
}

BOOST_AUTO_TEST_CASE(width_counts_characters_and_not_bytes) {
  BOOST_TEST(width_of("Gespräch") == 8u);
  BOOST_TEST(first_characters("Gespräch", 6) == "Gesprä");
  BOOST_TEST(first_characters("ab", 6) == "ab");
}

BOOST_AUTO_TEST_CASE(columns_line_up) {
  TextTable table("lrl");
  table.add({{"a"}, {"1"}, {"x"}});
  table.add({{"größe"}, {"100"}, {"y"}});
  BOOST_TEST(table.render(40, false) ==
             "  a        1  x\n"
             "  größe  100  y\n");
}

BOOST_AUTO_TEST_CASE(the_last_column_wraps_below_itself) {
  TextTable table("ll");
  table.add({{"name"}, {"one two three four"}});
  BOOST_TEST(table.render(18, false) ==
             "  name  one two\n"
             "        three four\n");
}

BOOST_AUTO_TEST_CASE(a_word_longer_than_the_line_is_broken) {
  const auto lines = wrapped("abcdefgh ij", 3);
  const std::vector<std::string> expected{"abc", "def", "gh", "ij"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(styles_are_only_for_those_who_want_them) {
  BOOST_TEST(styled("x", Style::bad, false) == "x");
  BOOST_TEST(styled("x", Style::plain, true) == "x");
  BOOST_TEST(styled("x", Style::bad, true) == "\x1b[31mx\x1b[0m");
}
