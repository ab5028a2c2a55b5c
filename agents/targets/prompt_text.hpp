#pragma once
// Makes a Prompt what a target takes: tokens for the embedded engine, text for a server.
//
// How a target uses it:
//   engine:  EnginePrompts prompts(*model->tokenizer,
//   recognise_chat_template(model->chat_template));
//            generation.prompt = prompts.tokens(request.prompt);
//   server:  PromptWriter prompts(settings.tokenizer.empty()
//                                      ? nullptr : load_tokenizer(folder / settings.tokenizer),
//                                  settings.api);
//            chat:         prompts.messages(request.prompt)
//            completions:  prompts.text(request.prompt)
//            timeline.prompt_tokens = what the server says, else prompts.count(request.prompt)
//            description.token_counts = prompts.token_counts();
// Both are unchanging after construction, so any thread may use one.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/engine/model/tokenizer/chat_template.hpp"
#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "agents/targets/made_up_words.hpp"
#include "scenarios/load/prompt.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// The tokenizer of a GGUF file, of which nothing else is kept. Throws ModelError.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::filesystem::path& gguf);

/// Prompts as text and messages: UTF-8; equal prompts give equal text, and prompts that begin alike
/// give texts that begin alike, so that a server can reuse what it computed for one of them.
class PromptWriter {
 public:
  using Api = scenarios::OpenAiSettings::Api;

  /// No tokenizer: lengths are estimates, a token a made-up word and a token four bytes of text.
  PromptWriter(std::shared_ptr<const Tokenizer> tokenizer, Api api);

  /// For the chat API. Parts of one speaker that follow one another are one message. A message of
  /// made-up text alone has exactly so many tokens; what the server's template adds comes on top.
  std::vector<ChatMessage> messages(const scenarios::Prompt& prompt) const;
  /// For the completions API: all parts joined. Made-up text alone has exactly so many tokens,
  /// among them the beginning token that the server puts first; at least one word.
  std::string text(const scenarios::Prompt& prompt) const;

  /// Tokens of messages() or text(), as the API has it. Takes time where a prompt brings text
  /// along, which is encoded to be counted.
  std::uint32_t count(const scenarios::Prompt& prompt) const;

  bool exact() const { return words_.exact(); }
  std::string token_counts() const;  // for TargetDescription

 private:
  std::uint32_t words_of(const scenarios::SyntheticText& text, bool first) const;

  std::shared_ptr<const Tokenizer> tokenizer_;  // null: estimates
  MadeUpWords words_;
  std::uint32_t beginning_tokens_ = 0;  // that a server puts before the text of completions
};

/// Prompts as tokens of a model. A lone prompt of made-up text has exactly so many tokens, the
/// beginning token among them; in a conversation the template's tokens come on top.
class EnginePrompts {
 public:
  /// The tokenizer must outlive this. Without a template, conversations are simply joined.
  /// Throws ModelError when the vocabulary has no ordinary tokens.
  EnginePrompts(const Tokenizer& tokenizer, std::optional<ChatTemplate> chat_template);

  /// Throws std::invalid_argument for a conversation that the template has no form for.
  std::vector<std::int32_t> tokens(const scenarios::Prompt& prompt) const;

 private:
  const Tokenizer& tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  MadeUpWords words_;                    // for made-up text inside a template
  std::vector<std::int32_t> ordinary_;   // what other made-up text is drawn from
  std::vector<std::int32_t> beginning_;  // of every prompt: one token or none
};

}  // namespace squall::agents
