#pragma once
// Listens for HTTP clients and gives their requests to a handler, within limits; ends gracefully on
// SIGTERM or SIGINT. One network thread: the one that calls run().

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "agents/serve/http_message.hpp"

namespace squall::agents {

struct ServerLimits {
  std::size_t header_bytes = 16 << 10;
  std::size_t body_bytes = 1 << 20;
  std::size_t connections = 1024;
  std::size_t unread_bytes = 4 << 20;               // of an answer, by a client that does not read
  std::chrono::milliseconds header_timeout{10000};  // from a request's first byte
  std::chrono::milliseconds body_timeout{30000};    // from the end of the header
  std::chrono::milliseconds idle_timeout{75000};    // between requests
  std::chrono::milliseconds write_timeout{30000};   // of a client that does not read
};

/// An address that cannot be listened on; the message says what to do.
struct ListenError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class HttpServer {
 public:
  /// `listen`: "127.0.0.1:8080", "localhost:8080", "[::1]:8080"; port 0 picks a free one.
  /// Throws ListenError.
  HttpServer(const std::string& listen, ServerLimits limits);
  ~HttpServer();

  std::string address() const;  // "127.0.0.1:8080", the real port
  bool loopback_only() const;

  struct End {
    bool cut_off = false;  // answers were under way when the drain's time was over
    bool hurried = false;  // a second signal came
  };
  /// Serves until a signal came and all answers are complete or `drain_timeout` is over.
  End run(HttpHandler& handler, std::chrono::milliseconds drain_timeout);

  /// Has `task` run on the network thread, from any thread.
  void post(std::function<void()> task);
  /// Has `task` run on a thread of its own, and then `then` on the network thread. Tasks are run
  /// one after the other; those that are left when run() ends are dropped.
  void run_aside(std::function<void()> task, std::function<void()> then);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::agents
