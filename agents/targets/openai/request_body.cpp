#include "agents/targets/openai/request_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "actors/tool_version.hpp"

namespace squall::agents {

namespace {

using Json = nlohmann::ordered_json;
using Api = scenarios::OpenAiSettings::Api;

void add_sampling(const scenarios::TargetSettings& settings, const actors::LoadRequest& request,
                  Json& body) {
  const double temperature = request.greedy ? 0 : settings.temperature;
  body["temperature"] = temperature;
  if (temperature > 0) {
    // Servers differ in how large a seed they take; 31 bits all do.
    body["seed"] = request.plan.sampling_seed & 0x7FFFFFFFU;
    if (settings.top_p != 1) body["top_p"] = settings.top_p;
    if (settings.top_k != 0) body["top_k"] = settings.top_k;
    if (settings.min_p != 0) body["min_p"] = settings.min_p;
  }
  if (settings.repetition_penalty != 1) body["repetition_penalty"] = settings.repetition_penalty;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

/// RFC 9110, 5.1 and 5.5
void check_header(const std::string& name, const std::string& value) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const auto of_name = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  };
  if (name.empty() || !std::ranges::all_of(name, of_name))
    throw std::invalid_argument(
        "a header's name has letters that no header has; names are such as "
        "X-Team");
  const auto of_value = [](char c) { return c == '\t' || (c >= ' ' && c != '\x7F') || c < 0; };
  if (!std::ranges::all_of(value, of_value))
    throw std::invalid_argument("the header " + name + " has a line end or control letter in it");
  static constexpr std::string_view ours[] = {
      "content-length", "transfer-encoding", "connection", "content-type", "host",
      "expect",         "accept-encoding",   "upgrade",    "te",           "trailer"};
  if (std::ranges::find(ours, lower(name)) != std::end(ours))
    throw std::invalid_argument("the header " + name + " is written by squall itself; remove it");
}

}  // namespace

std::string request_body(const scenarios::TargetSettings& settings, const std::string& model,
                         const actors::LoadRequest& request, const ServerPrompts& prompts) {
  const scenarios::OpenAiSettings& openai = settings.openai;
  Json body;
  if (!model.empty()) body["model"] = model;
  if (openai.api == Api::chat) {
    Json messages = Json::array();
    for (const auto& message : prompts.messages(request.prompt))
      messages.push_back({{"role", message.role}, {"content", message.content}});
    body["messages"] = std::move(messages);
  } else {
    body["prompt"] = prompts.text(request.prompt);
  }
  body["max_tokens"] = request.plan.answer_tokens;
  if (openai.stream) {
    body["stream"] = true;
    body["stream_options"] = {{"include_usage", true}};
  }
  add_sampling(settings, request, body);
  if (openai.ignore_end_token && !settings.stop_at_end_token) body["ignore_eos"] = true;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string header_fields(const scenarios::OpenAiSettings& settings, const ServerUrl& server,
                          const ApiKey& key) {
  std::string fields = "Host: " + server.authority() + "\r\nUser-Agent: squall/" +
                       std::string(actors::tool_version) +
                       "\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n";
  bool authorized = false, accepts = false;
  for (const auto& [name, value] : settings.headers) {
    check_header(name, value);
    authorized = authorized || lower(name) == "authorization";
    accepts = accepts || lower(name) == "accept";
    fields += name + ": " + value + "\r\n";
  }
  if (!accepts)
    fields += settings.stream ? "Accept: text/event-stream\r\n" : "Accept: application/json\r\n";
  if (!key.empty() && !authorized) fields += "Authorization: Bearer " + key.secret() + "\r\n";
  return fields;
}

std::uint32_t estimated_tokens(const actors::LoadRequest& request) {
  if (request.plan.prompt_tokens > 0) return request.plan.prompt_tokens;
  std::size_t tokens = 0;
  for (const auto& part : request.prompt.parts) {
    if (const auto* made_up = std::get_if<scenarios::SyntheticText>(&part.text)) {
      tokens += made_up->tokens;
    } else {
      tokens += (std::get<std::string>(part.text).size() + 3) / 4;
    }
  }
  return static_cast<std::uint32_t>(tokens);
}

}  // namespace squall::agents
