// Text to tokens and back, against the recorded ids of a real vocabulary and rule by rule.

#include "agents/engine/model/tokenizer/tokenizer_spm.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "tests/agents/engine/expected_outputs.hpp"
#include "tests/agents/engine/tokenizer/recorded_vocabularies.hpp"

using namespace squall::agents;
namespace unit_test = boost::unit_test;

namespace {

constexpr std::string_view mark = "\xE2\x96\x81";  // U+2581, a space

/// <unk>, <s>, </s>, 256 bytes, then words with scores that fall with the id.
SpmVocabulary vocabulary_of(const std::vector<std::string>& words) {
  SpmVocabulary vocabulary;
  vocabulary.tokens.source = "test";
  const auto add = [&](std::string text, TokenKind kind, float score) {
    vocabulary.tokens.texts.push_back(std::move(text));
    vocabulary.tokens.kinds.push_back(kind);
    vocabulary.scores.push_back(score);
  };
  add("<unk>", TokenKind::unknown, 0);
  add("<s>", TokenKind::control, 0);
  add("</s>", TokenKind::control, 0);
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", TokenKind::byte, 0);
  }
  for (const std::string& word : words) {
    add(word, TokenKind::normal, -static_cast<float>(vocabulary.tokens.size()));
  }
  vocabulary.tokens.unknown = 0;
  vocabulary.tokens.beginning = 1;
  vocabulary.tokens.end = 2;
  return vocabulary;
}

