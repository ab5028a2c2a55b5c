#include "agents/serve/api_service.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <stdexcept>
#include <utility>

#include "scenarios/text/words.hpp"

namespace squall::agents {

namespace {

constexpr std::string_view completions_path = "/v1/completions";
constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view models_path = "/v1/models";
constexpr std::uint32_t usual_completion_tokens = 16;  // as OpenAI's API has it
// Memory for the whole answer is set aside when it begins: a chat that does not say how long it may
// be must not have all of it.
constexpr std::uint32_t usual_chat_tokens = 2048;
constexpr std::size_t quick_prompt_bytes = 8192;  // become tokens in a few milliseconds

struct Route {
  std::string_view path;
  std::string_view method;
};
constexpr std::array<Route, 5> routes{{{completions_path, "POST"},
                                       {chat_path, "POST"},
                                       {models_path, "GET"},
                                       {"/health", "GET"},
                                       {"/metrics", "GET"}}};

/// "/v1/models/NAME" is of the route "/v1/models"; null: there is none.
const Route* find_route(std::string_view path) {
  const auto serves = [path](const Route& route) {
    return path == route.path || (route.path == models_path && path.starts_with("/v1/models/"));
  };
  const auto found = std::ranges::find_if(routes, serves);
  return found == routes.end() ? nullptr : &*found;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// "%2F" becomes "/"; what is no such escape stays.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 &&
                        hexadecimal(text[i + 2]) >= 0;
    if (!escape) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
    i += 2;
  }
  return decoded;
}

/// Takes the same time wherever the texts differ, so that a key cannot be guessed letter by letter.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  return difference == 0;
}

/// SplitMix64: like numbers give unlike seeds.
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9E3779B97F4A7C15U;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
  return number ^ (number >> 31);
}

std::string tokens_in_words(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " token" : " tokens");
}

/// curl sends JSON as a form unless it is told otherwise; better said than guessed.
void check_content_type(const HttpRequest& request) {
  std::string type = request.content_type.substr(0, request.content_type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  if (!type.empty() && scenarios::lower(type) != "application/json")
    throw ApiError(
        "the body's type is " + type + "; send the header \"Content-Type: application/json\"",
        {.status = 415, .code = "unsupported_media_type"});
}

/// Tokens that a client wrote itself.
void check_tokens(std::span<const TokenId> tokens, std::size_t vocabulary) {
  for (const TokenId token : tokens)
    if (static_cast<std::size_t>(token) >= vocabulary)
      throw ApiError("token " + std::to_string(token) +
                         " of the prompt is outside the vocabulary, which ends at " +
                         std::to_string(vocabulary - 1),
                     {.param = "prompt"});
}

std::vector<TokenId> encode_messages(const ChatEncoder& encode,
                                     std::span<const ChatMessage> messages) {
  try {
    return encode(messages);
  } catch (const std::invalid_argument& error) {
    throw ApiError(error.what(), {.param = "messages"});
  }
}

ApiError internal_error(const std::exception& error) {
  return {std::string("internal error: ") + error.what(), {.status = 500}};
}

ApiError draining_error() {
  return {"the server is shutting down", {.status = 503, .code = "draining"}};
}

}  // namespace

ApiService::ApiService(std::shared_ptr<const Model> model, EnginePort& engine,
                       ServiceOptions options)
    : model_(std::move(model)), options_(std::move(options)), answers_(engine, metrics_) {
  assert(options_.context >= 2 && options_.context <= model_->shape.context);
}

std::uint64_t ApiService::handle(const HttpRequest& request, std::shared_ptr<ReplyWriter> writer) {
  const Route* known = find_route(path_of(request.target));
  const std::string_view route_name = known != nullptr ? known->path : "other";
  try {
    return route(request, writer);
  } catch (const ApiError& error) {
    refuse(route_name, error, *writer);
  } catch (const std::exception& error) {
    refuse(route_name, internal_error(error), *writer);
  }
  return 0;
}

void ApiService::refuse(std::string_view route, const ApiError& error, ReplyWriter& writer) {
  metrics_.count_request(route, error.details.status);
  HttpReply reply = error_reply(error);
  if (error.details.status == 405) {
    const std::string_view method = find_route(route)->method;
    reply.headers.emplace_back("Allow", method == "GET" ? "GET, HEAD" : std::string(method));
  }
  writer.reply(std::move(reply));
}

std::uint64_t ApiService::route(const HttpRequest& request,
                                const std::shared_ptr<ReplyWriter>& writer) {
  const std::string_view path = path_of(request.target);
  const Route* known = find_route(path);
  if (known == nullptr) {
    std::string message = "there is no '" + std::string(path) + "' here; there are";
    for (const Route& each : routes)
      message.append(" ").append(each.method).append(" ").append(each.path).append(",");
    message.back() = '.';
    throw ApiError(message, {.status = 404, .code = "unknown_url"});
  }
  // HEAD is GET whose body the connection leaves out.
  if (request.method != known->method && !(request.method == "HEAD" && known->method == "GET"))
    throw ApiError(std::string(known->path) + " takes " + std::string(known->method) + ", not " +
                       request.method,
                   {.status = 405, .code = "method_not_allowed"});
  if (path != "/health") authorize(request);
  if (path == completions_path) return begin_completion(request, writer);
  if (path == chat_path) return begin_chat(request, writer);
  HttpReply reply = look_up(path);
  metrics_.count_request(known->path, reply.status);
  writer->reply(std::move(reply));
  return 0;
}

