#pragma once
// One request and its answer over one connection: takes its turn, writes, stamps what arrives,
// reports exactly once, and tells whether the connection can serve again.
//
// Everything here lives on the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/metrics/request_timeline.hpp"
#include "agents/targets/openai/answer_reader.hpp"
#include "agents/targets/openai/event_stream_parser.hpp"
#include "agents/targets/openai/http/connection.hpp"
#include "agents/targets/openai/http/connection_pool.hpp"
#include "agents/targets/openai/http/response_parser.hpp"

namespace squall::agents {

using actors::Instant;

/// Made on the submitting thread: the I/O thread has to be prompt.
struct PreparedRequest {
  actors::RequestTimeline timeline;  // all that is known before the answer
  Instant deadline;
  std::string bytes;  // head and body; has the key in it
  std::uint32_t expected_tokens = 0;
  bool keep_answer = false;
};

class Exchange;

/// What exchanges have in common, and whom they tell.
class ExchangeSurroundings {
 public:
  struct Patience {
    std::chrono::nanoseconds connect{0}, first_token{0}, token_gap{0};  // 0: the deadline alone
  };
  virtual ~ExchangeSurroundings() = default;

  virtual void count_tokens(std::uint64_t tokens) = 0;
  virtual void report(actors::RequestTimeline timeline) = 0;
  /// What a server said, fit to be told: one line, cut, and without the key.
  virtual std::string shown(std::string_view words) const = 0;
  /// Something that happens often is told once: `kind` says what is alike.
  virtual void note(const std::string& kind, Instant at, const std::string& what) = 0;

  boost::asio::io_context* context = nullptr;
  Dialer* dialer = nullptr;
  ConnectionPool<Connection, Exchange*>* pool = nullptr;
  std::vector<char> buffer;  // what was read is taken at once, so one is enough
  Patience patience;
  bool stream = true;
  std::string this_host;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Grant = ConnectionPool<Connection, Exchange*>::Grant;

  Exchange(ExchangeSurroundings& around, PreparedRequest request);

  /// From its turn to giving the connection back. Whoever runs it keeps the exchange alive.
  boost::asio::awaitable<void> run();
  void take_turn(Grant grant);
  /// Reports at once, unless that has been done, and closes the connection.
  void end(const actors::RequestOutcome& outcome);

 private:
  enum class At { waiting, connecting, talking };
  enum class Body { stream, whole, refusal };

  boost::asio::awaitable<void> await_turn();
  boost::asio::awaitable<void> use_connection();
  boost::asio::awaitable<Trouble> open_connection();
  boost::asio::awaitable<Trouble> converse();
  boost::asio::awaitable<Trouble> write_request();

  void take_bytes(std::string_view bytes, Instant at);
  void take_head(Instant at);
  void take_refusal_head(Instant at);
  void take_body(std::string_view body, Instant at);
  void take_events(std::string_view body, Instant at);
  void take_end(Instant at);
  void take_close(const IoResult& result, Instant at);

  void conclude(const Trouble& trouble, Instant at);
  void report(actors::RequestOutcome outcome, Instant at);
  void arm_timer();
  Instant limit() const;
  void take_time_out(Instant now);

  ExchangeSurroundings& around_;
  PreparedRequest request_;
  At at_ = At::waiting;
  std::optional<Grant> grant_;
  std::shared_ptr<Connection> connection_;
  boost::asio::steady_timer timer_;  // of limit()
  boost::asio::steady_timer wake_;   // never fires; cancelled when the turn comes
  Instant connecting_since_;
  Instant last_content_;
  Instant refusal_until_;  // for the text of a refusal
  Instant linger_until_;   // for the last bytes of an answer that was reported

  ResponseParser parser_;
  EventStreamParser events_;
  AnswerReader reader_;
  Body body_kind_ = Body::stream;
  std::string body_;  // of an answer that is not streamed, or of a refusal: its beginning
  std::uint64_t body_bytes_ = 0;
  Trouble refusal_;
  bool heard_ = false;     // any byte of an answer
  bool finished_ = false;  // nothing more is to be read
  bool reusable_ = false;
  bool reported_ = false;
};

/// How long the server asked to wait: seconds, or a date (RFC 9110, 10.2.3). 0: not understood.
std::chrono::nanoseconds retry_after(std::string_view value, std::int64_t unix_now);

}  // namespace squall::agents