constexpr std::int32_t first_byte = 3;
constexpr std::int32_t first_word = 259;

}  // namespace

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(a_real_vocabulary_gives_the_recorded_ids) {
  const auto path = test_models() / "vocab" / "ggml-vocab-llama-spm.gguf";
  const GgufFile file(path);
  const SpmTokenizer tokenizer(read_spm_vocabulary(file.metadata()));
  BOOST_TEST(tokenizer.vocabulary() == 32000U);
  for (const RecordedText& recorded : read_recorded(path)) {
    Ids expected = recorded.tokens;
    BOOST_TEST(tokenizer.encode(recorded.text, {.add_beginning = false}) == expected,
               "'" << recorded.text << "'");
    expected.insert(expected.begin(), tokenizer.beginning_token());
    BOOST_TEST(tokenizer.encode(recorded.text) == expected);
    const std::string with_first_space = (recorded.text.empty() ? "" : " ") + recorded.text;
    BOOST_TEST(decode_all(tokenizer, expected) == with_first_space);
  }
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(a_real_model_encodes_its_evaluation_text_as_recorded) {
  const auto model = load_model((test_models() / "gguf" / "stories260k-f32.gguf").string());
  const auto expected = read_expected("expected", "stories260k-f32");
  Ids tokens = model->tokenizer->encode(read_text(test_models() / "eval_text.txt"));
  BOOST_TEST(tokens.size() == 902U);
  tokens.resize(expected.text.size());
  BOOST_TEST(tokens == expected.text, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_text_is_the_beginning_alone) {
  BOOST_TEST(SpmTokenizer(vocabulary_of({})).encode("") == Ids{1});
}

BOOST_AUTO_TEST_CASE(the_best_score_is_joined_first_and_of_equals_the_leftmost) {
  auto vocabulary = vocabulary_of({std::string(mark), "a", "b", "ab", "ba", "aba"});
  vocabulary.begin_with_space = false;
  BOOST_TEST(SpmTokenizer(vocabulary).encode("abab") == (Ids{1, first_word + 3, first_word + 3}));
  BOOST_TEST(SpmTokenizer(vocabulary).encode("aba") == (Ids{1, first_word + 5}));
  vocabulary.scores[first_word + 4] = 1;  // now "ba" comes first
  BOOST_TEST(SpmTokenizer(vocabulary).encode("abab") == (Ids{1, first_word + 5, first_word + 2}));
  vocabulary.scores[first_word + 3] = 1;  // as good as "ba"
  BOOST_TEST(SpmTokenizer(vocabulary).encode("bab") == (Ids{1, first_word + 4, first_word + 2}));
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_spelled_in_bytes_and_decodes_to_them) {
  const SpmTokenizer tokenizer(vocabulary_of({std::string(mark), "a"}));
  const Ids expected{1, first_word, first_byte + 0xC3, first_byte + 0xA4, first_word + 1};
  BOOST_TEST(tokenizer.encode("\xC3\xA4"
                              "a") == expected);
  BOOST_TEST(decode_all(tokenizer, expected) ==
             " \xC3\xA4"
             "a");
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  BOOST_TEST(decode_all(tokenizer, tokenizer.encode(all_bytes)) == " " + all_bytes);
}

BOOST_AUTO_TEST_CASE(broken_utf8_at_the_end_is_spelled_in_bytes) {
  const SpmTokenizer tokenizer(vocabulary_of({std::string(mark)}));
  BOOST_TEST(tokenizer.encode("\xF0\x9F") ==
             (Ids{1, first_word, first_byte + 0xF0, first_byte + 0x9F}));
}

BOOST_AUTO_TEST_CASE(without_a_byte_token_the_unknown_token_stands_for_it) {
  auto vocabulary = vocabulary_of({std::string(mark)});
  vocabulary.tokens.kinds[first_byte + 'x'] = TokenKind::unused;
  BOOST_TEST(SpmTokenizer(vocabulary).encode("x") == (Ids{1, first_word, 0}));
  vocabulary.tokens.unknown = -1;
  BOOST_CHECK_THROW(SpmTokenizer{vocabulary}, ModelError);
}

BOOST_AUTO_TEST_CASE(control_and_byte_tokens_do_not_come_from_text_that_spells_them) {
  auto vocabulary = vocabulary_of({std::string(mark), "<", "s", ">", "<s", "0", "x", "<0", "<0x"});
  vocabulary.begin_with_space = false;
  const SpmTokenizer tokenizer(vocabulary);
  BOOST_TEST(tokenizer.encode("<s>") == (Ids{1, first_word + 4, first_word + 3}));
  for (const std::int32_t token : tokenizer.encode("<0x0A>")) {
    BOOST_TEST(token != first_byte + 0x0A);
  }
}

BOOST_AUTO_TEST_CASE(the_beginning_and_the_first_space_follow_the_vocabulary) {
  auto vocabulary = vocabulary_of({std::string(mark), "a", std::string(mark) + "a"});
  BOOST_TEST(SpmTokenizer(vocabulary).encode("a") == (Ids{1, first_word + 2}));
  vocabulary.tokens.begin_with_beginning = false;
  BOOST_TEST(SpmTokenizer(vocabulary).encode("a") == (Ids{first_word + 2}));
  vocabulary.begin_with_space = false;
  BOOST_TEST(SpmTokenizer(vocabulary).encode("a") == (Ids{first_word + 1}));
}

BOOST_AUTO_TEST_CASE(control_tokens_come_from_text_only_when_they_are_asked_for) {
  const SpmTokenizer tokenizer(vocabulary_of({std::string(mark), "a", "<", "s", ">"}));
  const Ids spelled{first_word, first_word + 2, first_word + 3, first_word + 4, first_word + 1};
  BOOST_TEST(tokenizer.encode("<s>a", {.add_beginning = false}) == spelled);
  BOOST_TEST(tokenizer.encode("<s>a", {.add_beginning = false, .parse_special = true}) ==
             (Ids{1, first_word, first_word + 1}));
  BOOST_TEST(tokenizer.encode("a</s><s>", {.parse_special = true}) ==
             (Ids{1, first_word, first_word + 1, 2, 1}));
}

BOOST_AUTO_TEST_CASE(user_defined_tokens_are_found_whole_in_any_text_the_longest_first) {
  auto vocabulary = vocabulary_of({std::string(mark), "a", "b", "ab", "<x>", "<x><y>", "<y>"});
  for (const int word : {4, 5, 6}) {
    vocabulary.tokens.kinds[first_word + word] = TokenKind::user_defined;
  }
  vocabulary.begin_with_space = false;
  vocabulary.scores[first_word + 3] = -1e6F;
  const SpmTokenizer tokenizer(vocabulary);
  BOOST_TEST(
      tokenizer.encode("ab<x><y>a<y><x>") ==
      (Ids{1, first_word + 3, first_word + 5, first_word + 1, first_word + 6, first_word + 4}));
}

BOOST_AUTO_TEST_CASE(a_vocabulary_that_wants_the_end_on_prompts_gets_it) {
  auto vocabulary = vocabulary_of({std::string(mark), "a"});
  vocabulary.tokens.finish_with_end = true;
  const SpmTokenizer tokenizer(vocabulary);
  BOOST_TEST(tokenizer.encode("a") == (Ids{1, first_word, first_word + 1, 2}));
  BOOST_TEST(tokenizer.encode("") == (Ids{1, 2}));
  BOOST_TEST(tokenizer.encode("a", {.add_beginning = false}) == (Ids{first_word, first_word + 1}));
}

BOOST_AUTO_TEST_CASE(only_tokens_that_stand_for_text_are_text) {
  const SpmTokenizer tokenizer(vocabulary_of({"a"}));
  BOOST_TEST(!tokenizer.is_text(-1));
  BOOST_TEST(!tokenizer.is_text(0));
  BOOST_TEST(!tokenizer.is_text(1));
  BOOST_TEST(tokenizer.is_text(first_byte));
  BOOST_TEST(tokenizer.is_text(first_word));
  BOOST_TEST(!tokenizer.is_text(first_word + 1));
  BOOST_TEST(tokenizer.decode(1) == "");
  BOOST_TEST(tokenizer.decode(0) == "\xEF\xBF\xBD");
  BOOST_TEST(tokenizer.decode(-1) == "");
  BOOST_TEST(tokenizer.decode(1 << 30) == "");
}

BOOST_AUTO_TEST_CASE(a_long_text_of_one_letter_is_encoded_in_reasonable_time) {
  const SpmTokenizer tokenizer(
      vocabulary_of({std::string(mark), "a", "aa", "aaaa", "aaaaaaaa", "aaaaaaaaaaaaaaaa"}));
  const Ids tokens = tokenizer.encode(std::string(1 << 18, 'a'));
  BOOST_TEST(tokens.size() == (1U << 14) + 2);
}
