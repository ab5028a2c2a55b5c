#include "agents/serve/http_connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>
#include <cstdio>
#include <sys/socket.h>
#include <utility>

namespace squall::agents {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_size = 16 << 10;
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::size_t linger_bytes = 8 << 20;

std::string_view status_text(unsigned status) {
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return {text.data(), text.size()};
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string chunk_of(std::string_view text) {
  std::array<char, 20> size{};
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  std::string chunk(size.data(), static_cast<std::size_t>(length));
  return chunk.append(text).append("\r\n");
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, ConnectionsState& shared)
    : socket_(std::move(socket)),
      shared_(shared),
      deadline_(socket_.get_executor()),
      wake_(socket_.get_executor()) {
  ++shared_.open;
}

HttpConnection::~HttpConnection() { --shared_.open; }

asio::awaitable<void> HttpConnection::serve() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  bool going_on = true;
  while (going_on) {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
    parser_->body_limit(shared_.limits.body_bytes);
    going_on = co_await await_first_byte();
    if (!going_on) break;
    going_on = co_await read_request();
    if (!going_on) break;
    going_on = co_await answer_request();
  }
  clear_deadline();
  socket_.close(ignored);
}

asio::awaitable<void> HttpConnection::turn_away() {
  co_await refuse(503, "there are " + std::to_string(shared_.limits.connections) +
                           " connections already, the most that this server takes");
  error_code ignored;
  socket_.close(ignored);
}

/// Between requests a client may take its time; false: it left, or took too long.
asio::awaitable<bool> HttpConnection::await_first_byte() {
  if (buffer_.size() > 0) co_return true;
  set_deadline(shared_.limits.idle_timeout);
  const bool received = co_await receive();
  co_return received;
}

/// False: the client left or a deadline passed.
asio::awaitable<bool> HttpConnection::receive() {
  const auto [error, count] =
      co_await socket_.async_read_some(buffer_.prepare(read_size), as_result);
  buffer_.commit(count);
  co_return !error && !deadline_passed_;
}

/// Reads a whole request into the parser; false: the connection is to end, an error was answered.
asio::awaitable<bool> HttpConnection::read_request() {
  set_deadline(shared_.limits.header_timeout);
  bool header_seen = false;
  for (;;) {
    error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error && error != http::error::need_more) {
      co_await refuse_malformed(error);
      co_return false;
    }
    if (parser_->is_done()) break;
    if (parser_->is_header_done() && !std::exchange(header_seen, true)) {
      set_deadline(shared_.limits.body_timeout);
      if (view(parser_->get()[http::field::expect]) == "100-continue") {
        append_to_outbox("HTTP/1.1 100 Continue\r\n\r\n");
        const bool written = co_await write_outbox();
        if (!written) co_return false;
        set_deadline(shared_.limits.body_timeout);  // writing had one of its own
      }
    }
    const bool received = co_await receive();
    if (received) continue;
    if (deadline_passed_)
      co_await refuse(408, header_seen ? "the request's body did not arrive in time"
                                       : "the request's header did not arrive in time");
    co_return false;
  }
  clear_deadline();
  co_return true;
}

asio::awaitable<void> HttpConnection::refuse_malformed(error_code error) {
  const ServerLimits& limits = shared_.limits;
  if (error == http::error::body_limit)
    return refuse(413, "the body is larger than the " + std::to_string(limits.body_bytes) +
                           " bytes that this server takes");
  if (error == http::error::header_limit)
    return refuse(431, "the header is larger than the " + std::to_string(limits.header_bytes) +
                           " bytes that this server takes");
  return refuse(400, "this is not a valid HTTP/1.1 request: " + error.message());
}

HttpRequest HttpConnection::take_request() {
  auto& message = parser_->get();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {.method = std::string(view(message.method_string())),
          .target = std::string(view(message.target())),
          .content_type = std::string(view(message[http::field::content_type])),
          .authorization = std::string(view(message[http::field::authorization])),
          .body = std::move(message.body()),
          .received = std::chrono::steady_clock::now(),
          .unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
          .wants_stamps = view(message["X-Squall-Stamps"]) == "1"};
}

