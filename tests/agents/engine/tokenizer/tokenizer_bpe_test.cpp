// Byte-level BPE against the recorded ids of real vocabularies, against a slow and obvious version
// of itself, and rule by rule.

#include "agents/engine/model/tokenizer/tokenizer_bpe.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "tests/agents/engine/expected_outputs.hpp"
#include "tests/agents/engine/tokenizer/recorded_vocabularies.hpp"

using namespace squall::agents;
namespace unit_test = boost::unit_test;

namespace {

std::string in_utf8(char32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

/// As vocabularies write it.
std::string written(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    char32_t code = byte;
    if (byte <= 32) code = 256 + byte;
    if (byte >= 127 && byte <= 160) code = 256 + 33 + byte - 127;
    if (byte == 173) code = 256 + 67;
    text += in_utf8(code);
  }
  return text;
}

/// The 256 bytes, then what the merges make.
BpeVocabulary vocabulary_of(const std::vector<std::pair<std::string, std::string>>& merges) {
  BpeVocabulary vocabulary;
  vocabulary.tokens.source = "test";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.texts.push_back(written({static_cast<char>(byte)}));
  }
  for (const auto& [left, right] : merges) {
    vocabulary.tokens.texts.push_back(written(left + right));
    vocabulary.merges.push_back(written(left) + " " + written(right));
  }
  vocabulary.tokens.kinds.assign(vocabulary.tokens.size(), TokenKind::normal);
  vocabulary.tokens.begin_with_beginning = false;
  return vocabulary;
}

void add_token(BpeVocabulary& vocabulary, const std::string& text, TokenKind kind) {
  vocabulary.tokens.texts.push_back(text);
  vocabulary.tokens.kinds.push_back(kind);
}

std::string refusal(const BpeVocabulary& vocabulary) {
  try {
    BpeTokenizer tokenizer(vocabulary);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

/// A vocabulary of 'tokenizer.json' as the Hugging Face library writes it.
BpeVocabulary read_json_vocabulary(const std::string& name, PreTokenizer words) {
  const auto json = nlohmann::json::parse(read_text(test_vocabularies() / name / "tokenizer.json"));
  BpeVocabulary vocabulary;
  vocabulary.tokens.source = name;
  vocabulary.words = words;
  vocabulary.tokens.begin_with_beginning = false;
  const auto put = [&](std::size_t id, const std::string& text, TokenKind kind) {
    while (vocabulary.tokens.size() <= id) add_token(vocabulary, "[unused]", TokenKind::unused);
    vocabulary.tokens.texts[id] = text;
    vocabulary.tokens.kinds[id] = kind;
  };
  for (const auto& [text, id] : json["model"]["vocab"].items()) put(id, text, TokenKind::normal);
  for (const auto& added : json["added_tokens"]) {
    put(added["id"], added["content"],
        added["special"].get<bool>() ? TokenKind::control : TokenKind::user_defined);
  }
  for (const auto& merge : json["model"]["merges"]) vocabulary.merges.push_back(merge);
  vocabulary.whole_words_first = json["model"].value("ignore_merges", false);
  return vocabulary;
}

void expect_recorded_ids(const BpeTokenizer& tokenizer, const std::string& name) {
  const auto path = test_models() / "vocab" / ("ggml-vocab-" + name + ".gguf");
  for (const RecordedText& recorded : read_recorded(path)) {
    const Ids found = tokenizer.encode(recorded.text, {.add_beginning = false});
    BOOST_TEST(found == recorded.tokens, name << ": '" << recorded.text << "'");
    BOOST_TEST(decode_all(tokenizer, found) == recorded.text);
  }
}

/// Texts that are hard to tokenize: spaces, digits, contractions, scripts, bytes that are no UTF-8.
std::string random_text(std::mt19937_64& random, std::size_t pieces) {
  static const std::vector<std::string> choices{" ",
                                                "  ",
                                                "\n",
                                                "\r\n",
                                                "\t",
                                                "'s",
                                                "'RE",
                                                "'ll",
                                                "'",
                                                "a",
                                                "B",
                                                "word",
                                                "1",
                                                "2345",
                                                "!?",
                                                "$",
                                                "\xC3\xA4",
                                                "\xE4\xBD\xA0",
                                                "\xF0\x9F\x98\x80",
                                                "\xC2\xA0",
                                                "\xE3\x80\x80",
                                                "\xCC\x81",
                                                "\xD9\xA3",
                                                "\xFF",
                                                "\xC3",
                                                "\xF0\x9F",
                                                std::string(1, '\0'),
                                                "<|im_end|>"};
  std::string text;
  for (std::size_t i = 0; i < pieces; ++i) {
    if (random() % 8 == 0) {
      text += static_cast<char>(random());
    } else {
      text += choices[random() % choices.size()];
    }
  }
  return text;
}

/// Merges one pair at a time: of all neighbours the one of the lowest rank, the leftmost of equals.
std::vector<std::string> merge_slowly(
    std::vector<std::string> parts,
    const std::map<std::pair<std::string, std::string>, int>& ranks) {
  for (;;) {
    int best = -1;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find({parts[i], parts[i + 1]});
      if (found == ranks.end() || (best >= 0 && found->second >= best)) continue;
      best = found->second;
      place = i;
    }
    if (best < 0) return parts;
    parts[place] += parts[place + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

}  // namespace

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(the_vocabulary_of_gpt2_gives_the_recorded_ids) {
  const GgufFile file(test_models() / "vocab" / "ggml-vocab-gpt-2.gguf");
  const BpeTokenizer tokenizer(read_bpe_vocabulary(file.metadata()));
  BOOST_TEST(tokenizer.vocabulary() == 50257U);
  expect_recorded_ids(tokenizer, "gpt-2");
  BOOST_TEST(tokenizer.ends_answer(50256));
  BOOST_TEST(!tokenizer.is_text(50256));  // <|endoftext|>, which the file calls a normal token
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand) *
                     unit_test::precondition(vocabularies_are_at_hand))
BOOST_AUTO_TEST_CASE(the_vocabulary_of_llama_3_gives_the_recorded_ids) {
  const BpeVocabulary vocabulary = read_json_vocabulary("llama-bpe", PreTokenizer::llama3);
  BOOST_TEST(vocabulary.whole_words_first);
  expect_recorded_ids(BpeTokenizer(vocabulary), "llama-bpe");
}

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand) *
                     unit_test::precondition(vocabularies_are_at_hand))
