#include "agents/serve/api_request.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "agents/serve/api_error.hpp"

namespace squall::agents {

namespace {

using Json = nlohmann::json;

constexpr int deepest_nesting = 32;
constexpr std::size_t most_stops = 16;
constexpr std::size_t longest_stop = 1024;  // bytes

[[noreturn]] void refuse(const std::string& param, const std::string& message) {
  throw ApiError(message, {.status = 400, .param = param});
}

[[noreturn]] void refuse_support(const std::string& param, const std::string& remedy) {
  throw ApiError("'" + param + "' is not supported here; " + remedy,
                 {.status = 400, .param = param, .code = "unsupported_parameter"});
}

/// "line 2, column 7": `byte` counts from 1, as the parser does.
std::string position_in(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte > 0 ? byte - 1 : 0);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 when there is none
  return "line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - line_begin + 1);
}

/// The parser's own words without its error number and position.
std::string reason_of(const Json::parse_error& error) {
  const std::string_view text = error.what();
  const std::size_t begin = text.find(": ");
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 2));
}

Json parse_object(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw ApiError("the request has no body; send a JSON object", {.code = "invalid_json"});
  const auto check_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest_nesting)
      throw ApiError(
          "the JSON is nested deeper than " + std::to_string(deepest_nesting) + " levels",
          {.code = "invalid_json"});
    return true;
  };
  try {
    Json json = Json::parse(body, check_depth);
    if (!json.is_object())
      throw ApiError(std::string("the body must be a JSON object but is: ") + json.type_name(),
                     {.code = "invalid_json"});
    return json;
  } catch (const Json::parse_error& error) {
    throw ApiError("the body is not valid JSON at " + position_in(body, error.byte) + " (byte " +
                       std::to_string(error.byte) + "): " + reason_of(error),
                   {.code = "invalid_json"});
  } catch (const Json::exception& error) {  // a number that no double holds
    throw ApiError(std::string("the body cannot be read: ") + error.what(),
                   {.code = "invalid_json"});
  }
}

/// The field, or null when it is absent or JSON's null, which mean the same.
const Json* find(const Json& object, const char* name) {
  const auto field = object.find(name);
  return field == object.end() || field->is_null() ? nullptr : &*field;
}

[[noreturn]] void refuse_type(const std::string& name, const char* wanted, const Json& found) {
  refuse(name, "'" + name + "' must be " + wanted + " but is: " + found.type_name());
}

std::optional<bool> find_boolean(const Json& object, const char* name) {
  const Json* field = find(object, name);
  if (field == nullptr) return {};
  if (!field->is_boolean()) refuse_type(name, "true or false", *field);
  return field->get<bool>();
}

struct RealRange {
  double lowest = 0;
  double highest = 1;
  bool lowest_excluded = false;
};