/// False: the connection is to end.
asio::awaitable<bool> HttpConnection::answer_request() {
  answered_ = false;
  ++shared_.answering;
  keep_alive_ = parser_->keep_alive();
  chunked_ = parser_->get().version() >= 11;
  head_only_ = parser_->get().method() == http::verb::head;
  const HttpRequest request = take_request();
  parser_.reset();
  const std::uint64_t answer = shared_.handler->handle(request, shared_from_this());
  if (answer != 0) watch_for_leaving();
  while (!client_left_ && !(answered_ && outbox_.empty())) {
    if (outbox_.empty()) {
      wake_.expires_at(std::chrono::steady_clock::time_point::max());
      co_await wake_.async_wait(as_result);
    } else {
      const bool written = co_await write_outbox();
      if (!written) client_left_ = true;
    }
  }
  if (!answered_) shared_.handler->client_gone(answer);
  --shared_.answering;
  shared_.on_answered();
  co_return keep_alive_ && !client_left_;
}

/// False: the client left, or does not read.
asio::awaitable<bool> HttpConnection::write_outbox() {
  const std::string sent = std::exchange(outbox_, {});  // more may come while this is written
  set_deadline(shared_.limits.write_timeout);
  const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(sent), as_result);
  clear_deadline();
  co_return !error;
}

/// Answers what is no request, and ends the connection so that the client can still read that.
asio::awaitable<void> HttpConnection::refuse(unsigned status, std::string message) {
  keep_alive_ = false;
  head_only_ = false;
  reply(shared_.handler->refusal(status, message));
  const bool written = co_await write_outbox();
  if (written) co_await linger();
}

/// Closing with bytes unread would reset the connection and destroy the answer on its way.
asio::awaitable<void> HttpConnection::linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  set_deadline(linger_time);
  bool open = true;
  for (std::size_t discarded = 0; open && discarded < linger_bytes;) {
    buffer_.clear();
    open = co_await receive();
    discarded += buffer_.size();
  }
}

void HttpConnection::append_head(unsigned status, std::string_view content_type,
                                 std::string_view more_fields) {
  if (shared_.draining) keep_alive_ = false;
  outbox_.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  outbox_.append(status_text(status)).append("\r\nContent-Type: ").append(content_type);
  outbox_.append("\r\nConnection: ").append(keep_alive_ ? "keep-alive" : "close");
  outbox_.append("\r\n").append(more_fields).append("\r\n");
}

void HttpConnection::reply(HttpReply reply) {
  std::string fields = "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const auto& [name, value] : reply.headers) fields.append(name + ": " + value + "\r\n");
  append_head(reply.status, reply.content_type, fields);
  if (!head_only_) outbox_ += reply.body;
  end_answer();
}

void HttpConnection::begin_stream(std::string_view content_type) {
  if (!chunked_) keep_alive_ = false;  // the end of the connection is the end of the stream
  append_head(200, content_type,
              chunked_ ? "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n"
                       : "Cache-Control: no-cache\r\n");
  wake_.cancel();
}

void HttpConnection::send(std::string_view text) {
  append_to_outbox(chunked_ ? chunk_of(text) : std::string(text));
  if (outbox_.size() > shared_.limits.unread_bytes) note_leaving();
  wake_.cancel();
}

void HttpConnection::end_stream() {
  if (chunked_) append_to_outbox("0\r\n\r\n");
  end_answer();
}

void HttpConnection::append_to_outbox(std::string_view text) {
  if (!client_left_) outbox_ += text;
}

void HttpConnection::end_answer() {
  answered_ = true;
  wake_.cancel();
}

/// Cancels what the socket waits for if it is not done by then.
void HttpConnection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_passed_ = false;
  deadline_.expires_after(from_now);
  deadline_.async_wait([self = weak_from_this()](error_code error) {
    const auto connection = self.lock();
    if (error || connection == nullptr) return;
    // Set anew after this wait had ended, before this was called.
    if (connection->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    connection->deadline_passed_ = true;
    error_code ignored;
    connection->socket_.cancel(ignored);
  });
}

void HttpConnection::clear_deadline() {
  deadline_.expires_at(std::chrono::steady_clock::time_point::max());
}

/// While an answer is under way nobody reads from the socket: only readiness tells of an end.
void HttpConnection::watch_for_leaving() {
  if (answered_ || std::exchange(watching_, true)) return;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = weak_from_this()](error_code error) {
    const auto connection = self.lock();
    if (connection == nullptr) return;
    connection->watching_ = false;
    if (!error) connection->note_leaving_if_closed();
  });
}

/// A next request that is there already ends the watch: from then on only writing tells.
void HttpConnection::note_leaving_if_closed() {
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
    note_leaving();
  } else if (count < 0) {
    watch_for_leaving();
  }
}

void HttpConnection::note_leaving() {
  client_left_ = true;
  outbox_.clear();
  wake_.cancel();
  error_code ignored;
  socket_.cancel(ignored);  // a write that does not end
}

}  // namespace squall::agents
