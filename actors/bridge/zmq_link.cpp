#include "actors/bridge/zmq_link.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <regex>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zmq.h>

namespace squall::actors {

namespace {

constexpr int handshake_limit = 5000;          // milliseconds
constexpr int reconnect_first = 100;           // milliseconds; doubles with each failure …
constexpr int reconnect_last = 5000;           // … up to this
constexpr int linger = 500;                    // milliseconds for queued frames at the end
constexpr int drain_limit = 256;               // frames in a row, so that sending is not starved
constexpr std::size_t outgoing_limit = 65536;  // frames waiting for the link's thread

struct Outgoing {
  PeerId peer;
  Bytes frame;
};

/// A received part; closes itself.
class Part {
 public:
  Part() { zmq_msg_init(&message_); }
  ~Part() { zmq_msg_close(&message_); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  bool receive(void* socket) { return zmq_msg_recv(&message_, socket, ZMQ_DONTWAIT) >= 0; }
  bool more() const { return zmq_msg_more(&message_) != 0; }
  const std::byte* begin() const {
    return static_cast<const std::byte*>(zmq_msg_data(const_cast<zmq_msg_t*>(&message_)));
  }
  std::size_t size() const { return zmq_msg_size(&message_); }

 private:
  zmq_msg_t message_{};
};

/// The address as ZeroMQ wants it, which does not look names up when it binds. Throws LinkError.
std::string loopback_address(const std::string& address, bool any_port_will_do) {
  static const std::regex form(R"(tcp://([^:/]+):(\*|\d{1,5}))");
  std::smatch parts;
  if (!std::regex_match(address, parts, form))
    throw LinkError("'" + address + "' is not an address; write tcp://127.0.0.1:PORT");
  const std::string host = parts[1] == "localhost" ? "127.0.0.1" : parts[1].str();
  const std::string port = parts[2];
  in_addr number{};
  if (inet_pton(AF_INET, host.c_str(), &number) != 1 || ntohl(number.s_addr) >> 24 != 127)
    throw LinkError(address +
                    " is not a loopback address; connections are not encrypted or authenticated "
                    "yet, so only tcp://127.0.0.1:PORT is allowed");
  if (port == "*" && !any_port_will_do)
    throw LinkError(address + " names no port; write the one that the coordinator listens at");
  if (port != "*" && (std::stoi(port) < 1 || std::stoi(port) > 65535))
    throw LinkError("there is no port " + port + "; ports are 1 to 65535" +
                    (any_port_will_do ? ", or '*' for a free one" : ""));
  return "tcp://" + host + ":" + port;
}

template <class Value>
void set_option(void* socket, int option, Value value) {
  [[maybe_unused]] const int result = zmq_setsockopt(socket, option, &value, sizeof value);
  assert(result == 0);
}

}  // namespace

struct ZmqLink::Impl {
  explicit Impl(int type) : is_router(type == ZMQ_ROUTER), context(zmq_ctx_new()) {
    socket = zmq_socket(context, type);
    wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (socket == nullptr || wake < 0) {
      const std::string why = std::strerror(errno);
      release();
      throw LinkError("cannot open a socket: " + why + "; see `ulimit -n`");
    }
    set_option(socket, ZMQ_LINGER, linger);
    set_option(socket, ZMQ_HANDSHAKE_IVL, handshake_limit);
    set_option(socket, ZMQ_MAXMSGSIZE, std::int64_t{frame_limit});
    if (is_router) {
      set_option(socket, ZMQ_ROUTER_MANDATORY, 1);  // a stranger is an error, not silence
      set_option(socket, ZMQ_ROUTER_HANDOVER, 0);   // nobody takes over another's id
    } else {
      set_option(socket, ZMQ_IMMEDIATE, 1);  // queue only for a coordinator that is there
      set_option(socket, ZMQ_RECONNECT_IVL, reconnect_first);
      set_option(socket, ZMQ_RECONNECT_IVL_MAX, reconnect_last);
    }
  }

  ~Impl() {
    stopping = true;
    signal();
    if (thread.joinable()) thread.join();
    release();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void release() {
    if (socket != nullptr) zmq_close(socket);
    while (zmq_ctx_term(context) != 0 && zmq_errno() == EINTR) {
    }  // waits for queued frames, as long as the linger at most
    if (wake >= 0) close(wake);
  }

  void signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake, &one, sizeof one);
  }

