#pragma once
// The JSON that this server says, in the shapes of OpenAI's API.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agents/serve/api_error.hpp"
#include "agents/serve/http_message.hpp"

namespace squall::agents {

/// What all pieces of one answer say alike.
struct AnswerHeading {
  std::string id = {};  // "cmpl-…", "chatcmpl-…"
  std::string model = {};
  std::int64_t created = 0;  // seconds since 1970
  bool chat = false;
  bool include_usage = false;  // a stream's chunks then say that theirs is null
  std::string boot = {};  // the boot whose steady clock the stamps are of; empty: none are told
};

/// When what happened to an answer, by the steady clock.
struct AnswerInstants {
  using Instant = std::chrono::steady_clock::time_point;

  Instant received = {};  // all of the request
  Instant admitted = {};  // the engine's step that it was first part of began
  Instant first = {};     // the step that made the first token was done
  Instant latest = {};    // likewise the latest token
};

struct TokenUsage {
  std::uint64_t prompt = 0;
  std::uint64_t reused = 0;  // of the prompt: computed before
  std::uint64_t answer = 0;  // every token, also those that spell nothing
};

/// The whole answer of one that is not streamed. `finish_reason`: "stop" or "length".
std::string answer_json(const AnswerHeading& heading, std::string_view text,
                        std::string_view finish_reason, const TokenUsage& usage);

/// The pieces of a stream; each is one server-sent event.
std::string role_event(const AnswerHeading& heading);  // a chat's first
/// `made`: the step that made the text's last token was done.
std::string text_event(const AnswerHeading& heading, std::string_view text,
                       AnswerInstants::Instant made);
std::string finish_event(const AnswerHeading& heading, std::string_view finish_reason);
std::string usage_event(const AnswerHeading& heading, const TokenUsage& usage,
                        const AnswerInstants& instants);
std::string error_event(const ApiError& error);
inline constexpr std::string_view done_event = "data: [DONE]\n\n";

HttpReply error_reply(const ApiError& error);

struct ServedModel {
  std::string id;
  std::int64_t created = 0;
  std::size_t context = 0;
};
std::string model_json(const ServedModel& model);
std::string models_json(const ServedModel& model);

}  // namespace squall::agents