/// What needs no engine.
HttpReply ApiService::look_up(std::string_view path) const {
  if (path == "/health")
    return draining_ ? HttpReply{.status = 503, .body = R"({"status":"draining"})"}
                     : HttpReply{.body = R"({"status":"ok"})"};
  if (path == "/metrics")
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_.prometheus_text()};
  const ServedModel served{options_.model_name, options_.started_unix, options_.context};
  if (path == models_path) return {.body = models_json(served)};
  const std::string wanted = percent_decoded(path.substr(models_path.size() + 1));
  if (wanted != options_.model_name)
    throw ApiError("model '" + wanted + "' is not served here; '" + options_.model_name + "' is",
                   {.status = 404, .param = "model", .code = "model_not_found"});
  return {.body = model_json(served)};
}

void ApiService::authorize(const HttpRequest& request) const {
  if (options_.api_key.empty()) return;
  constexpr std::string_view scheme = "bearer ";  // in whatever case, then spaces
  const std::string_view given = request.authorization;
  const std::size_t key = given.find_first_not_of(' ', std::min(scheme.size(), given.size()));
  if (scenarios::lower(given.substr(0, scheme.size())) != scheme || key == std::string_view::npos)
    throw ApiError("an API key is needed; send the header \"Authorization: Bearer KEY\"",
                   {.status = 401, .code = "missing_api_key"});
  if (!same_secret(given.substr(key), options_.api_key))
    throw ApiError("the API key is wrong", {.status = 401, .code = "invalid_api_key"});
}

/// Everything that is known before the prompt was looked at.
void ApiService::check_admission(const GenerationOptions& options) const {
  const std::size_t waiting = answers_.waiting() + preparing_.size();
  if (!options.model.empty() && options.model != options_.model_name)
    throw ApiError(
        "model '" + options.model + "' is not served here; '" + options_.model_name + "' is",
        {.status = 404, .param = "model", .code = "model_not_found"});
  if (draining_) throw draining_error();
  if (waiting >= options_.max_waiting)
    throw ApiError(std::to_string(waiting) + " requests are waiting already; try again later",
                   {.status = 429, .code = "too_many_requests"});
  if (options_.max_tokens_limit > 0 && options.max_tokens > options_.max_tokens_limit)
    throw ApiError("an answer may have at most " + tokens_in_words(options_.max_tokens_limit) +
                       " here; ask for fewer than " + std::to_string(*options.max_tokens),
                   {.param = "max_tokens", .code = "max_tokens_too_large"});
}

/// How many tokens the answer may have.
std::uint32_t ApiService::answer_limit(const Preparation& prepared) const {
  const std::size_t prompt = prepared.encoding->prompt.size();
  const auto& wanted = prepared.options.max_tokens;
  const std::string about_context =
      "the context of " + tokens_in_words(options_.context) + ": the prompt has ";
  if (prompt == 0) throw ApiError("the prompt has no tokens", {.param = "prompt"});
  if (prompt >= options_.context)
    throw ApiError(
        "the prompt leaves no room for an answer in " + about_context + std::to_string(prompt),
        {.param = "prompt", .code = "context_length_exceeded"});
  const auto room = static_cast<std::uint32_t>(
      std::min<std::size_t>(options_.context - prompt, std::numeric_limits<std::uint32_t>::max()));
  if (wanted > room)
    throw ApiError("prompt and answer exceed " + about_context + std::to_string(prompt) +
                       ", the answer may have at most " + std::to_string(room) + ", not " +
                       std::to_string(*wanted),
                   {.param = "max_tokens", .code = "context_length_exceeded"});
  if (wanted) return *wanted;
  const std::uint32_t limit = options_.max_tokens_limit > 0 ? options_.max_tokens_limit : room;
  return std::min({prepared.usual_tokens.value_or(room), limit, room});
}

std::uint64_t ApiService::begin_completion(const HttpRequest& request,
                                           std::shared_ptr<ReplyWriter> writer) {
  check_content_type(request);
  CompletionRequest wanted = parse_completion_request(request.body);
  check_admission(wanted.options);
  Preparation preparation{.start = {.heading = heading_for(request, false),
                                    .route = completions_path,
                                    .received = request.received,
                                    .writer = std::move(writer)},
                          .options = std::move(wanted.options),
                          .usual_tokens = usual_completion_tokens};
  if (auto* text = std::get_if<std::string>(&wanted.prompt)) {
    preparation.prompt_bytes = text->size();
    preparation.encoding->encode = [model = model_, text = std::move(*text)] {
      return model->tokenizer->encode(text);
    };
  } else {
    check_tokens(std::get<std::vector<TokenId>>(wanted.prompt), model_->shape.vocabulary);
    preparation.encoding->encode =
        [tokens = std::get<std::vector<TokenId>>(std::move(wanted.prompt))] { return tokens; };
  }
  return prepare(std::move(preparation));
}

