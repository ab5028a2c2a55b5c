#include "tests/benchmarks/plain_reader.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace squall::tests {

namespace {

constexpr int patience_ms = 60'000;
constexpr int events_beside_text = 2;  // the reason to finish, and [DONE]

std::uint32_t events_in(std::string_view bytes) {
  std::uint32_t found = 0;
  for (auto at = bytes.find("data: "); at != std::string_view::npos;
       at = bytes.find("data: ", at + 6))
    ++found;
  return found;
}

}  // namespace

PlainReader::PlainReader(int port) : port_(port), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

PlainReader::~PlainReader() {
  for (const int socket : sockets_) ::close(socket);
  ::close(epoll_);
}

void PlainReader::open(const std::string& body) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  const std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  const auto size = static_cast<ssize_t>(request.size());
  if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) != size)
    throw std::runtime_error("cannot ask the server on port " + std::to_string(port_));
  sockets_.push_back(socket);
  fcntl(socket, F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = sockets_.size() - 1;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

std::uint64_t PlainReader::read_all(std::uint32_t chunks) {
  std::vector<std::uint32_t> seen(sockets_.size(), 0);
  std::array<epoll_event, 256> ready;
  std::vector<char> buffer(64 << 10);
  std::size_t open = sockets_.size();
  while (open > 0) {
    const int count = epoll_wait(epoll_, ready.data(), ready.size(), patience_ms);
    if (count <= 0) break;
    for (int i = 0; i < count; ++i) {
      const std::size_t stream = ready[static_cast<std::size_t>(i)].data.u64;
      const ssize_t got = ::recv(sockets_[stream], buffer.data(), buffer.size(), 0);
      if (got < 0) continue;
      seen[stream] += events_in({buffer.data(), static_cast<std::size_t>(got)});
      if (got > 0 && seen[stream] < chunks + events_beside_text) continue;
      epoll_ctl(epoll_, EPOLL_CTL_DEL, sockets_[stream], nullptr);
      --open;
    }
  }
  std::uint64_t texts = 0;
  for (const std::uint32_t each : seen) texts += std::min(each, chunks);
  return texts;
}

}  // namespace squall::tests
