#pragma once
// One client of the page: from its request to the last byte of the answer, or to the end of the
// stream of events. Bytes and time go in, bytes come out; no socket, no clock. One request a
// connection: a page needs few, and nothing has to be told apart.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/dashboard/server/http_request.hpp"

namespace squall::coordinator {

using WebInstant = std::chrono::steady_clock::time_point;

struct WebLimits {
  std::size_t header_bytes = 8 << 10;
  std::size_t connections = 64;
  std::size_t streams = 32;                        // of them, so that others get through
  std::size_t unread_bytes = 4 << 20;              // of a stream, by a client that does not read
  std::chrono::milliseconds header_timeout{5000};  // from the connection's begin
  std::chrono::milliseconds write_timeout{10000};  // without a byte taken
  std::chrono::milliseconds linger_time{1000};     // for the client to close, once all is said
};

struct WebReply {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> fields{};
  bool stream = false;  // the body is its beginning
};

WebReply reply_of(const HttpRefusal& refusal);

using WebHandler = std::function<WebReply(const HttpRequest&)>;

class WebConnection {
 public:
  WebConnection(const WebLimits& limits, WebInstant now);

  void received(std::string_view bytes, const WebHandler& handler, WebInstant now);
  /// The client will say no more.
  void client_ended();
  /// Neither side will hear the other any more.
  void broke() { state_ = State::gone; }
  /// Answers without having been asked.
  void refuse(const HttpRefusal& refusal, WebInstant now);

  /// What is to be written, and how much of it was.
  std::string_view outbox() const { return std::string_view(outbox_).substr(written_); }
  void sent(std::size_t bytes, WebInstant now);

  /// One more piece of the stream. A client that leaves too much of it unread is cut off.
  void push(std::string_view text, WebInstant now);
  void end_stream(WebInstant now);

  bool streaming() const { return state_ == State::streaming; }
  /// All is said: our side of the connection can be closed. Closing all of it at once could destroy
  /// what is on its way.
  bool said_all() const { return state_ == State::lingering; }
  bool over(WebInstant now) const { return state_ == State::gone || now >= deadline_; }
  WebInstant deadline() const { return deadline_; }

 private:
  enum class State { reading, answering, streaming, lingering, gone };

  void answer(const HttpRequest& request, const WebHandler& handler, WebInstant now);
  void write_head(const WebReply& reply, bool with_length);
  void settle(WebInstant now);

  const WebLimits& limits_;
  State state_ = State::reading;
  std::string inbox_;
  std::string outbox_;
  std::size_t written_ = 0;  // of the outbox
  WebInstant deadline_;
};

}  // namespace squall::coordinator
