#pragma once
// Follows one answer, event by event, and keeps what its timeline is made of: a stamp for each
// content chunk, the server's count of tokens, how it ended. Knows neither sockets nor clocks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/metrics/request_timeline.hpp"
#include "agents/targets/openai/answer_chunk.hpp"

namespace squall::agents {

class AnswerReader {
 public:
  struct Wanted {
    bool keep_text = false;
    std::string_view this_host;  // server stamps of another clock are worth nothing
  };
  explicit AnswerReader(Wanted wanted) : wanted_(wanted) {}

  void reserve(std::size_t chunks) { content_.reserve(chunks); }

  /// One event of a stream, or the whole body of an answer that is not streamed; `at` is when its
  /// last byte was read, before anything was parsed.
  void take_event(std::string_view type, std::string_view data, actors::Instant at);
  void take_body(std::string_view body, actors::Instant at);

  /// The server said that the stream ends, or that it failed: what follows is of no interest.
  bool ended() const { return done_ || failure_.has_value(); }
  std::size_t content_chunks() const { return content_.size(); }

  /// Nothing more will come. None: the answer is complete.
  std::optional<actors::Failed> verdict() const;

  /// Gives the timeline all but its outcome.
  void move_into(actors::RequestTimeline& timeline);

 private:
  void take_chunk(actors::Instant at);
  void fail(std::string reason, bool may_pass = false) { failure_ = {std::move(reason), may_pass}; }
  void take_server_stamp(actors::Instant at);

  Wanted wanted_;
  AnswerChunk chunk_;  // the last; kept for its memory
  std::vector<actors::Instant> content_;
  std::vector<actors::Instant> server_content_;
  bool stamped_by_server_ = true;  // every content chunk so far, with this machine's clock
  actors::Instant first_output_;
  std::optional<TokenUsage> usage_;
  std::string text_;
  bool streamed_ = true;
  bool finished_ = false;  // a finish reason was given
  bool done_ = false;
  std::optional<actors::Failed> failure_;
};

}  // namespace squall::agents
