#include "coordinator/dashboard/server/web_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

/// Above the limit of connections, so many more are told so; others wait in the kernel's queue.
constexpr std::size_t turned_away_at_once = 16;
/// When descriptors run out, accepting pauses rather than spins.
constexpr auto accept_pause = 50ms;
constexpr auto longest_sleep = 1s;

const HttpRefusal too_many{503, "too many look at this page already"};

/// A socket address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const WebAddress& address) {
  SocketAddress made;
  if (address.host.find(':') == std::string::npos) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr);
    made.size = sizeof(sockaddr_in);
  } else {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
    made.size = sizeof(sockaddr_in6);
  }
  return made;
}

[[noreturn]] void cannot_listen(const WebAddress& address) {
  const int error = errno;
  throw WebError("cannot serve a page at " + address.text() + ": " + std::strerror(error) +
                 (error == EADDRINUSE ? "; stop what listens there or choose another port, 0 picks "
                                        "a free one"
                                      : "; choose another address"));
}

/// Agents that are started meanwhile must not inherit it: the port would outlive the coordinator.
int listen_at(const WebAddress& address) {
  SocketAddress where = socket_address(address);
  const int socket =
      ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) cannot_listen(address);
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(socket, where.pointer(), where.size) != 0 || listen(socket, SOMAXCONN) != 0) {
    const int error = errno;
    close(socket);
    errno = error;
    cannot_listen(address);
  }
  return socket;
}

std::uint16_t port_of(int socket) {
  SocketAddress where;
  where.size = sizeof where.storage;
  getsockname(socket, where.pointer(), &where.size);
  const bool v6 = where.storage.ss_family == AF_INET6;
  return ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&where.storage)->sin6_port
                  : reinterpret_cast<sockaddr_in*>(&where.storage)->sin_port);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// Signals are the main thread's.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

WebServer::Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

WebServer::WebServer(const WebAddress& address, WebLimits limits, WebHandler handler)
    : limits_(limits),
      handler_(std::move(handler)),
      address_(address),
      listener_(listen_at(address)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_.number() < 0) cannot_listen(address);
  address_.port = port_of(listener_.number());
  thread_ = std::thread([this] {
    block_signals();
    while (!stop_) try {
        serve_once();
      } catch (const std::exception&) {
        clients_.clear();  // out of memory: viewers go first
      }
  });
}

WebServer::~WebServer() {
  stop_ = true;
  eventfd_write(wake_.number(), 1);
  thread_.join();
}

void WebServer::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  eventfd_write(wake_.number(), 1);
}

void WebServer::broadcast(const std::string& text) {
  const WebInstant now = WebInstant::clock::now();
  for (Client& client : clients_) client.connection.push(text, now);
}

void WebServer::end_streams(std::chrono::milliseconds patience) {
  std::atomic<bool> told = false;
  post([this, &told] {
    for (Client& client : clients_) client.connection.end_stream(WebInstant::clock::now());
    told = true;
  });
  const WebInstant until = WebInstant::clock::now() + patience;
  // The task refers to what is declared here, so it is waited for in any case.
  while (!told || (unsaid_ > 0 && WebInstant::clock::now() < until))
    std::this_thread::sleep_for(2ms);
}

void WebServer::serve_once() {
  const int ready = wait(WebInstant::clock::now());
  const WebInstant now = WebInstant::clock::now();
  if (ready > 0) {
    run_tasks();
    accept_clients(now);
    for (Client& client : clients_) read_from(client, now);
  }
  for (Client& client : clients_) write_to(client, now);
  drop_the_done(now);
}

/// Sleeps until there is something to do; how much there is.
int WebServer::wait(WebInstant now) {
  std::vector<pollfd> watched;
  watched.push_back({wake_.number(), POLLIN, 0});
  WebInstant until = now + longest_sleep;
  if (clients_.size() < limits_.connections + turned_away_at_once && now >= accept_from_)
    watched.push_back({listener_.number(), POLLIN, 0});
  else
    until = std::min(until, now + accept_pause);
  for (const Client& client : clients_) {
    const bool writes = !client.connection.outbox().empty();
    const int events = (client.input_ended ? 0 : POLLIN) | (writes ? POLLOUT : 0);
    watched.push_back({client.socket.number(), static_cast<short>(events), 0});
    until = std::min(until, client.connection.deadline());
  }
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now, 0ns));
  return poll(watched.data(), watched.size(), static_cast<int>(time.count()));
}

void WebServer::run_tasks() {
  eventfd_t ignored = 0;
  eventfd_read(wake_.number(), &ignored);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) try {
      task();
    } catch (const std::exception&) {
      // A picture that cannot be drawn is not drawn; the run goes on, and the next may do better.
    }
}

void WebServer::accept_clients(WebInstant now) {
  while (clients_.size() < limits_.connections + turned_away_at_once && now >= accept_from_) {
    const int socket = accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      if (!would_block() && errno != ECONNABORTED) accept_from_ = now + accept_pause;
      return;
    }
    const bool room = clients_.size() < limits_.connections;
    Client& client = clients_.emplace_back(socket, limits_, now);
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!room) client.connection.refuse(too_many, now);
  }
}

void WebServer::read_from(Client& client, WebInstant now) {
  if (client.input_ended) return;
  std::array<char, 4096> bytes{};
  const ssize_t count = recv(client.socket.number(), bytes.data(), bytes.size(), 0);
  if (count > 0) {
    const bool streamed = client.connection.streaming();
    const WebHandler counted = [this](const HttpRequest& request) {
      WebReply reply = handler_(request);
      if (reply.stream && streams_ >= limits_.streams) return reply_of(too_many);
      return reply;
    };
    client.connection.received({bytes.data(), static_cast<std::size_t>(count)}, counted, now);
    if (!streamed && client.connection.streaming()) ++streams_;
  } else if (count == 0 || !would_block()) {
    client.input_ended = true;
    client.connection.client_ended();
  }
}

void WebServer::write_to(Client& client, WebInstant now) {
  while (!client.connection.outbox().empty()) {
    const std::string_view text = client.connection.outbox();
    const ssize_t count = send(client.socket.number(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count > 0) {
      client.connection.sent(static_cast<std::size_t>(count), now);
    } else {
      if (!would_block()) {
        client.input_ended = client.output_ended = true;
        client.connection.broke();
      }
      break;
    }
  }
  if (client.connection.said_all() && !std::exchange(client.output_ended, true))
    shutdown(client.socket.number(), SHUT_WR);
}

void WebServer::drop_the_done(WebInstant now) {
  std::erase_if(clients_, [&](const Client& client) { return client.connection.over(now); });
  std::size_t streams = 0, unsaid = 0;
  for (const Client& client : clients_) {
    streams += client.connection.streaming() ? 1 : 0;
    unsaid += client.connection.said_all() ? 0 : 1;
  }
  streams_ = streams;
  unsaid_ = unsaid;
}

}  // namespace squall::coordinator
