#include "agents/targets/prompt_text.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/synthetic/tokenizer_synthetic.hpp"
#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"
#include "tests/agents/engine/expected_outputs.hpp"
#include "tests/fixtures/tiny_models.hpp"

using namespace squall::agents;
using namespace squall::scenarios;
using Api = PromptWriter::Api;

namespace {

PromptPart made_up(std::uint64_t seed, std::uint32_t tokens, Speaker speaker = Speaker::user) {
  return {speaker, SyntheticText{seed, tokens}};
}
PromptPart said(const std::string& text, Speaker speaker = Speaker::user) {
  return {speaker, text};
}
Prompt lone(std::vector<PromptPart> parts) { return {std::move(parts), false}; }
Prompt conversation(std::vector<PromptPart> parts) { return {std::move(parts), true}; }

std::size_t encoded(const Tokenizer& tokenizer, const std::string& text, bool beginning = false) {
  return tokenizer.encode(text, {.add_beginning = beginning}).size();
}

/// A vocabulary of bytes and no word, as tests have it.
std::shared_ptr<const Tokenizer> tokenizer_of_bytes() {
  squall::fixtures::GgufWriter writer = squall::fixtures::tiny_model({});
  const std::vector<std::byte> bytes = writer.bytes();
  return read_tokenizer(GgufFile("tiny.gguf", bytes).metadata());
}

struct Named {
  std::string name;
  std::shared_ptr<const Tokenizer> tokenizer;
};

/// The synthetic one always; those of real models where they are at hand.
const std::vector<Named>& vocabularies_with_words() {
  static const std::vector<Named> all = [] {
    std::vector<Named> found{{"synthetic", std::make_shared<SyntheticTokenizer>(512)},
                             {"large synthetic", std::make_shared<SyntheticTokenizer>(128'000)}};
    for (const char* file : {"vocab/ggml-vocab-gpt-2.gguf", "vocab/ggml-vocab-llama-spm.gguf",
                             "gguf/stories260k-q8_0.gguf"}) {
      const auto path = test_models() / file;
      if (std::filesystem::exists(path))
        found.push_back({file, load_tokenizer(path)});
      else
        BOOST_TEST_MESSAGE("skipped: no " << path << "; set SQUALL_TEST_MODELS to try it");
    }
    return found;
  }();
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(made_up_text_has_exactly_so_many_tokens_in_every_vocabulary_with_words) {
  for (const auto& [name, tokenizer] : vocabularies_with_words()) {
    const MadeUpWords words(tokenizer.get());
    BOOST_TEST(words.exact(), name << " has too few words");
    Random random(7);
    for (int trial = 0; trial < 300; ++trial) {
      const auto count = static_cast<std::uint32_t>(1 + random.next() % (trial % 10 ? 40 : 1500));
      const std::string text = words.text(random.next(), count);
      BOOST_REQUIRE_MESSAGE(encoded(*tokenizer, text) == count,
                            name << ": " << count << " tokens wanted, " << encoded(*tokenizer, text)
                                 << " found in: " << text);
    }
  }
}

BOOST_AUTO_TEST_CASE(made_up_text_begins_like_longer_text_of_the_same_seed) {
  for (const auto& [name, tokenizer] : vocabularies_with_words()) {
    const MadeUpWords words(tokenizer.get());
    const std::string longest = words.text(3, 200);
    const auto tokens = tokenizer->encode(longest, {.add_beginning = false});
    for (const std::uint32_t count : {1, 2, 50, 199}) {
      const std::string text = words.text(3, count);
      BOOST_TEST(longest.starts_with(text + " "));
      const auto first = tokenizer->encode(text, {.add_beginning = false});
      BOOST_TEST(std::equal(first.begin(), first.end(), tokens.begin()), name);
    }
    BOOST_TEST(words.text(4, 200) != longest);
    BOOST_TEST(MadeUpWords(tokenizer.get()).text(3, 200) == longest);
  }
}

BOOST_AUTO_TEST_CASE(made_up_text_has_as_many_tokens_behind_a_line_end_as_chats_have_it) {
  for (const auto& [name, tokenizer] : vocabularies_with_words()) {
    const MadeUpWords words(tokenizer.get());
    const std::size_t before = encoded(*tokenizer, "user\n");
    for (std::uint64_t seed = 0; seed < 100; ++seed)
      BOOST_TEST(encoded(*tokenizer, "user\n" + words.text(seed, 12)) == before + 12, name);
  }
}

BOOST_AUTO_TEST_CASE(made_up_text_is_plain_words) {
  auto vocabularies = vocabularies_with_words();
  vocabularies.push_back({"none", nullptr});
  vocabularies.push_back({"bytes", tokenizer_of_bytes()});
  for (const auto& [name, tokenizer] : vocabularies) {
    const std::string text = MadeUpWords(tokenizer.get()).text(11, 5000);
    BOOST_TEST(std::ranges::all_of(
        text, [](char c) { return c == ' ' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }));
    BOOST_TEST(text.find("  ") == std::string::npos);
    BOOST_TEST((text.front() != ' ' && text.back() != ' '));
    BOOST_TEST(std::ranges::count(text, ' ') == 4999);
  }
}

BOOST_AUTO_TEST_CASE(a_message_of_several_made_up_parts_has_as_many_tokens_as_they_together) {
  for (const auto& [name, tokenizer] : vocabularies_with_words()) {
    const PromptWriter prompts(tokenizer, Api::chat);
    const Prompt prompt = lone({made_up(1, 30), made_up(2, 20), made_up(3, 7)});
    const auto messages = prompts.messages(prompt);
    BOOST_REQUIRE(messages.size() == 1u);
    BOOST_TEST(messages[0].role == "user");
    BOOST_TEST(encoded(*tokenizer, messages[0].content) == 57u, name);
    BOOST_TEST(prompts.count(prompt) == 57u);
    // Another prompt with the same prefix gives a text that begins alike.
    const auto other = prompts.messages(lone({made_up(1, 30), made_up(9, 40)}));
    const std::string prefix = MadeUpWords(tokenizer.get()).text(1, 30) + " ";
    BOOST_TEST(messages[0].content.starts_with(prefix));
    BOOST_TEST(other[0].content.starts_with(prefix));
  }
}

BOOST_AUTO_TEST_CASE(the_text_for_completions_counts_the_beginning_token) {
  for (const auto& [name, tokenizer] : vocabularies_with_words()) {
    const PromptWriter prompts(tokenizer, Api::completions);
    for (const std::uint32_t own : {1, 2, 9, 300}) {
      const Prompt prompt = lone({made_up(1, 24), made_up(own, own)});
      BOOST_TEST(encoded(*tokenizer, prompts.text(prompt), true) == 24 + own, name);
      BOOST_TEST(prompts.count(prompt) == 24 + own);
    }
    // A server takes no empty prompt, so one word is the least.
    const Prompt shortest = lone({made_up(5, 1)});
    BOOST_TEST(!prompts.text(shortest).empty());
    BOOST_TEST(prompts.count(shortest) == encoded(*tokenizer, prompts.text(shortest), true), name);
  }
}

BOOST_AUTO_TEST_CASE(speakers_take_turns_in_messages) {
  const PromptWriter prompts(nullptr, Api::chat);
  const auto messages = prompts.messages(
      conversation({said("Be brief.", Speaker::system), said("Hello"), said(", you"),
                    said("", Speaker::assistant), made_up(1, 3), said("x y"), made_up(2, 2)}));
  BOOST_REQUIRE(messages.size() == 4u);
  BOOST_TEST(messages[0].role == "system");
  BOOST_TEST(messages[0].content == "Be brief.");
  BOOST_TEST(messages[1].role == "user");
  BOOST_TEST(messages[1].content == "Hello, you");
  BOOST_TEST(messages[2].role == "assistant");
  BOOST_TEST(messages[2].content == "");
  const MadeUpWords words(nullptr);
  BOOST_TEST(messages[3].content == words.text(1, 3) + " x y " + words.text(2, 2));
}

BOOST_AUTO_TEST_CASE(counts_say_how_they_are_known) {
  const PromptWriter estimated(nullptr, Api::chat);
  BOOST_TEST(!estimated.exact());
  BOOST_TEST(estimated.token_counts().starts_with("estimated"));
  BOOST_TEST(estimated.count(lone({made_up(1, 40), said("twelve bytes")})) == 43u);

  const PromptWriter exact(std::make_shared<SyntheticTokenizer>(512), Api::chat);
  BOOST_TEST(exact.token_counts() == "the given tokenizer");
  BOOST_TEST(exact.count(lone({made_up(1, 40), said("just three words")})) == 43u);

  const auto bytes = tokenizer_of_bytes();
  const PromptWriter wordless(bytes, Api::chat);
  BOOST_TEST(!wordless.exact());
  BOOST_TEST(wordless.token_counts().starts_with("estimated"));
  const Prompt prompt = lone({made_up(1, 5)});
  BOOST_TEST(wordless.count(prompt) == encoded(*bytes, wordless.messages(prompt)[0].content));
}

BOOST_AUTO_TEST_CASE(a_file_that_has_no_tokenizer_is_refused) {
  BOOST_CHECK_THROW(load_tokenizer("scenarios/smoke.toml"), ModelError);
  BOOST_CHECK_THROW(load_tokenizer("/nowhere/model.gguf"), ModelError);
}

BOOST_AUTO_TEST_CASE(the_engine_gets_exactly_so_many_tokens_with_the_beginning) {
  auto vocabularies = vocabularies_with_words();
  vocabularies.push_back({"bytes", tokenizer_of_bytes()});
  for (const auto& [name, tokenizer] : vocabularies) {
    const EnginePrompts prompts(*tokenizer, std::nullopt);
    const auto beginning = tokenizer->encode("");
    for (const std::uint32_t tokens : {1, 2, 3, 100, 4096}) {
      const auto ids = prompts.tokens(lone({made_up(tokens, tokens)}));
      BOOST_TEST(ids.size() == tokens, name);
      BOOST_TEST(std::equal(beginning.begin(), beginning.end(), ids.begin()), name);
      BOOST_TEST(std::all_of(ids.begin() + static_cast<std::ptrdiff_t>(beginning.size()), ids.end(),
                             [&](auto id) { return tokenizer->is_text(id); }));
    }
    BOOST_TEST(prompts.tokens(lone({made_up(1, 33), made_up(2, 31)})).size() == 64u);
  }
}

BOOST_AUTO_TEST_CASE(prompts_of_a_group_share_the_first_tokens_in_the_engine) {
  const SyntheticTokenizer tokenizer(512);
  const EnginePrompts prompts(tokenizer, std::nullopt);
  const auto one = prompts.tokens(lone({made_up(1, 32), made_up(2, 32)}));
  const auto two = prompts.tokens(lone({made_up(1, 32), made_up(3, 64)}));
  const auto shorter = prompts.tokens(lone({made_up(1, 16)}));
  BOOST_TEST(std::equal(one.begin(), one.begin() + 32, two.begin()));
  BOOST_TEST(std::equal(shorter.begin(), shorter.end(), one.begin()));
  BOOST_TEST(!std::equal(one.begin() + 32, one.end(), two.begin() + 32));
  BOOST_TEST((one == prompts.tokens(lone({made_up(1, 32), made_up(2, 32)}))));
}

BOOST_AUTO_TEST_CASE(text_is_encoded_as_the_model_does_it) {
  const auto tokenizer = tokenizer_of_bytes();
  const EnginePrompts prompts(*tokenizer, std::nullopt);
  BOOST_TEST((prompts.tokens(lone({said("Hi there")})) == tokenizer->encode("Hi there")));
  // Behind a made-up prefix the text follows as it is.
  const auto joined = prompts.tokens(lone({made_up(1, 8), said("Hi")}));
  const auto own = tokenizer->encode("Hi", {.add_beginning = false});
  BOOST_TEST(joined.size() == 8 + own.size());
  BOOST_TEST(std::equal(own.begin(), own.end(), joined.begin() + 8));
  // What users write never becomes a control token.
  const auto spelled = prompts.tokens(lone({said("</s>")}));
  BOOST_TEST((std::ranges::find(spelled, tokenizer->end_token()) == spelled.end()));
}

BOOST_AUTO_TEST_CASE(a_conversation_is_laid_out_by_the_models_template) {
  const auto tokenizer = tokenizer_of_bytes();
  const Prompt prompt = conversation({said("S", Speaker::system), said("U"),
                                      said("A", Speaker::assistant), made_up(4, 6), said("V")});
  const EnginePrompts with(*tokenizer, ChatTemplate::chatml);
  const std::vector<ChatMessage> messages{{"system", "S"},
                                          {"user", "U"},
                                          {"assistant", "A"},
                                          {"user", MadeUpWords(tokenizer.get()).text(4, 6) + " V"}};
  BOOST_TEST((with.tokens(prompt) == encode_chat(*tokenizer, ChatTemplate::chatml, messages)));
  const EnginePrompts without(*tokenizer, std::nullopt);
  const auto joined = without.tokens(prompt);
  BOOST_TEST(joined.size() < with.tokens(prompt).size());
  BOOST_TEST(joined.front() == tokenizer->beginning_token());
  // A lone prompt is not, whatever template there is.
  BOOST_TEST((with.tokens(lone({said("U")})) == tokenizer->encode("U")));
}
