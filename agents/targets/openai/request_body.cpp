#include "agents/targets/openai/request_body.hpp"

#include <nlohmann/json.hpp>

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
  for (const auto& [name, value] : settings.headers) fields += name + ": " + value + "\r\n";
  fields += settings.stream ? "Accept: text/event-stream\r\n" : "Accept: application/json\r\n";
  if (!key.empty()) fields += "Authorization: Bearer " + key.secret() + "\r\n";
  return fields;
}

}  // namespace squall::agents
