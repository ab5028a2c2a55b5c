#pragma once
// A small HTTP server on loopback that does what a test writes, connection by connection, also what
// no server should do; plain or over TLS with a self-made certificate.

#include <arpa/inet.h>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace squall::fixtures {

/// One connection. All waiting ends with the server.
class Visit {
 public:
  Visit(int socket, SSL* ssl) : socket_(socket), ssl_(ssl) {}

  /// Head and body; none: the client left.
  std::optional<std::string> read_request() {
    std::string request = std::move(unread_);
    for (;;) {
      const auto head = request.find("\r\n\r\n");
      const auto length = head == std::string::npos ? head : request.find("Content-Length: ");
      const auto size = head == std::string::npos ? std::string::npos
                        : length == std::string::npos
                            ? head + 4
                            : head + 4 + std::strtoull(request.c_str() + length + 16, nullptr, 10);
      if (size != std::string::npos && request.size() >= size) {
        unread_ = request.substr(size);
        request.resize(size);
        return request;
      }
      char bytes[4096];
      const long count = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes)
                                         : ::recv(socket_, bytes, sizeof bytes, 0);
      if (count <= 0) return std::nullopt;
      request.append(bytes, static_cast<std::size_t>(count));
    }
  }
  /// False: the client left.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const long count = ssl_ != nullptr
                             ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// The connection ends with a reset rather than an end.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  /// Until the client leaves.
  void wait_for_leaving() {
    char byte = 0;
    while (ssl_ != nullptr ? SSL_read(ssl_, &byte, 1) > 0 : ::recv(socket_, &byte, 1, 0) > 0) {
    }
  }
  int socket() const { return socket_; }

  void answer(const std::string& status, const std::string& type, std::string_view body,
              const std::string& more = {}) {
    send("HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n");
    send(body);
  }
  void begin_stream() {
    send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
  }
  bool send_chunk(const std::string& bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return send(size + bytes + "\r\n");
  }
  bool send_event(const std::string& data) { return send_chunk("data: " + data + "\n\n"); }
  void end_stream() { send("0\r\n\r\n"); }
  /// A whole answer of so many words, with usage.
  void stream_answer(int words) {
    begin_stream();
    send_event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})");
    for (int i = 0; i < words; ++i)
      send_event(R"({"choices":[{"index":0,"delta":{"content":"w)" + std::to_string(i) +
                 R"( "}}]})");
    send_event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})");
    send_event(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":)" +
               std::to_string(words) + "}}");
    send_event("[DONE]");
    end_stream();
  }

 private:
  int socket_;
  SSL* ssl_;
  std::string unread_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Visit&)>;

  /// `tls`: what to accept connections with; null: plain.
  explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr, bool version_6 = false)
      : script_(std::move(script)), tls_(tls) {
    listener_ = ::socket(version_6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    auto* const address =
        version_6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
    socklen_t size = version_6 ? sizeof v6 : sizeof v4;
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 512) != 0)
      throw std::runtime_error("the test's server cannot listen");
    ::getsockname(listener_, address, &size);
    port_ = ntohs(version_6 ? v6.sin6_port : v4.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : visits_) thread.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  int connections() const { return connections_; }
  bool stopping() const { return stopping_; }

 private:
  void accept() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++connections_;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      visits_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(tls_ != nullptr ? SSL_new(tls_) : nullptr,
                                                   SSL_free);
    if (ssl) SSL_set_fd(ssl.get(), socket);
    if (!ssl || SSL_accept(ssl.get()) == 1) {
      Visit visit(socket, ssl.get());
      script_(visit);
      if (ssl) SSL_shutdown(ssl.get());
    }
    const std::lock_guard lock(mutex_);
    sockets_.remove(socket);
    ::close(socket);
  }

  Script script_;
  SSL_CTX* tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> visits_;
  std::thread acceptor_;
};

/// Answers GET …/models with one model and leaves other requests to `script`.
inline ScriptedServer::Script with_models(std::function<void(Visit&, const std::string&)> script) {
  return [script = std::move(script)](Visit& visit) {
    while (const auto request = visit.read_request()) {
      if (request->find("/models HTTP/1.1\r\n") == std::string::npos) {
        script(visit, *request);
        return;
      }
      visit.answer("200 OK", "application/json",
                   R"({"object":"list","data":[{"id":"test-model","owned_by":"squall"}]})");
    }
  };
}

/// One that answers every request on a connection, not only the first.
inline ScriptedServer::Script with_models_and_keep_alive(
    std::function<void(Visit&, const std::string&)> script) {
  return with_models([script = std::move(script)](Visit& visit, const std::string& first) {
    for (std::optional<std::string> request = first; request; request = visit.read_request())
      script(visit, *request);
  });
}

}  // namespace squall::fixtures
