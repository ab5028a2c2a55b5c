#include "agents/serve/api_reply.hpp"

#include <nlohmann/json.hpp>

namespace squall::agents {

namespace {

using Json = nlohmann::ordered_json;

/// Text of a user may be echoed in an error; it need not be UTF-8.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string event(const Json& json) { return "data: " + dump(json) + "\n\n"; }

Json heading_json(const AnswerHeading& heading, bool chunk) {
  const char* object =
      heading.chat ? (chunk ? "chat.completion.chunk" : "chat.completion") : "text_completion";
  return {{"id", heading.id},
          {"object", object},
          {"created", heading.created},
          {"model", heading.model}};
}

Json usage_json(const TokenUsage& usage) {
  return {{"prompt_tokens", usage.prompt},
          {"completion_tokens", usage.answer},
          {"total_tokens", usage.prompt + usage.answer},
          {"prompt_tokens_details", {{"cached_tokens", usage.reused}}}};
}

Json choice_json(Json content, std::string_view finish_reason) {
  Json choice{{"index", 0}};
  choice.update(content);
  choice["logprobs"] = nullptr;
  choice["finish_reason"] = finish_reason.empty() ? Json() : Json(finish_reason);
  return choice;
}

std::int64_t nanoseconds_of(AnswerInstants::Instant instant) {
  return std::chrono::nanoseconds(instant.time_since_epoch()).count();
}

Json chunk_json(const AnswerHeading& heading, Json content, std::string_view finish_reason) {
  Json chunk = heading_json(heading, true);
  chunk["choices"] = Json::array({choice_json(std::move(content), finish_reason)});
  if (heading.include_usage) chunk["usage"] = nullptr;
  return chunk;
}

std::string chunk_event(const AnswerHeading& heading, Json content,
                        std::string_view finish_reason) {
  return event(chunk_json(heading, std::move(content), finish_reason));
}

std::string_view error_type(unsigned status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

Json error_json(const ApiError& error) {
  const auto& details = error.details;
  return {{"error",
           {{"message", error.what()},
            {"type", error_type(details.status)},
            {"param", details.param.empty() ? Json() : Json(details.param)},
            {"code", details.code.empty() ? Json() : Json(details.code)}}}};
}

Json json_of(const ServedModel& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "squall"},
          {"max_model_len", model.context}};
}

}  // namespace

std::string answer_json(const AnswerHeading& heading, std::string_view text,
                        std::string_view finish_reason, const TokenUsage& usage) {
  Json answer = heading_json(heading, false);
  Json content =
      heading.chat
          ? Json{{"message", {{"role", "assistant"}, {"content", text}, {"refusal", nullptr}}}}
          : Json{{"text", text}};
  answer["choices"] = Json::array({choice_json(std::move(content), finish_reason)});
  answer["usage"] = usage_json(usage);
  return dump(answer);
}

std::string role_event(const AnswerHeading& heading) {
  return chunk_event(heading, {{"delta", {{"role", "assistant"}, {"content", ""}}}}, {});
}

std::string text_event(const AnswerHeading& heading, std::string_view text,
                       AnswerInstants::Instant made) {
  Json content = heading.chat ? Json{{"delta", {{"content", text}}}} : Json{{"text", text}};
  Json chunk = chunk_json(heading, std::move(content), {});
  if (!heading.boot.empty())
    chunk["squall"] = {{"t", nanoseconds_of(made)}, {"boot", heading.boot}};
  return event(chunk);
}

std::string finish_event(const AnswerHeading& heading, std::string_view finish_reason) {
  return heading.chat ? chunk_event(heading, {{"delta", Json::object()}}, finish_reason)
                      : chunk_event(heading, {{"text", ""}}, finish_reason);
}

std::string usage_event(const AnswerHeading& heading, const TokenUsage& usage,
                        const AnswerInstants& instants) {
  Json chunk = heading_json(heading, true);
  chunk["choices"] = Json::array();
  chunk["usage"] = usage_json(usage);
  if (!heading.boot.empty())
    chunk["squall"] = {{"received", nanoseconds_of(instants.received)},
                       {"admitted", nanoseconds_of(instants.admitted)},
                       {"first", nanoseconds_of(instants.first)},
                       {"boot", heading.boot}};
  return event(chunk);
}

std::string error_event(const ApiError& error) { return event(error_json(error)); }

HttpReply error_reply(const ApiError& error) {
  HttpReply reply{.status = error.details.status, .body = dump(error_json(error))};
  if (reply.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (reply.status == 429 || reply.status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::string model_json(const ServedModel& model) { return dump(json_of(model)); }

std::string models_json(const ServedModel& model) {
  return dump({{"object", "list"}, {"data", Json::array({json_of(model)})}});
}

}  // namespace squall::agents