BOOST_AUTO_TEST_CASE(the_vocabulary_of_qwen2_gives_the_recorded_ids) {
  expect_recorded_ids(BpeTokenizer(read_json_vocabulary("qwen2", PreTokenizer::qwen2)), "qwen2");
}

BOOST_AUTO_TEST_CASE(merges_equal_a_slow_and_obvious_version_on_random_vocabularies) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> tokens{"a", "b", "c", "d"};
    std::vector<std::pair<std::string, std::string>> merges;
    std::map<std::pair<std::string, std::string>, int> ranks;
    while (merges.size() < 40) {
      const std::string left = tokens[random() % tokens.size()];
      const std::string right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 12 || ranks.count({left, right}) != 0) continue;
      ranks[{left, right}] = static_cast<int>(merges.size());
      merges.emplace_back(left, right);
      tokens.push_back(left + right);
    }
    const BpeTokenizer tokenizer(vocabulary_of(merges));
    for (int text = 0; text < 50; ++text) {
      std::vector<std::string> letters;
      std::string word;
      for (std::size_t i = 0; i < 1 + random() % 60; ++i) {
        letters.emplace_back(1, static_cast<char>('a' + random() % 4));
        word += letters.back();
      }
      std::vector<std::string> found;
      for (const std::int32_t token : tokenizer.encode(word))
        found.push_back(tokenizer.decode(token));
      BOOST_TEST(found == merge_slowly(letters, ranks), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(every_text_comes_back_byte_for_byte_whatever_the_pre_tokenizer) {
  std::mt19937_64 random(7);
  BpeVocabulary vocabulary = vocabulary_of({{" ", " "}, {"w", "o"}, {"\xC3", "\xA4"}, {"3", "4"}});
  add_token(vocabulary, "<|im_end|>", TokenKind::control);
  for (const PreTokenizer words : {PreTokenizer::gpt2, PreTokenizer::llama3, PreTokenizer::qwen2,
                                   PreTokenizer::smollm, PreTokenizer::plain}) {
    vocabulary.words = words;
    const BpeTokenizer tokenizer(vocabulary);
    for (int i = 0; i < 300; ++i) {
      const std::string text = random_text(random, random() % 40);
      const Ids tokens = tokenizer.encode(text);
      BOOST_TEST(decode_all(tokenizer, tokens) == text);
      for (const std::int32_t token : tokens) BOOST_TEST(tokenizer.is_text(token));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_word_that_is_a_token_may_come_before_its_merges) {
  BpeVocabulary vocabulary = vocabulary_of({{"a", "b"}, {"b", "c"}, {"ab", "c"}});
  add_token(vocabulary, "xyz", TokenKind::normal);  // no merges make it
  const Ids spelled{'x', 'y', 'z'};
  BOOST_TEST(BpeTokenizer(vocabulary).encode("xyz") == spelled);
  vocabulary.whole_words_first = true;
  BOOST_TEST(BpeTokenizer(vocabulary).encode("xyz") == Ids{259});
  BOOST_TEST(BpeTokenizer(vocabulary).encode("abc xyz") == (Ids{258, ' ', 'x', 'y', 'z'}));
}

BOOST_AUTO_TEST_CASE(bytes_without_a_token_are_unknown_or_left_out) {
  BpeVocabulary vocabulary = vocabulary_of({});
  vocabulary.tokens.kinds['x'] = TokenKind::unused;
  BOOST_TEST(BpeTokenizer(vocabulary).encode("axb") == (Ids{'a', 'b'}));
  add_token(vocabulary, "<unk>", TokenKind::unknown);
  vocabulary.tokens.unknown = 256;
  BOOST_TEST(BpeTokenizer(vocabulary).encode("axb") == (Ids{'a', 256, 'b'}));
}

BOOST_AUTO_TEST_CASE(special_tokens_are_found_only_when_asked_for_and_user_defined_ones_always) {
  BpeVocabulary vocabulary = vocabulary_of({});
  add_token(vocabulary, "<|a|>", TokenKind::control);
  add_token(vocabulary, "<think>", TokenKind::user_defined);
  vocabulary.tokens.beginning = 256;
  vocabulary.tokens.begin_with_beginning = true;
  const BpeTokenizer tokenizer(vocabulary);
  BOOST_TEST(tokenizer.encode("x<think><|a|>", {.parse_special = true}) ==
             (Ids{256, 'x', 257, 256}));
  BOOST_TEST(tokenizer.encode("x<think><|a|>", {.add_beginning = false}) ==
             (Ids{'x', 257, '<', '|', 'a', '|', '>'}));
  BOOST_TEST(tokenizer.decode(257) == "<think>");
  BOOST_TEST(tokenizer.decode(256) == "");
}

BOOST_AUTO_TEST_CASE(merges_that_are_broken_are_refused_by_number) {
  const auto says = [](const std::string& message, std::string_view part) {
    BOOST_TEST(message.find(part) != std::string::npos, message);
  };
  BpeVocabulary vocabulary = vocabulary_of({{"a", "b"}});
  for (const std::string broken : {"", "ab", "a ", " a", " "}) {
    vocabulary.merges = {"a b", broken};
    says(refusal(vocabulary), "merge 1 of tokenizer.ggml.merges, '" + broken + "', is not two");
  }
  for (const std::string broken : {"b a", "ab c", "abc d", "a  b"}) {
    vocabulary.merges = {broken};
    says(refusal(vocabulary), "needs tokens that the vocabulary lacks");
  }
  vocabulary.merges = {};
  vocabulary.tokens.kinds.pop_back();
  says(refusal(vocabulary), "257 tokens, but 256 types");
}

BOOST_AUTO_TEST_CASE(a_word_of_many_letters_is_merged_in_reasonable_time) {
  const BpeTokenizer tokenizer(
      vocabulary_of({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}, {"aaaaaaaa", "aaaaaaaa"}}));
  BOOST_TEST(tokenizer.encode(std::string(1 << 18, 'a')).size() == 1U << 14);
}
