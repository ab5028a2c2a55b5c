#pragma once
// Reads the JSON bodies of /v1/completions and /v1/chat/completions: types, ranges, and fields that
// this server does not support are checked here. Fields that it does not know are ignored.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agents/engine/model/tokenizer/chat_template.hpp"
#include "agents/engine/sampler.hpp"

namespace squall::agents {

struct GenerationOptions {
  std::string model;  // empty: the one that is served
  bool stream = false;
  bool include_usage = false;  // in a last chunk of the stream
  std::optional<std::uint32_t> max_tokens;
  std::vector<std::string> stops;
  bool ignore_eos = false;
  SamplerOptions sampling;  // the seed counts only if it was given:
  std::optional<std::uint64_t> seed;
};

struct CompletionRequest {
  GenerationOptions options;
  std::variant<std::string, std::vector<std::int32_t>> prompt;  // text or tokens
};

struct ChatRequest {
  GenerationOptions options;
  std::vector<ChatMessage> messages;  // at least one
};

/// Both throw ApiError, with the position of what is not JSON, or the field that is wrong.
CompletionRequest parse_completion_request(std::string_view body);
ChatRequest parse_chat_request(std::string_view body);

}  // namespace squall::agents
