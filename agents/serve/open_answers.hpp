#pragma once
// The answers that are under way, from the request's submission to its last token: turns what the
// engine reports into what clients read. Knows no sockets, no threads and no clock.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "agents/serve/api_reply.hpp"
#include "agents/serve/engine_worker.hpp"
#include "agents/serve/http_message.hpp"
#include "agents/serve/serve_metrics.hpp"
#include "agents/serve/text/answer_text.hpp"

namespace squall::agents {

class OpenAnswers {
 public:
  using Instant = AnswerInstants::Instant;

  /// All outlive this.
  OpenAnswers(EnginePort& engine, ServeMetrics& metrics) : engine_(engine), metrics_(metrics) {}

  struct Start {
    AnswerHeading heading;
    std::string_view route;  // a constant's
    bool stream = false;
    std::vector<std::string> stops = {};
    Instant received = {};
    std::shared_ptr<ReplyWriter> writer;
  };
  /// `request.id` names the answer from here on.
  void begin(Start start, GenerationRequest request, const Tokenizer& tokenizer);
  void on_report(const EngineReport& report);
  /// Nobody reads this answer any more.
  void abandon(std::uint64_t id);
  void fail_all(const ApiError& error);

  std::size_t size() const { return answers_.size(); }
  std::size_t waiting() const { return waiting_; }  // not admitted by the engine yet

 private:
  struct Answer {
    AnswerHeading heading;
    std::string_view route;
    bool stream;
    bool ends_at_end_token;
    AnswerInstants instants;
    std::shared_ptr<ReplyWriter> writer;
    const Tokenizer* tokenizer;
    AnswerText text;
    std::string whole = {};  // of one that is not streamed
    TokenUsage usage = {};
    bool admitted = false;
  };
  using Answers = std::unordered_map<std::uint64_t, Answer>;

  void on_admitted(const StepEvents::Admitted& admitted, Instant at);
  void on_token(const StepEvents::Token& token, Instant at);
  void stamp_token(Answer& answer, Instant at);
  void show(Answer& answer, std::string_view text);
  void finish(Answers::iterator answer, std::string_view reason);
  void fail(Answers::iterator answer, const ApiError& error);
  void forget(Answers::iterator answer, unsigned status);

  EnginePort& engine_;
  ServeMetrics& metrics_;
  Answers answers_;
  std::size_t waiting_ = 0;
};

}  // namespace squall::agents
