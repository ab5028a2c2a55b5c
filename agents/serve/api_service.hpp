#pragma once
// Answers HTTP requests with the engine: routes, authorization, and what is asked of the engine.
// Knows no sockets, no threads and no clock.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agents/engine/model/model.hpp"
#include "agents/serve/api_request.hpp"
#include "agents/serve/engine_worker.hpp"
#include "agents/serve/http_message.hpp"
#include "agents/serve/open_answers.hpp"
#include "agents/serve/serve_metrics.hpp"

namespace squall::agents {

/// The tokens of a conversation; throws std::invalid_argument for one that has no form.
using ChatEncoder = std::function<std::vector<TokenId>(std::span<const ChatMessage>)>;

/// Runs the first elsewhere, then the second on the thread of all calls.
using RunAside = std::function<void(std::function<void()> task, std::function<void()> then)>;

struct ServiceOptions {
  std::string model_name;              // what clients call the model
  std::size_t context = 0;             // tokens of prompt and answer, at most the model's
  std::uint32_t max_tokens_limit = 0;  // of one answer; 0: what the context leaves
  std::size_t max_waiting = 256;       // requests that the engine has not admitted yet
  std::string api_key = {};            // empty: none is asked for
  std::uint64_t seed = 0;              // of requests that bring none
  std::int64_t started_unix = 0;       // seconds; part of the answers' names
  std::string boot = {};               // of the machine, to tell stamps with; empty: none are told
  RunAside run_aside = {};             // for prompts that take long; empty: nothing is run aside
  ChatEncoder encode_chat = {};        // empty: the model has no template
};

class ApiService final : public HttpHandler {
 public:
  /// `engine` outlives this.
  ApiService(std::shared_ptr<const Model> model, EnginePort& engine, ServiceOptions options);

  /// What the engine did, for the answers that are open.
  void on_report(const EngineReport& report) { answers_.on_report(report); }
  std::size_t open_answers() const { return answers_.size() + preparing_.size(); }

  std::uint64_t handle(const HttpRequest& request, std::shared_ptr<ReplyWriter> writer) override;
  void client_gone(std::uint64_t answer) override;
  HttpReply refusal(unsigned status, const std::string& message) override;
  void connections_changed(std::size_t open) override { metrics_.connections = open; }
  void begin_drain() override { draining_ = true; }
  void cut_off() override;

 private:
  std::uint64_t route(const HttpRequest& request, const std::shared_ptr<ReplyWriter>& writer);
  HttpReply look_up(std::string_view path) const;
  void authorize(const HttpRequest& request) const;
  /// The part of a preparation that may happen aside: it holds nothing of the connection.
  struct Encoding {
    std::function<std::vector<TokenId>()> encode;
    std::vector<TokenId> prompt = {};      // what encode() returned
    std::exception_ptr failure = nullptr;  // or threw
    std::atomic<bool> abandoned = false;   // nobody waits for it any more
  };
  /// A request whose prompt is not tokens yet.
  struct Preparation {
    OpenAnswers::Start start;
    GenerationOptions options;
    std::optional<std::uint32_t> usual_tokens = {};  // of an answer; none: all that fit
    std::size_t prompt_bytes = 0;
    std::shared_ptr<Encoding> encoding = std::make_shared<Encoding>();
  };

  std::uint64_t begin_completion(const HttpRequest& request, std::shared_ptr<ReplyWriter> writer);
  std::uint64_t begin_chat(const HttpRequest& request, std::shared_ptr<ReplyWriter> writer);
  void check_admission(const GenerationOptions& options) const;
  std::uint32_t answer_limit(const Preparation& prepared) const;
  AnswerHeading heading_for(const HttpRequest& request, bool chat) const;
  std::uint64_t prepare(Preparation preparation);
  void begin_prepared(std::uint64_t id);
  void begin(std::uint64_t id, Preparation prepared);
  void refuse(std::string_view route, const ApiError& error, ReplyWriter& writer);

  std::shared_ptr<const Model> model_;
  ServiceOptions options_;
  ServeMetrics metrics_;
  OpenAnswers answers_;
  std::unordered_map<std::uint64_t, Preparation> preparing_;  // encoded aside
  std::uint64_t latest_id_ = 0;
  bool draining_ = false;
};

}  // namespace squall::agents