  void run() {
    std::array<zmq_pollitem_t, 2> items{zmq_pollitem_t{socket, 0, ZMQ_POLLIN, 0},
                                        zmq_pollitem_t{nullptr, wake, ZMQ_POLLIN, 0}};
    while (!stopping) {
      if (zmq_poll(items.data(), static_cast<int>(items.size()), -1) < 0) {
        assert(zmq_errno() == EINTR);
        continue;
      }
      if ((items[1].revents & ZMQ_POLLIN) != 0) send_queued();
      if ((items[0].revents & ZMQ_POLLIN) != 0) receive_some();
    }
    send_queued();
  }

  void send_queued() {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const auto size = read(wake, &ignored, sizeof ignored);
    std::vector<Outgoing> batch;
    {
      const std::lock_guard lock(mutex);
      batch.swap(queue);
    }
    for (const auto& each : batch)
      if (!send_now(each)) ++undeliverable;
  }

  bool send_now(const Outgoing& out) {
    // Whether the peer is there and has room shows at the first part; the second then follows.
    if (is_router &&
        zmq_send(socket, out.peer.data(), out.peer.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
      return false;
    return zmq_send(socket, out.frame.data(), out.frame.size(), ZMQ_DONTWAIT) >= 0;
  }

  void receive_some() {
    for (int i = 0; i < drain_limit; ++i) {
      PeerId peer;
      if (is_router) {
        Part id;
        if (!id.receive(socket)) return;
        peer.assign(reinterpret_cast<const char*>(id.begin()), id.size());
        if (!id.more()) continue;
      }
      Part body;
      if (!body.receive(socket)) return;
      if (body.more()) {
        drop_rest();
        ++refused;
        continue;
      }
      on_frame(std::move(peer), Bytes(body.begin(), body.begin() + body.size()));
    }
  }

  void drop_rest() {
    for (bool more = true; more;) {
      Part part;
      if (!part.receive(socket)) return;
      more = part.more();
    }
  }

  const bool is_router;
  void* context;
  void* socket = nullptr;
  int wake = -1;
  std::string endpoint;
  OnFrame on_frame;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> undeliverable{0};
  std::atomic<std::uint64_t> refused{0};
  std::mutex mutex;  // guards queue
  std::vector<Outgoing> queue;
  std::thread thread;
};

ZmqLink::ZmqLink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqLink::~ZmqLink() = default;

void ZmqLink::start(OnFrame on_frame) {
  assert(!impl_->thread.joinable());
  impl_->on_frame = std::move(on_frame);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void ZmqLink::send(const PeerId& peer, Bytes frame) {
  if (frame.size() > frame_limit) {  // the peer would cut the connection
    ++impl_->undeliverable;
    return;
  }
  bool was_empty = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() >= outgoing_limit) {
      ++impl_->undeliverable;
      return;
    }
    was_empty = impl_->queue.empty();
    impl_->queue.push_back({peer, std::move(frame)});
  }
  if (was_empty) impl_->signal();
}

std::uint64_t ZmqLink::undeliverable() const { return impl_->undeliverable; }
std::uint64_t ZmqLink::refused() const { return impl_->refused; }
const std::string& ZmqLink::endpoint() const { return impl_->endpoint; }

std::unique_ptr<ZmqLink> bind_router(const std::string& address) {
  const std::string checked = loopback_address(address, true);
  auto impl = std::make_unique<ZmqLink::Impl>(ZMQ_ROUTER);
  if (zmq_bind(impl->socket, checked.c_str()) != 0) {
    const int error = zmq_errno();
    if (error == EADDRINUSE)
      throw LinkError("the port of " + address +
                      " is in use; name another, or '*' for a free one: tcp://127.0.0.1:*");
    throw LinkError("cannot listen at " + address + ": " + zmq_strerror(error) +
                    "; write tcp://127.0.0.1:*");
  }
  std::array<char, 256> bound{};
  std::size_t size = bound.size();
  zmq_getsockopt(impl->socket, ZMQ_LAST_ENDPOINT, bound.data(), &size);
  impl->endpoint = bound.data();
  return std::unique_ptr<ZmqLink>(new ZmqLink(std::move(impl)));
}

std::unique_ptr<ZmqLink> connect_dealer(const std::string& address) {
  const std::string checked = loopback_address(address, false);
  auto impl = std::make_unique<ZmqLink::Impl>(ZMQ_DEALER);
  if (zmq_connect(impl->socket, checked.c_str()) != 0)
    throw LinkError("cannot connect to " + address + ": " + zmq_strerror(zmq_errno()));
  impl->endpoint = checked;
  return std::unique_ptr<ZmqLink>(new ZmqLink(std::move(impl)));
}

}  // namespace squall::actors