std::string readable(double number) {
  std::string text = Json(number).dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::optional<float> find_real(const Json& object, const char* name, RealRange range) {
  const Json* field = find(object, name);
  if (field == nullptr) return {};
  if (!field->is_number()) refuse_type(name, "a number", *field);
  const double number = field->get<double>();
  const bool too_low = range.lowest_excluded ? !(number > range.lowest) : !(number >= range.lowest);
  if (too_low || !(number <= range.highest))
    refuse(name, std::string("'") + name + "' must be " +
                     (range.lowest_excluded ? "above " : "at least ") + readable(range.lowest) +
                     " and at most " + readable(range.highest) + " but is " + readable(number));
  return static_cast<float>(number);
}

struct IntegerRange {
  std::int64_t lowest = 0;
  std::int64_t highest = std::numeric_limits<std::int64_t>::max();
};

std::int64_t integer_of(const std::string& name, const Json& field, IntegerRange range) {
  // A number above the range of 64 bits with sign is read as one without sign, or as a real.
  if (field.is_number_float())
    refuse(name, "'" + name + "' must be a whole number but is " + field.dump());
  if (!field.is_number_integer()) refuse_type(name, "a whole number", field);
  const bool fits = !field.is_number_unsigned() ||
                    field.get<std::uint64_t>() <=
                        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t number = fits ? field.get<std::int64_t>() : range.highest;
  if (!fits || number < range.lowest || number > range.highest)
    refuse(name, "'" + name + "' must be at least " + std::to_string(range.lowest) +
                     " and at most " + std::to_string(range.highest) + " but is " + field.dump());
  return number;
}

std::optional<std::int64_t> find_integer(const Json& object, const char* name, IntegerRange range) {
  const Json* field = find(object, name);
  if (field == nullptr) return {};
  return integer_of(name, *field, range);
}

/// What other servers do and this one does not: refused rather than silently left out.
void refuse_unsupported(const Json& body) {
  for (const char* name : {"n", "best_of"})
    if (const Json* field = find(body, name); field != nullptr && *field != 1)
      refuse_support(name, "one answer a request: leave it out or send 1");
  for (const char* name : {"presence_penalty", "frequency_penalty"})
    if (find_real(body, name, {-2, 2}).value_or(0) != 0)
      refuse_support(name, "leave it out or send 0; there is 'repetition_penalty'");
  if (find_boolean(body, "echo").value_or(false)) refuse_support("echo", "leave it out");
  for (const char* name : {"logprobs", "top_logprobs"})
    if (const Json* field = find(body, name); field != nullptr && *field != false)
      refuse_support(name, "leave it out");
  for (const char* name : {"tools", "functions", "logit_bias", "suffix"})
    if (const Json* field = find(body, name); field != nullptr && !field->empty() && *field != "")
      refuse_support(name, "leave it out");
  if (const Json* format = find(body, "response_format");
      format != nullptr && !(format->is_object() && format->value("type", Json()) == "text"))
    refuse_support("response_format", "leave it out or ask for {\"type\": \"text\"}");
}

std::string stop_of(const Json& field) {
  if (!field.is_string()) refuse_type("stop", "a string or an array of strings", field);
  auto stop = field.get<std::string>();
  if (stop.empty()) refuse("stop", "'stop' must not hold an empty string");
  if (stop.size() > longest_stop)
    refuse("stop",
           "a string of 'stop' must have at most " + std::to_string(longest_stop) + " bytes");
  return stop;
}

std::vector<std::string> parse_stops(const Json& body) {
  std::vector<std::string> stops;
  const Json* field = find(body, "stop");
  if (field == nullptr) return stops;
  if (!field->is_array()) return {stop_of(*field)};
  if (field->size() > most_stops)
    refuse("stop", "'stop' must have at most " + std::to_string(most_stops) + " strings");
  for (const Json& each : *field) stops.push_back(stop_of(each));
  return stops;
}

SamplerOptions parse_sampling(const Json& body) {
  SamplerOptions sampling;
  sampling.temperature = find_real(body, "temperature", {0, 2}).value_or(1.0F);
  sampling.top_p = find_real(body, "top_p", {0, 1, true}).value_or(1.0F);
  sampling.min_p = find_real(body, "min_p", {0, 1}).value_or(0.0F);
  sampling.repetition_penalty =
      find_real(body, "repetition_penalty", {0, 100, true}).value_or(1.0F);
  // Other servers take -1 for "all".
  const auto top_k = find_integer(body, "top_k", {-1, std::numeric_limits<std::int32_t>::max()});
  sampling.top_k = static_cast<std::uint32_t>(std::max<std::int64_t>(0, top_k.value_or(0)));
  return sampling;
}

void parse_stream_options(const Json& body, GenerationOptions& options) {
  const Json* field = find(body, "stream_options");
  if (field == nullptr) return;
  if (!options.stream)
    refuse("stream_options", "'stream_options' is for streams only; send \"stream\": true");
  if (!field->is_object()) refuse_type("stream_options", "an object", *field);
  options.include_usage = find_boolean(*field, "include_usage").value_or(false);
}

GenerationOptions parse_options(const Json& body) {
  refuse_unsupported(body);
  GenerationOptions options;
  if (const Json* model = find(body, "model")) {
    if (!model->is_string()) refuse_type("model", "a string", *model);
    options.model = model->get<std::string>();
  }
  options.stream = find_boolean(body, "stream").value_or(false);
  parse_stream_options(body, options);
  for (const char* name : {"max_tokens", "max_completion_tokens"})
    if (const auto tokens = find_integer(body, name, {1, std::numeric_limits<std::int32_t>::max()}))
      options.max_tokens = static_cast<std::uint32_t>(*tokens);
  options.stops = parse_stops(body);
  options.ignore_eos = find_boolean(body, "ignore_eos").value_or(false);
  options.sampling = parse_sampling(body);
  if (const auto seed =
          find_integer(body, "seed", {.lowest = std::numeric_limits<std::int64_t>::min()}))
    options.seed = static_cast<std::uint64_t>(*seed);
  return options;
}

std::vector<std::int32_t> parse_tokens(const Json& array) {
  std::vector<std::int32_t> tokens;
  tokens.reserve(array.size());
  for (const Json& each : array)
    tokens.push_back(static_cast<std::int32_t>(
        integer_of("prompt", each, {0, std::numeric_limits<std::int32_t>::max()})));
  return tokens;
}

std::variant<std::string, std::vector<std::int32_t>> parse_prompt(const Json& prompt) {
  constexpr const char* wanted = "a string or an array of token numbers";
  if (prompt.is_string()) return prompt.get<std::string>();
  if (!prompt.is_array()) refuse_type("prompt", wanted, prompt);
  if (prompt.empty()) refuse("prompt", "'prompt' is empty; send at least one token");
  const Json& first = prompt.front();
  if (first.is_number()) return parse_tokens(prompt);
  if (!first.is_string() && !first.is_array()) refuse_type("prompt", wanted, first);
  if (prompt.size() > 1)
    refuse("prompt", "'prompt' holds " + std::to_string(prompt.size()) +
                         " prompts; send one a request, they are batched all the same");
  if (first.is_string()) return first.get<std::string>();
  if (first.empty()) refuse("prompt", "'prompt' is empty; send at least one token");
  return parse_tokens(first);
}

/// A text, or the parts of one.
std::string parse_content(const Json& message, const std::string& name) {
  const Json* content = find(message, "content");
  if (content == nullptr) refuse(name, "'" + name + "' is missing; it must be a string");
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) refuse_type(name, "a string or an array of text parts", *content);
  std::string text;
  for (const Json& part : *content) {
    const bool is_text = part.is_object() && part.value("type", Json()) == "text" &&
                         part.contains("text") && part["text"].is_string();
    if (!is_text)
      refuse(name, "'" + name +
                       "' has a part that is not text; only parts of the form "
                       "{\"type\": \"text\", \"text\": \"...\"} are supported");
    text += part["text"].get<std::string>();
  }
  return text;
}

