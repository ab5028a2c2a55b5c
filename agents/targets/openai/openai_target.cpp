#include "agents/targets/openai/openai_target.hpp"

#include <cstdlib>
#include <utility>

#include "actors/boot_id.hpp"
#include "agents/targets/openai/exchange_thread.hpp"
#include "agents/targets/openai/server_check.hpp"

namespace squall::agents {

using Api = scenarios::OpenAiSettings::Api;

namespace {

Dialer::Options dialing_of(const scenarios::OpenAiSettings& settings,
                           const std::filesystem::path& folder, const Environment& environment) {
  Dialer::Options options;
  options.server = parse_server_url(settings.url);
  options.proxy = proxy_for(options.server, environment);
  options.timeout = settings.connect_timeout;
  if (!settings.ca_file.empty()) options.ca_file = (folder / settings.ca_file).string();
  return options;
}

/// A plain proxy is asked for whole URLs (RFC 9112, 3.2.2); a tunnel hides the server's.
bool asks_proxy(const Dialer::Options& dialing) { return dialing.proxy && !dialing.server.tls; }

std::string request_target(const Dialer::Options& dialing, std::string_view what) {
  const ServerUrl& server = dialing.server;
  return (asks_proxy(dialing) ? server.origin() : "") + server.path + std::string(what);
}

std::string all_fields(const scenarios::OpenAiSettings& settings, const Dialer::Options& dialing,
                       const ApiKey& key) {
  std::string fields = header_fields(settings, dialing.server, key);
  if (asks_proxy(dialing) && !dialing.proxy->authorization.empty())
    fields += "Proxy-Authorization: " + dialing.proxy->authorization + "\r\n";
  return fields;
}

}  // namespace

struct OpenAiTarget::Impl {
  scenarios::TargetSettings settings;
  ServerPrompts prompts;
  TargetDescription description;
  std::string model;
  std::string head;  // of every request, but for its length; has the key in it
  std::unique_ptr<ExchangeThread> exchanges;
};

OpenAiTarget::OpenAiTarget(const scenarios::Scenario& scenario,
                           const TargetSurroundings& surroundings, TargetEvents events,
                           ServerPrompts prompts, const Environment& environment)
    : impl_(std::make_unique<Impl>()) {
  impl_->settings = scenario.target;
  impl_->prompts = std::move(prompts);
  const scenarios::OpenAiSettings& settings = impl_->settings.openai;
  const ApiKey key = find_api_key(settings, surroundings.folder, environment);
  const auto dialing = dialing_of(settings, surroundings.folder, environment);
  std::string fields = all_fields(settings, dialing, key);

  const std::string key_source = settings.api_key_file.empty()
                                     ? "the variable " + settings.api_key_variable
                                     : "the file '" + settings.api_key_file + "'";
  ServerFindings findings = check_server({.dialing = dialing,
                                          .target = request_target(dialing, "/models"),
                                          .header_fields = fields,
                                          .wanted_model = scenario.target.model,
                                          .key_source = key_source},
                                         key);
  if (findings.is_squall && settings.stream) fields += "X-Squall-Stamps: 1\r\n";
  const bool chat = settings.api == Api::chat;
  impl_->model = findings.model;
  impl_->head = "POST " + request_target(dialing, chat ? "/chat/completions" : "/completions") +
                " HTTP/1.1\r\n" + fields + "Content-Length: ";
  TargetDescription& description = impl_->description;
  description.kind = scenarios::TargetKind::openai;
  description.origin = dialing.server.origin() + dialing.server.path;
  description.model_name = key.removed_from(findings.model);
  description.token_counts =
      "as the server counts; where it does not: " + impl_->prompts.token_counts;
  description.warnings = std::move(findings.warnings);

  impl_->exchanges = std::make_unique<ExchangeThread>(
      ExchangeThread::Options{.dialing = dialing,
                              .patience = {.connect = settings.connect_timeout,
                                           .first_token = impl_->settings.first_token_timeout,
                                           .token_gap = impl_->settings.token_gap_timeout},
                              .max_connections = settings.max_connections,
                              .stream = settings.stream,
                              .key = key,
                              .this_host = actors::boot_id()},
      std::move(events));
}

OpenAiTarget::~OpenAiTarget() = default;

const TargetDescription& OpenAiTarget::description() const { return impl_->description; }

void OpenAiTarget::submit(actors::LoadRequest request) {
  const std::string body = request_body(impl_->settings, impl_->model, request, impl_->prompts);
  PreparedRequest prepared;
  prepared.bytes.reserve(impl_->head.size() + body.size() + 32);
  prepared.bytes = impl_->head;
  prepared.bytes.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  prepared.deadline = request.deadline != Instant{} ? request.deadline
                                                    : request.scheduled + impl_->settings.timeout;
  prepared.expected_tokens = request.plan.answer_tokens;
  prepared.keep_answer = request.keep_answer;
  actors::RequestTimeline& timeline = prepared.timeline;
  timeline.request = request.id;
  timeline.phase = request.phase;
  timeline.scheduled = request.scheduled;
  timeline.category = request.plan.category;
  timeline.prompt_tokens = impl_->prompts.count(request.prompt);
  impl_->exchanges->submit(std::move(prepared));
}

void OpenAiTarget::abandon(const actors::RequestOutcome& outcome) {
  impl_->exchanges->abandon(outcome);
}

Environment process_environment() {
  return [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
}

}  // namespace squall::agents
