#include "agents/targets/prompt_text.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"
#include "scenarios/load/random.hpp"

namespace squall::agents {

using namespace scenarios;

namespace {

std::string_view role_of(Speaker speaker) {
  switch (speaker) {
    case Speaker::system:
      return "system";
    case Speaker::user:
      return "user";
    case Speaker::assistant:
      return "assistant";
  }
  return {};
}

/// What the model's tokenizer puts before every prompt: one token or none.
std::vector<std::int32_t> beginning_of(const Tokenizer& tokenizer) {
  const auto empty = tokenizer.encode("");
  if (empty.empty() || empty.front() != tokenizer.beginning_token()) return {};
  return {empty.front()};
}

/// Made-up text is set off by a space from whatever stands beside it; texts are joined as they are.
class TextJoiner {
 public:
  void add_made_up(const std::string& words) {
    if (words.empty()) return;
    if (!joined_.empty() && joined_.back() != ' ') joined_ += ' ';
    joined_ += words;
    made_up_last_ = true;
  }
  void add(std::string_view text) {
    if (text.empty()) return;
    if (made_up_last_ && text.front() != ' ') joined_ += ' ';
    joined_ += text;
    made_up_last_ = false;
  }
  std::string take() {
    made_up_last_ = false;
    return std::exchange(joined_, {});
  }

 private:
  std::string joined_;
  bool made_up_last_ = false;
};

std::vector<ChatMessage> messages_of(const Prompt& prompt, const MadeUpWords& words) {
  std::vector<ChatMessage> messages;
  TextJoiner content;
  for (std::size_t i = 0; i < prompt.parts.size(); ++i) {
    const PromptPart& part = prompt.parts[i];
    if (const auto* made_up = std::get_if<SyntheticText>(&part.text)) {
      content.add_made_up(words.text(made_up->seed, made_up->tokens));
    } else {
      content.add(std::get<std::string>(part.text));
    }
    const bool last = i + 1 == prompt.parts.size();
    if (last || prompt.parts[i + 1].speaker != part.speaker)
      messages.push_back({std::string(role_of(part.speaker)), content.take()});
  }
  return messages;
}

}  // namespace

std::shared_ptr<const Tokenizer> load_tokenizer(const std::filesystem::path& gguf) {
  return read_tokenizer(GgufFile(gguf).metadata());
}

PromptWriter::PromptWriter(std::shared_ptr<const Tokenizer> tokenizer, Api api)
    : tokenizer_(std::move(tokenizer)), words_(tokenizer_.get()) {
  if (api == Api::completions && tokenizer_)
    beginning_tokens_ = static_cast<std::uint32_t>(beginning_of(*tokenizer_).size());
}

std::uint32_t PromptWriter::words_of(const SyntheticText& text, bool first) const {
  if (!first) return text.tokens;
  return std::max(1U, text.tokens) - (text.tokens > 1 ? beginning_tokens_ : 0);
}

std::vector<ChatMessage> PromptWriter::messages(const Prompt& prompt) const {
  return messages_of(prompt, words_);
}

std::string PromptWriter::text(const Prompt& prompt) const {
  TextJoiner joined;
  bool first = true;
  for (const PromptPart& part : prompt.parts) {
    if (const auto* made_up = std::get_if<SyntheticText>(&part.text)) {
      joined.add_made_up(words_.text(made_up->seed, words_of(*made_up, first)));
    } else {
      joined.add(std::get<std::string>(part.text));
    }
    first = false;
  }
  return joined.take();
}

std::uint32_t PromptWriter::count(const Prompt& prompt) const {
  std::uint64_t tokens = beginning_tokens_;
  const auto encoded = [&](const std::string& text) {
    return tokenizer_->encode(text, {.add_beginning = false}).size();
  };
  bool first = true;
  for (const PromptPart& part : prompt.parts) {
    if (const auto* made_up = std::get_if<SyntheticText>(&part.text)) {
      const std::uint32_t words = words_of(*made_up, first);
      const bool word_is_token = exact() || !tokenizer_;
      tokens += word_is_token ? words : encoded(words_.text(made_up->seed, words));
    } else {
      const auto& text = std::get<std::string>(part.text);
      tokens += tokenizer_ ? encoded(text) : estimated_tokens(text);
    }
    first = false;
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens, UINT32_MAX));
}

std::string PromptWriter::token_counts() const {
  if (!tokenizer_) return "estimated: one a made-up word, else one four bytes";
  return exact() ? "the given tokenizer"
                 : "estimated: the given vocabulary has too few whole words to make up prompts of";
}

EnginePrompts::EnginePrompts(const Tokenizer& tokenizer, std::optional<ChatTemplate> chat_template)
    : tokenizer_(tokenizer),
      chat_template_(chat_template),
      words_(&tokenizer),
      beginning_(beginning_of(tokenizer)) {
  for (std::size_t id = 0; id < tokenizer.vocabulary(); ++id)
    if (tokenizer.is_text(static_cast<std::int32_t>(id)))
      ordinary_.push_back(static_cast<std::int32_t>(id));
  if (ordinary_.empty())
    throw ModelError(
        "the model's vocabulary has no ordinary tokens to make prompts of; use "
        "another model");
}

std::vector<std::int32_t> EnginePrompts::tokens(const Prompt& prompt) const {
  assert(!prompt.parts.empty());
  if (prompt.conversation && chat_template_)
    return encode_chat(tokenizer_, *chat_template_, messages_of(prompt, words_));
  if (prompt.parts.size() == 1)
    if (const auto* text = std::get_if<std::string>(&prompt.parts.front().text))
      return tokenizer_.encode(*text);

  std::vector<std::int32_t> tokens = beginning_;
  bool first = true;
  for (const PromptPart& part : prompt.parts) {
    if (const auto* made_up = std::get_if<SyntheticText>(&part.text)) {
      // The beginning token takes the place of one that is made up.
      const std::size_t end = (first ? 0 : tokens.size()) + made_up->tokens;
      Random random(made_up->seed);
      while (tokens.size() < end) tokens.push_back(ordinary_[random.next() % ordinary_.size()]);
    } else {
      const auto encoded =
          tokenizer_.encode(std::get<std::string>(part.text), {.add_beginning = false});
      tokens.insert(tokens.end(), encoded.begin(), encoded.end());
    }
    first = false;
  }
  return tokens;
}

}  // namespace squall::agents
