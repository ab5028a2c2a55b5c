#pragma once
// TLS to one server by OpenSSL: whom to trust, which name the certificate must have, sessions that
// later connections take up again. Works on sockets that do not block. One thread.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace squall::agents {

/// What came of reading or writing without waiting.
struct IoResult {
  enum class State { done, wait_read, wait_write, closed, failed } state = State::done;
  std::size_t count = 0;
  const char* failure = "";  // a short class, after `failed`
};

class TlsClient {
 public:
  /// `host`: name or address that the certificate must have. `ca_file`: authorities to trust
  /// instead of the system's; empty: the system's. Throws std::invalid_argument.
  TlsClient(std::string host, const std::string& ca_file);
  ~TlsClient();

  /// One connection. Must end before the client and before the socket is closed.
  class Session {
   public:
    Session(TlsClient& client, int socket);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// To be called again after each wait until it is done.
    IoResult handshake();
    IoResult read_some(std::span<char> into);
    IoResult write_some(std::string_view bytes);
    bool has_unread() const;  // decrypted bytes that no socket will tell of

   private:
    IoResult result_of(int returned, std::size_t count);

    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::agents