ChatMessage parse_message(const Json& message, std::size_t index) {
  const std::string name = "messages[" + std::to_string(index) + "]";
  if (!message.is_object()) refuse_type(name, "an object with 'role' and 'content'", message);
  const Json* role = find(message, "role");
  if (role == nullptr || !role->is_string())
    refuse(name + ".role", "'" + name + ".role' must be system, user or assistant");
  auto who = role->get<std::string>();
  if (who == "developer") who = "system";  // the newer name of the same
  if (who != "system" && who != "user" && who != "assistant")
    refuse(name + ".role",
           "'" + name + ".role' must be system, user or assistant but is '" + who + "'");
  return {std::move(who), parse_content(message, name + ".content")};
}

}  // namespace

CompletionRequest parse_completion_request(std::string_view text) {
  const Json body = parse_object(text);
  CompletionRequest request{parse_options(body), {}};
  const Json* prompt = find(body, "prompt");
  if (prompt == nullptr) refuse("prompt", "'prompt' is missing; send a string");
  request.prompt = parse_prompt(*prompt);
  return request;
}

ChatRequest parse_chat_request(std::string_view text) {
  const Json body = parse_object(text);
  ChatRequest request{parse_options(body), {}};
  const Json* messages = find(body, "messages");
  if (messages == nullptr) refuse("messages", "'messages' is missing; send an array of messages");
  if (!messages->is_array()) refuse_type("messages", "an array", *messages);
  if (messages->empty()) refuse("messages", "'messages' is empty; send at least one message");
  for (const Json& each : *messages)
    request.messages.push_back(parse_message(each, request.messages.size()));
  return request;
}

}  // namespace squall::agents
