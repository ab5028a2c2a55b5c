#pragma once
// Turns a conversation into the prompt that a model was trained on.
//
// The families' templates are written out here; a file's own Jinja text only chooses among them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"

namespace squall::agents {

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

enum class ChatTemplate { chatml, llama2, llama3, zephyr };

std::string_view name(ChatTemplate chat_template);  // "chatml"
std::optional<ChatTemplate> chat_template_named(std::string_view name);

/// Recognises a file's `tokenizer.chat_template`; none when it is of no family known here.
std::optional<ChatTemplate> recognise_chat_template(std::string_view jinja);

/// The prompt's tokens, the beginning of the answer included. Messages are taken as text: what they
/// spell never becomes a control token. Throws std::invalid_argument for an unknown role or an
/// order of messages that the family has no form for.
std::vector<std::int32_t> encode_chat(const Tokenizer& tokenizer, ChatTemplate chat_template,
                                      std::span<const ChatMessage> messages);

}  // namespace squall::agents
