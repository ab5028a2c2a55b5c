#include "coordinator/dashboard/server/web_connection.hpp"

#include <exception>

namespace squall::coordinator {

namespace {

constexpr std::size_t unread_after_answer = 1 << 20;  // of a request that was refused

const char* reason(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

WebReply reply_of(const HttpRefusal& refusal) {
  WebReply reply{.status = refusal.status, .body = refusal.why + "\n"};
  if (refusal.status == 401) reply.fields.emplace_back("WWW-Authenticate", "Bearer");
  if (refusal.status == 405) reply.fields.emplace_back("Allow", "GET, HEAD");
  return reply;
}

WebConnection::WebConnection(const WebLimits& limits, WebInstant now)
    : limits_(limits), deadline_(now + limits.header_timeout) {}

void WebConnection::received(std::string_view bytes, const WebHandler& handler, WebInstant now) {
  inbox_.append(bytes);
  if (state_ != State::reading) {
    // Nothing more is expected; what comes is let go, within bounds.
    if (inbox_.size() > unread_after_answer) state_ = State::gone;
    return;
  }
  const RequestSoFar so_far = read_http_request(inbox_, limits_.header_bytes);
  if (const auto* refusal = std::get_if<HttpRefusal>(&so_far)) refuse(*refusal, now);
  if (const auto* request = std::get_if<HttpRequest>(&so_far)) answer(*request, handler, now);
}

void WebConnection::answer(const HttpRequest& request, const WebHandler& handler, WebInstant now) {
  const bool head = request.method == "HEAD";
  if (request.method != "GET" && !head)
    return refuse({405, "only GET and HEAD are known here"}, now);
  WebReply reply;
  try {
    reply = handler(request);
  } catch (const std::exception& error) {
    return refuse({500, error.what()}, now);
  }
  write_head(reply, !reply.stream);
  if (!head) outbox_ += reply.body;
  state_ = reply.stream && !head ? State::streaming : State::answering;
  settle(now);
}

void WebConnection::refuse(const HttpRefusal& refusal, WebInstant now) {
  const WebReply reply = reply_of(refusal);
  write_head(reply, true);
  outbox_ += reply.body;
  state_ = State::answering;
  settle(now);
}

void WebConnection::write_head(const WebReply& reply, bool with_length) {
  const auto field = [this](std::string_view name, std::string_view value) {
    outbox_.append(name).append(": ").append(value).append("\r\n");
  };
  outbox_ += "HTTP/1.1 " + std::to_string(reply.status) + " " + reason(reply.status) + "\r\n";
  field("Content-Type", reply.type);
  if (with_length) field("Content-Length", std::to_string(reply.body.size()));
  field("Connection", "close");
  field("Cache-Control", "no-store");
  field("X-Content-Type-Options", "nosniff");
  field("Referrer-Policy", "no-referrer");
  field("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : reply.fields) field(name, value);
  outbox_ += "\r\n";
}

/// The deadline follows from what is waited for.
void WebConnection::settle(WebInstant now) {
  const bool unwritten = written_ < outbox_.size();
  if (state_ == State::answering && !unwritten) {
    state_ = State::lingering;
    deadline_ = now + limits_.linger_time;
  } else if (state_ == State::answering || state_ == State::streaming) {
    deadline_ = unwritten ? now + limits_.write_timeout : WebInstant::max();
  }
}

void WebConnection::sent(std::size_t bytes, WebInstant now) {
  written_ += bytes;
  if (written_ == outbox_.size() || written_ > limits_.unread_bytes / 4) {
    outbox_.erase(0, written_);
    written_ = 0;
  }
  settle(now);
}

void WebConnection::client_ended() {
  // One who asked and closed its side may still read an answer; a stream has nobody left.
  if (state_ != State::answering) state_ = State::gone;
}

void WebConnection::push(std::string_view text, WebInstant now) {
  if (state_ != State::streaming) return;
  const bool was_empty = outbox().empty();
  outbox_ += text;
  if (outbox().size() > limits_.unread_bytes) state_ = State::gone;
  // The time for writing counts from the last byte that was taken.
  if (was_empty) settle(now);
}

void WebConnection::end_stream(WebInstant now) {
  if (state_ != State::streaming) return;
  state_ = State::answering;
  settle(now);
}

}  // namespace squall::coordinator
