#pragma once
// The bytes of a request as OpenAI's API wants them, with the fields beyond it that llama.cpp, vLLM
// and squall serve understand, each only where it says something.

#include <functional>
#include <string>
#include <vector>

#include "actors/load_request.hpp"
#include "agents/engine/model/tokenizer/chat_template.hpp"
#include "agents/targets/openai/api_key.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// A prompt as servers take it: messages for chats, one text for completions. Called on the
/// submitting threads.
struct ServerPrompts {
  std::function<std::vector<ChatMessage>(const scenarios::Prompt&)> messages;
  std::function<std::string(const scenarios::Prompt&)> text;
  std::function<std::uint32_t(const scenarios::Prompt&)> count;  // tokens, if the server tells none
  std::string token_counts;                                      // how they are known: "estimated"
};

/// JSON. Text that is not UTF-8 gets U+FFFD in its place.
std::string request_body(const scenarios::TargetSettings& settings, const std::string& model,
                         const actors::LoadRequest& request, const ServerPrompts& prompts);

/// All of a request's head but its first line and its length. The parser has refused headers that
/// would break it or are ours to write.
std::string header_fields(const scenarios::OpenAiSettings& settings, const ServerUrl& server,
                          const ApiKey& key);

}  // namespace squall::agents
