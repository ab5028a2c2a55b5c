// What clients read of tokens: whole characters, no part of a stop string, however it was cut.

#include "agents/serve/text/answer_text.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/agents/serve/byte_model.hpp"

using namespace squall::agents;
using squall::tests::ByteTokenizer;

namespace {

/// What is shown of `text` when it arrives in the given pieces, and whether a stop ended it.
struct Shown {
  std::string text;
  bool stopped;
};

template <typename Cut>
Shown show_in_pieces(const std::string& text, const std::vector<std::string>& stops, Cut&& cut) {
  StopMatcher matcher(stops);
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = cut();
    shown += matcher.add(std::string_view(text).substr(i, length));
    i += length;
  }
  if (!matcher.matched()) shown += matcher.finish();
  return {shown, matcher.matched()};
}

std::string add_each_byte(Utf8Stream& stream, std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += stream.add({&byte, 1});
  return text;
}

const std::string replaced = "\xEF\xBF\xBD";

}  // namespace

BOOST_AUTO_TEST_CASE(a_character_is_shown_when_its_last_byte_is_there) {
  Utf8Stream stream;
  BOOST_TEST(stream.add("a\xF0\x9F") == "a");
  BOOST_TEST(stream.add("\x99") == "");
  BOOST_TEST(stream.add("\x82") == "\xF0\x9F\x99\x82");
  BOOST_TEST(stream.finish() == "");
}

BOOST_AUTO_TEST_CASE(a_character_that_is_never_completed_is_replaced_at_the_end) {
  Utf8Stream stream;
  BOOST_TEST(stream.add("\xE2\x82") == "");
  BOOST_TEST(stream.finish() == replaced);
  BOOST_TEST(stream.finish() == "");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_character_are_replaced_and_the_rest_is_kept) {
  for (const std::string& wrong :
       {std::string("\x80"), std::string("\xC0\xAF"), std::string("\xED\xA0\x80"),
        std::string("\xF4\x90\x80\x80"), std::string("\xFF"), std::string("\xE0\x80\x80")}) {
    Utf8Stream whole;
    const std::string text = whole.add("a" + wrong + "z") + whole.finish();
    BOOST_TEST(text.starts_with("a" + replaced));
    BOOST_TEST(text.ends_with("z"));
    Utf8Stream pieces;
    BOOST_TEST(add_each_byte(pieces, "a" + wrong + "z") == text);
  }
}

BOOST_AUTO_TEST_CASE(any_bytes_in_any_pieces_give_the_same_text) {
  std::mt19937 random(7);
  const std::string alphabet = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82\xFF\x80";
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    for (int i = 0; i < 20; ++i) bytes += alphabet[random() % alphabet.size()];
    Utf8Stream whole;
    Utf8Stream pieces;
    const std::string expected = whole.add(bytes) + whole.finish();
    BOOST_TEST(add_each_byte(pieces, bytes) + pieces.finish() == expected);
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_a_stop_string_is_ever_shown) {
  StopMatcher matcher({"END"});
  BOOST_TEST(matcher.add("one E") == "one ");
  BOOST_TEST(matcher.add("N") == "");
  BOOST_TEST(matcher.add("D two") == "");
  BOOST_TEST(matcher.matched());
  BOOST_TEST(matcher.add("more") == "");
}

BOOST_AUTO_TEST_CASE(what_only_began_like_a_stop_string_is_shown_after_all) {
  StopMatcher matcher({"END"});
  BOOST_TEST(matcher.add("EN") == "");
  BOOST_TEST(matcher.add("EEN") == "ENE");
  BOOST_TEST(matcher.finish() == "EN");
  BOOST_TEST(!matcher.matched());
}

BOOST_AUTO_TEST_CASE(the_stop_string_that_is_complete_first_ends_the_text) {
  const auto at_once = [] { return std::size_t{100}; };
  BOOST_TEST(show_in_pieces("xabcdy", {"abcd", "bc"}, at_once).text == "xa");
  BOOST_TEST(show_in_pieces("xabcdy", {"bc", "abc"}, at_once).text == "x");
  BOOST_TEST(show_in_pieces("xaby", {"zz"}, at_once).text == "xaby");
}

BOOST_AUTO_TEST_CASE(where_the_pieces_are_cut_makes_no_difference) {
  std::mt19937 random(11);
  int stopped = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto letters = [&](std::size_t most) {
      std::string text(1 + random() % most, 'a');
      for (char& c : text) c = static_cast<char>('a' + random() % 2);
      return text;
    };
    const std::string text = letters(24);
    const std::vector<std::string> stops{letters(6), letters(4) + "b", "b" + letters(5)};
    const Shown whole = show_in_pieces(text, stops, [] { return std::size_t{100}; });
    const Shown cut = show_in_pieces(text, stops, [&] { return 1 + random() % 5; });
    BOOST_TEST(whole.text == cut.text);
    BOOST_TEST(whole.stopped == cut.stopped);
    BOOST_TEST(text.starts_with(whole.text));
    for (const auto& stop : stops) BOOST_TEST(whole.text.find(stop) == std::string::npos);
    stopped += whole.stopped ? 1 : 0;
  }
  BOOST_TEST(stopped > 300);
  BOOST_TEST(stopped < 3000);
}

BOOST_AUTO_TEST_CASE(a_stop_string_is_found_although_its_characters_span_tokens) {
  const ByteTokenizer tokenizer;
  AnswerText answer(tokenizer, {"\xE2\x82\xAC!"});
  std::string shown;
  for (const std::int32_t token : tokenizer.encode("1 \xE2\x82\xAC, 2 \xE2\x82\xAC! 3"))
    shown += answer.add(token);
  BOOST_TEST(shown == "1 \xE2\x82\xAC, 2 ");
  BOOST_TEST(answer.stopped());
}
