// Where each family cuts its words, and that nothing is lost.

#include "agents/engine/model/tokenizer/pre_tokenizer.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "agents/engine/model/tokenizer/unicode_classes.hpp"

using namespace squall::agents;

namespace {

std::string cut(PreTokenizer rules, std::string_view text) {
  std::string words;
  for (const std::string_view word : split_into_words(rules, text)) {
    words += (words.empty() ? "" : "|") + std::string(word);
  }
  return words;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_of_files_choose_the_rules) {
  BOOST_TEST((pre_tokenizer_named("gpt-2") == PreTokenizer::gpt2));
  BOOST_TEST((pre_tokenizer_named("llama-bpe") == PreTokenizer::llama3));
  BOOST_TEST((pre_tokenizer_named("qwen2") == PreTokenizer::qwen2));
  BOOST_TEST((pre_tokenizer_named("smollm") == PreTokenizer::smollm));
  BOOST_TEST((pre_tokenizer_named("default") == PreTokenizer::plain));
  BOOST_TEST(!pre_tokenizer_named("tekken"));
  BOOST_TEST(!pre_tokenizer_named(""));
}

BOOST_AUTO_TEST_CASE(gpt2_takes_a_space_before_letters_numbers_or_symbols) {
  BOOST_TEST(cut(PreTokenizer::gpt2, "I'm  here, 12345 times!") ==
             "I|'m| | here|,| 12345| times|!");
  BOOST_TEST(cut(PreTokenizer::gpt2, "I'M") == "I|'|M");
  BOOST_TEST(cut(PreTokenizer::gpt2, "we'll they've you're") == "we|'ll| they|'ve| you|'re");
  BOOST_TEST(cut(PreTokenizer::gpt2, "a\n\nb  ") == "a|\n|\n|b|  ");
  BOOST_TEST(cut(PreTokenizer::gpt2, " \n x") == " \n| x");
}

BOOST_AUTO_TEST_CASE(llama3_and_qwen2_differ_in_digits_alone) {
  for (const auto rules : {PreTokenizer::llama3, PreTokenizer::qwen2}) {
    BOOST_TEST(cut(rules, "I'M HERE") == "I|'M| HERE");
    BOOST_TEST(cut(rules, "(word) \tx.\n\ny") == "(word|)| |\tx|.\n\n|y");
    BOOST_TEST(cut(rules, "a \n  \n   b") == "a| \n  \n|  | b");
    BOOST_TEST(cut(rules, "a   ") == "a|   ");
    BOOST_TEST(cut(rules, "'quoted' 's") == "'quoted|'| '|s");
  }
  BOOST_TEST(cut(PreTokenizer::llama3, "x 12345678") == "x| |123|456|78");
  BOOST_TEST(cut(PreTokenizer::qwen2, "x 1234") == "x| |1|2|3|4");
}

BOOST_AUTO_TEST_CASE(smollm_takes_digits_one_by_one) {
  BOOST_TEST(cut(PreTokenizer::smollm, "x 123 y's") == "x| |1|2|3| y|'s");
  BOOST_TEST(cut(PreTokenizer::smollm, "1  2") == "1|  |2");
}

BOOST_AUTO_TEST_CASE(the_default_keeps_punctuation_and_numbers_apart) {
  BOOST_TEST(cut(PreTokenizer::plain, "Hi, x=12345 (ok)...") == "Hi|,| x|=|123|45| |(|ok|)...");
  BOOST_TEST(cut(PreTokenizer::plain, "a 12") == "a| |12");
}

BOOST_AUTO_TEST_CASE(scripts_other_than_latin_have_letters_numbers_and_spaces) {
  // Greek letters; Arabic digits; ideographic space; a combining accent is no letter.
  BOOST_TEST(cut(PreTokenizer::qwen2, "\xCE\xB1\xCE\xB2\xD9\xA1\xD9\xA2") ==
             "\xCE\xB1\xCE\xB2|\xD9\xA1|\xD9\xA2");
  BOOST_TEST(cut(PreTokenizer::gpt2, "a\xE3\x80\x80") == "a|\xE3\x80\x80");
  BOOST_TEST(cut(PreTokenizer::gpt2,
                 "e\xCC\x81"
                 "e") == "e|\xCC\x81|e");
}

BOOST_AUTO_TEST_CASE(classes_follow_the_unicode_categories) {
  BOOST_TEST((class_of(U'a') == CharacterClass::letter));
  BOOST_TEST((class_of(U'\u00AA') == CharacterClass::letter));
  BOOST_TEST((class_of(U'\u4F60') == CharacterClass::letter));
  BOOST_TEST((class_of(U'5') == CharacterClass::number));
  BOOST_TEST((class_of(U'\u00B2') == CharacterClass::number));
  BOOST_TEST((class_of(U'\u2167') == CharacterClass::number));
  BOOST_TEST((class_of(U'_') == CharacterClass::punctuation));
  BOOST_TEST((class_of(U'\u3002') == CharacterClass::punctuation));
  BOOST_TEST((class_of(U'$') == CharacterClass::other));
  BOOST_TEST((class_of(U'\u00A0') == CharacterClass::whitespace));
  BOOST_TEST((class_of(0x1C) == CharacterClass::other));
  BOOST_TEST((class_of(0x10FFFF) == CharacterClass::other));
  BOOST_TEST((class_of(0xFFFFFFFF) == CharacterClass::other));
}

BOOST_AUTO_TEST_CASE(broken_utf8_is_taken_byte_by_byte) {
  const auto bytes_of = [](std::string_view text) { return first_character(text).bytes; };
  for (const std::string_view broken :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE4\xBD", "\xC3(",
        "\xF0\x9F\x98"}) {
    BOOST_TEST(bytes_of(broken) == 1U);
    BOOST_TEST((first_character(broken).character == 0xFFFD));
  }
  BOOST_TEST(bytes_of("\xC3\xA4") == 2U);
  BOOST_TEST((first_character("\xE4\xBD\xA0").character == 0x4F60));
  BOOST_TEST((first_character("\xF0\x9F\x98\x80").character == 0x1F600));
}
