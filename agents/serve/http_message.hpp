#pragma once
// What HTTP connections and the service behind them say to each other; knows no sockets.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::agents {

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/v1/models?x=1", as sent
  std::string content_type;
  std::string authorization;
  std::string body;
  std::chrono::steady_clock::time_point received{};  // all of it
  std::int64_t unix_seconds = 0;                     // likewise
  bool wants_stamps = false;  // "X-Squall-Stamps: 1": instants of this server beside its answers
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // besides the usual ones
};

/// Where the answer to one request goes: one reply(), or one begin_stream(), any number of send()
/// and one end_stream(). Nothing blocks; what is sent to a client that has left is dropped.
class ReplyWriter {
 public:
  virtual ~ReplyWriter() = default;
  virtual void reply(HttpReply reply) = 0;
  virtual void begin_stream(std::string_view content_type) = 0;
  virtual void send(std::string_view text) = 0;
  virtual void end_stream() = 0;
};

/// Answers requests. All calls come from one thread.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  /// Answers at once, and returns 0; or later, and returns the name of this answer to come. Keeps
  /// `writer` until the answer is complete or client_gone() was called.
  virtual std::uint64_t handle(const HttpRequest& request, std::shared_ptr<ReplyWriter> writer) = 0;
  /// Nobody reads this answer any more.
  virtual void client_gone(std::uint64_t answer) = 0;
  /// What to say to bytes that never became a request.
  virtual HttpReply refusal(unsigned status, const std::string& message) = 0;
  virtual void connections_changed(std::size_t open) = 0;

  /// From now on no new work is taken.
  virtual void begin_drain() = 0;
  /// Ends all answers that are still to come.
  virtual void cut_off() = 0;
};

}  // namespace squall::agents