std::uint64_t ApiService::begin_chat(const HttpRequest& request,
                                     std::shared_ptr<ReplyWriter> writer) {
  check_content_type(request);
  ChatRequest wanted = parse_chat_request(request.body);
  check_admission(wanted.options);
  if (!options_.encode_chat)
    throw ApiError("the model's file brings no chat template that is known here; use " +
                       std::string(completions_path) +
                       ", or start the server with --chat-template NAME",
                   {.code = "no_chat_template"});
  Preparation preparation{.start = {.heading = heading_for(request, true),
                                    .route = chat_path,
                                    .received = request.received,
                                    .writer = std::move(writer)},
                          .options = std::move(wanted.options),
                          .usual_tokens = usual_chat_tokens};
  for (const ChatMessage& message : wanted.messages)
    preparation.prompt_bytes += message.content.size();
  preparation.encoding->encode = [encode = options_.encode_chat,
                                  messages = std::move(wanted.messages)] {
    return encode_messages(encode, messages);
  };
  return prepare(std::move(preparation));
}

AnswerHeading ApiService::heading_for(const HttpRequest& request, bool chat) const {
  return {.created = request.unix_seconds,
          .chat = chat,
          .boot = request.wants_stamps ? options_.boot : std::string()};
}

/// A long text takes a while to become tokens, in which other clients are to hear of theirs.
std::uint64_t ApiService::prepare(Preparation preparation) {
  const std::uint64_t id = ++latest_id_;
  if (preparation.prompt_bytes <= quick_prompt_bytes || !options_.run_aside) {
    preparation.encoding->prompt = preparation.encoding->encode();
    begin(id, std::move(preparation));
    return id;
  }
  const auto encode = [encoding = preparation.encoding] {
    if (encoding->abandoned) return;
    try {
      encoding->prompt = encoding->encode();
    } catch (...) {
      encoding->failure = std::current_exception();
    }
  };
  preparing_.emplace(id, std::move(preparation));
  options_.run_aside(encode, [this, id] { begin_prepared(id); });
  return id;
}

void ApiService::begin_prepared(std::uint64_t id) {
  auto found = preparing_.extract(id);
  if (found.empty()) return;  // the client has left
  Preparation& prepared = found.mapped();
  const std::string_view route = prepared.start.route;
  const std::shared_ptr<ReplyWriter> writer = prepared.start.writer;
  try {
    if (prepared.encoding->failure) std::rethrow_exception(prepared.encoding->failure);
    begin(id, std::move(prepared));
  } catch (const ApiError& error) {
    refuse(route, error, *writer);
  } catch (const std::exception& error) {
    refuse(route, internal_error(error), *writer);
  }
}

void ApiService::begin(std::uint64_t id, Preparation prepared) {
  GenerationOptions& options = prepared.options;
  OpenAnswers::Start& start = prepared.start;
  GenerationRequest generation;
  generation.id = id;
  generation.max_tokens = answer_limit(prepared);
  generation.prompt = std::move(prepared.encoding->prompt);
  generation.stop_at_end_token = !options.ignore_eos;
  generation.sampling = options.sampling;
  // Without a seed each request has its own, and the same requests in the same order after a
  // restart have the same answers.
  generation.sampling.seed = options.seed ? *options.seed : mixed(options_.seed ^ mixed(id));
  start.heading.id = (start.heading.chat ? "chatcmpl-" : "cmpl-") +
                     std::to_string(options_.started_unix) + "-" + std::to_string(id);
  start.heading.model = options_.model_name;
  start.heading.include_usage = options.include_usage;
  start.stream = options.stream;
  start.stops = std::move(options.stops);
  answers_.begin(std::move(start), std::move(generation), *model_->tokenizer);
}

void ApiService::client_gone(std::uint64_t answer) {
  if (const auto found = preparing_.extract(answer); !found.empty()) {
    found.mapped().encoding->abandoned = true;
    metrics_.count_request(found.mapped().start.route, 499);
  }
  answers_.abandon(answer);
}

HttpReply ApiService::refusal(unsigned status, const std::string& message) {
  metrics_.count_request("other", status);
  return error_reply(ApiError(message, {.status = status}));
}

void ApiService::cut_off() {
  for (const auto& [id, preparation] : std::exchange(preparing_, {})) {
    preparation.encoding->abandoned = true;
    refuse(preparation.start.route, draining_error(), *preparation.start.writer);
  }
  answers_.fail_all(draining_error());
}

}  // namespace squall::agents
