#include "agents/targets/openai/answer_chunk.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace squall::agents {

namespace {

using Json = nlohmann::json;

const Json* find(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& json, const char* name) {
  const Json* const value = find(json, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<std::uint32_t> count_of(const Json& json, const char* name) {
  const Json* const value = find(json, name);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  const auto count = value->get<std::uint64_t>();
  if (count > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

/// Classes of errors are kept apart by it, so it must be one of few: a word, not a sentence.
bool is_short_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, fits);
}

bool passes(std::string_view name) {
  static constexpr std::string_view passing[] = {"server_error",
                                                 "internal_error",
                                                 "internal_server_error",
                                                 "rate_limit_error",
                                                 "overloaded",
                                                 "overloaded_error",
                                                 "service_unavailable",
                                                 "InternalServerError",
                                                 "timeout",
                                                 "rate_limit_exceeded",
                                                 "unavailable_error",
                                                 "408",
                                                 "429",
                                                 "500",
                                                 "502",
                                                 "503",
                                                 "504"};
  return std::ranges::find(passing, name) != std::end(passing);
}

void read_error(const Json& error, AnswerChunk& chunk) {
  chunk.error.emplace();
  for (const char* const key : {"type", "code"}) {
    std::string name = text_of(error, key);
    if (const auto number = count_of(error, key)) name = std::to_string(*number);
    if (!is_short_name(name)) continue;
    if (chunk.error->empty()) chunk.error = name;
    chunk.error_may_pass = chunk.error_may_pass || passes(name);
  }
}

void read_choice(const Json& choice, AnswerChunk& chunk) {
  chunk.content = text_of(choice, "text");
  chunk.finish_reason = text_of(choice, "finish_reason");
  for (const char* const name : {"delta", "message"}) {
    const Json* const message = find(choice, name);
    if (message == nullptr) continue;
    if (chunk.content.empty()) chunk.content = text_of(*message, "content");
    if (chunk.reasoning.empty()) chunk.reasoning = text_of(*message, "reasoning_content");
    if (chunk.reasoning.empty()) chunk.reasoning = text_of(*message, "reasoning");
  }
}

void read_stamp(const Json& stamp, AnswerChunk& chunk) {
  const Json* const nanoseconds = find(stamp, "t");
  std::string host = text_of(stamp, "boot");
  if (nanoseconds == nullptr || !nanoseconds->is_number_unsigned() || host.empty()) return;
  const auto value = nanoseconds->get<std::uint64_t>();
  if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return;
  chunk.stamp = {static_cast<std::int64_t>(value), std::move(host)};
}

}  // namespace

bool read_any_chunk(std::string_view json, AnswerChunk& chunk) {
  chunk = {};
  const Json root = Json::parse(json.begin(), json.end(), nullptr, false);
  if (!root.is_object()) return false;
  if (const Json* const error = find(root, "error")) {
    read_error(*error, chunk);
  } else if (text_of(root, "object") == "error") {
    read_error(root, chunk);
  }
  const Json* const choices = find(root, "choices");
  if (choices != nullptr && choices->is_array() && !choices->empty())
    read_choice(choices->front(), chunk);
  if (const Json* const usage = find(root, "usage"))
    if (const auto answer = count_of(*usage, "completion_tokens"))
      chunk.usage = {count_of(*usage, "prompt_tokens").value_or(0), *answer};
  if (const Json* const stamp = find(root, "squall")) read_stamp(*stamp, chunk);
  return true;
}

bool read_answer_chunk(std::string_view json, AnswerChunk& chunk) {
  return read_plain_chunk(json, chunk) || read_any_chunk(json, chunk);
}

}  // namespace squall::agents
