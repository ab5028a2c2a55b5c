#pragma once
// One client's connection: reads requests within limits of size and time, writes answers as they
// come, notices when the client leaves. Internal to the HTTP server.
//
// A coroutine on the server's only network thread reads and writes; it keeps the object alive.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agents/serve/http_message.hpp"
#include "agents/serve/http_server.hpp"

namespace squall::agents {

/// What the connections of one server share.
struct ConnectionsState {
  const ServerLimits& limits;
  HttpHandler* handler = nullptr;
  bool draining = false;      // each answer is its connection's last
  std::size_t open = 0;       // connections
  std::size_t answering = 0;  // those with a request that is not answered to the last byte
  std::function<void()> on_answered = {};
};

class HttpConnection final : public ReplyWriter,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, ConnectionsState& shared);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Serves until the client leaves, errs or is idle for too long.
  boost::asio::awaitable<void> serve();
  /// Says only that there are too many connections.
  boost::asio::awaitable<void> turn_away();

  void reply(HttpReply reply) override;
  void begin_stream(std::string_view content_type) override;
  void send(std::string_view text) override;
  void end_stream() override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  boost::asio::awaitable<bool> await_first_byte();
  boost::asio::awaitable<bool> read_request();
  boost::asio::awaitable<bool> receive();
  boost::asio::awaitable<bool> answer_request();
  boost::asio::awaitable<bool> write_outbox();
  boost::asio::awaitable<void> refuse_malformed(boost::system::error_code error);
  boost::asio::awaitable<void> refuse(unsigned status, std::string message);
  boost::asio::awaitable<void> linger();

  HttpRequest take_request();
  void append_head(unsigned status, std::string_view content_type, std::string_view more_fields);
  void append_to_outbox(std::string_view text);
  void end_answer();
  void set_deadline(std::chrono::milliseconds from_now);
  void clear_deadline();
  void watch_for_leaving();
  void note_leaving_if_closed();
  void note_leaving();

  boost::asio::ip::tcp::socket socket_;
  ConnectionsState& shared_;
  boost::asio::steady_timer deadline_;  // cancels what the socket does
  bool deadline_passed_ = false;
  boost::asio::steady_timer wake_;  // cancelled when there is something to write
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;

  // Of the answer under way.
  std::string outbox_;
  bool answered_ = true;    // complete in the outbox
  bool chunked_ = false;    // the stream's pieces are framed: HTTP/1.1
  bool head_only_ = false;  // the request was HEAD
  bool keep_alive_ = false;
  bool client_left_ = false;
  bool watching_ = false;  // a wait for readability is pending
};

}  // namespace squall::agents
