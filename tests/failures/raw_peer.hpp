#pragma once
// A peer that speaks to a coordinator's port by hand: plain bytes, or ZeroMQ's own protocol (ZMTP
// 3.0, https://rfc.zeromq.org/spec/23/) with frames as no library would send them.

#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace squall::tests {

class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawPeer() {
    if (socket_ >= 0) close(socket_);
  }
  RawPeer(RawPeer&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  RawPeer& operator=(RawPeer&&) = delete;

  bool connected() const { return connected_; }

  /// False: the other side has cut the connection, or takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Greets as a DEALER without keys would; true: the other side did too.
  bool shake_hands() {
    std::string greeting(64, '\0');
    greeting[0] = '\xff';
    greeting[9] = '\x7f';
    greeting[10] = 3;  // version
    greeting.replace(12, 4, "NULL");
    std::string ready("\x04\x19\x05READY\x0bSocket-Type", 20);
    ready += std::string(
        "\0\0\0\x06"
        "DEALER",
        10);
    ready[1] = static_cast<char>(ready.size() - 2);
    return send(greeting) && send(ready) && receive(64).size() == 64;
  }
  /// A frame's head that claims so many bytes behind it.
  static std::string claim(std::uint64_t bytes) {
    std::string head(1, '\x02');  // long
    for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(bytes >> shift);
    return head;
  }
  static std::string tiny_frame(bool more) { return {more ? '\1' : '\0', '\1', 'x'}; }

  /// At most so many bytes; fewer when the connection ends or nothing comes for long.
  std::string receive(std::size_t bytes) {
    std::string all(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const auto count = recv(socket_, all.data() + have, bytes - have, 0);
      if (count <= 0) break;
      have += static_cast<std::size_t>(count);
    }
    all.resize(have);
    return all;
  }
  /// Whether the other side ends the connection within that time.
  bool is_cut_within(std::chrono::seconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    const timeval patience{0, 100'000};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (std::chrono::steady_clock::now() < until) {
      char bytes[4096];
      const auto count = recv(socket_, bytes, sizeof bytes, 0);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return true;
    }
    return false;
  }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace squall::tests
