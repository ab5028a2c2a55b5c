#include "actors/bridge/zmq_link_thread.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>
#include <zmq.h>

namespace squall::actors {

namespace {

constexpr int handshake_limit = 5000;      // milliseconds
constexpr int reconnect_first = 100;       // milliseconds; doubles with each failure …
constexpr int reconnect_last = 5000;       // … up to this
constexpr timespec after_refusal{2, 0};    // ZeroMQ itself would never try again
constexpr int linger = 500;                // milliseconds for queued frames at the end
constexpr int dead_connection = 30'000;    // milliseconds without an answer from its machine
constexpr int waiting_connections = 1024;  // that nobody has accepted yet
constexpr int drain_limit = 256;           // frames in a row, so that sending is not starved
// From so many frames a second on a coordinator takes them in groups: waking three threads for each
// of them would cost more than the frames. A probe of clocks that waits this long is one of
// sixteen, of which the fastest counts.
constexpr std::uint64_t many_frames = 1000;
constexpr auto gathering_time = std::chrono::milliseconds(5);
constexpr int enough_at_once = 100;
constexpr std::size_t outgoing_limit = 65536;  // frames waiting for the link's thread
// Frames of one peer that ZeroMQ holds for us; beyond them, the peer's own machine must wait.
constexpr int receive_limit = 128;
constexpr int send_limit = 1000;
// ZMQ_ZAP_ENFORCE_DOMAIN, which the header shows to builds with drafts only, but the library has:
// without a handler nobody is let in, instead of everybody.
constexpr int zap_enforce_domain = 93;
constexpr const char* domain = "squall";
constexpr const char* monitor_endpoint = "inproc://handshakes";

int checked(int descriptor) {
  if (descriptor < 0)
    throw LinkError(std::string("cannot open a descriptor: ") + std::strerror(errno) +
                    "; see `ulimit -n`");
  return descriptor;
}

void forget(int descriptor) {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto size = read(descriptor, &ignored, sizeof ignored);
}

}  // namespace

std::unique_ptr<ZmqLinkThread> ZmqLinkThread::of_coordinator(std::optional<TrustedKeys> trusted) {
  const bool has_keys = trusted.has_value();
  return std::unique_ptr<ZmqLinkThread>(new ZmqLinkThread(true, has_keys, std::move(trusted)));
}

std::unique_ptr<ZmqLinkThread> ZmqLinkThread::of_agent(bool has_keys) {
  return std::unique_ptr<ZmqLinkThread>(new ZmqLinkThread(false, has_keys, std::nullopt));
}

ZmqLinkThread::ZmqLinkThread(bool is_router, bool has_keys, std::optional<TrustedKeys> trusted)
    : is_router_(is_router),
      has_keys_(has_keys),
      trusted_(std::move(trusted)),
      zap_(),
      socket_(context_, is_router ? ZMQ_ROUTER : ZMQ_DEALER) {
  if (trusted_) zap_.emplace(context_, domain, *trusted_);
  socket_.set(ZMQ_LINGER, linger);
  socket_.set(ZMQ_HANDSHAKE_IVL, handshake_limit);
  socket_.set(ZMQ_MAXMSGSIZE, std::int64_t{frame_limit});
  socket_.set(ZMQ_RCVHWM, receive_limit);
  socket_.set(ZMQ_SNDHWM, send_limit);
  socket_.set(ZMQ_TCP_MAXRT, dead_connection);
  socket_.set(ZMQ_TCP_KEEPALIVE, 1);
  socket_.set(ZMQ_TCP_KEEPALIVE_IDLE, 15);  // seconds
  socket_.set(ZMQ_TCP_KEEPALIVE_INTVL, 5);
  socket_.set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  if (is_router_) {
    socket_.set(ZMQ_ROUTER_MANDATORY, 1);  // a stranger is an error, not silence
    socket_.set(ZMQ_ROUTER_HANDOVER, 0);   // nobody takes over another's id
    socket_.set(ZMQ_BACKLOG, waiting_connections);
    if (trusted_) {
      socket_.set(ZMQ_ZAP_DOMAIN, std::string(domain));
      socket_.set(zap_enforce_domain, 1);
    }
  } else {
    socket_.set(ZMQ_IMMEDIATE, 1);  // queue only for a coordinator that is there
    socket_.set(ZMQ_RECONNECT_IVL, reconnect_first);
    socket_.set(ZMQ_RECONNECT_IVL_MAX, reconnect_last);
  }
  wake_ = checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  timer_ = checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
}

ZmqLinkThread::~ZmqLinkThread() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
  if (monitor_) zmq_socket_monitor(socket_.get(), nullptr, 0);
  close(wake_);
  close(timer_);
}

void ZmqLinkThread::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
}

void ZmqLinkThread::start(Link::OnFrame on_frame) {
  assert(!thread_.joinable());
  on_frame_ = std::move(on_frame);
  // Not earlier: what nobody reads would fill up, and then hold up ZeroMQ's own thread.
  constexpr int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CLOSED |
                         ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED |
                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (zmq_socket_monitor(socket_.get(), monitor_endpoint, events) == 0) {
    monitor_.emplace(context_, ZMQ_PAIR);
    monitor_->set(ZMQ_LINGER, 0);
    zmq_connect(monitor_->get(), monitor_endpoint);
  }
  if (is_router_) {
    const itimerspec second{{1, 0}, {1, 0}};
    timerfd_settime(timer_, 0, &second, nullptr);
  }
  thread_ = std::thread([this] { run(); });
}

void ZmqLinkThread::send(const PeerId& peer, Bytes frame) {
  if (frame.size() > frame_limit) {  // the peer would cut the connection
    ++undeliverable_;
    return;
  }
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= outgoing_limit) {
      ++undeliverable_;
      return;
    }
    was_empty = queue_.empty();
    queue_.push_back({peer, std::move(frame)});
  }
  if (was_empty) wake();
}

void ZmqLinkThread::reconnect() {
  connect_anew_ = true;
  wake();
}

LinkCounters ZmqLinkThread::counters() const {
  return {.undeliverable = undeliverable_,
          .refused_parts = refused_parts_,
          .refused_keys = refused_keys_,
          .revoked_frames = revoked_frames_,
          .refused_handshakes = refused_handshakes_,
          .flooded = flooded_};
}

std::vector<std::string> ZmqLinkThread::revoked_since() {
  const std::lock_guard lock(mutex_);
  return std::exchange(revoked_, {});
}

std::string ZmqLinkThread::last_trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

// ---- on the link's own thread

void ZmqLinkThread::run() {
  std::vector<zmq_pollitem_t> items{{socket_.get(), 0, ZMQ_POLLIN, 0},
                                    {nullptr, wake_, ZMQ_POLLIN, 0},
                                    {nullptr, timer_, ZMQ_POLLIN, 0}};
  if (monitor_) items.push_back({monitor_->get(), 0, ZMQ_POLLIN, 0});
  if (zap_) items.push_back({zap_->socket().get(), 0, ZMQ_POLLIN, 0});
  while (!stopping_) {
    if (zmq_poll(items.data(), static_cast<int>(items.size()), -1) < 0) {
      assert(zmq_errno() == EINTR);
      continue;
    }
    if ((items[1].revents & ZMQ_POLLIN) != 0) send_queued();
    const bool timer_rang = (items[2].revents & ZMQ_POLLIN) != 0;
    if (timer_rang) {
      forget(timer_);
      is_busy_ = is_router_ && std::exchange(arrived_, 0) >= many_frames;
    }
    if (zap_) look_after_keys(timer_rang);
    if (timer_rang && !is_router_) connect_anew();
    if (monitor_) hear_monitor();
    if ((items[0].revents & ZMQ_POLLIN) != 0) let_more_come(receive_some());
  }
  send_queued();
}

void ZmqLinkThread::send_queued() {
  forget(wake_);
  if (connect_anew_.exchange(false) && !is_router_) connect_anew();
  std::vector<Outgoing> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(queue_);
  }
  for (const auto& each : batch)
    if (!send_now(each)) ++undeliverable_;
}

bool ZmqLinkThread::send_now(const Outgoing& out) {
  // Whether the peer is there and has room shows at the first part; the second then follows.
  if (is_router_ && !socket_.send(out.peer.data(), out.peer.size(), true)) return false;
  return socket_.send(out.frame.data(), out.frame.size(), false);
}

void ZmqLinkThread::connect_anew() {
  connected_ = shook_hands_ = false;
  zmq_disconnect(socket_.get(), endpoint_.c_str());
  zmq_connect(socket_.get(), endpoint_.c_str());
}

int ZmqLinkThread::receive_some() {
  ZmqPart id, body;
  int frames = 0;
  for (; frames < drain_limit; ++frames) {
    PeerId peer;
    if (is_router_) {
      if (!id.receive(socket_)) return frames;
      peer = id.text();
      if (!id.more()) continue;
    }
    if (!body.receive(socket_)) return frames;
    if (body.more()) {
      drop_rest();
      ++refused_parts_;
    } else {
      take(std::move(peer), body);
    }
  }
  return frames;
}

void ZmqLinkThread::let_more_come(int frames) {
  arrived_ += static_cast<std::uint64_t>(frames);
  if (is_busy_ && frames < enough_at_once) std::this_thread::sleep_for(gathering_time);
}

void ZmqLinkThread::take(PeerId peer, const ZmqPart& body) {
  std::string identity;
  if (trusted_) {
    const char* key = body.user_id();
    const std::string* name = key == nullptr ? nullptr : trusted_->name_of(key);
    if (name == nullptr) {
      ++revoked_frames_;
      return;
    }
    identity = *name;
  }
  auto under_way = limit_.admit(identity.empty() ? peer : identity, body.size());
  if (!under_way) {
    ++flooded_;
    return;
  }
  on_frame_({std::move(peer), std::move(identity), Bytes(body.begin(), body.end()),
             std::move(under_way)});
}

void ZmqLinkThread::drop_rest() {
  ZmqPart part;
  do {
    if (!part.receive(socket_)) return;
  } while (part.more());
}

void ZmqLinkThread::look_after_keys(bool second_passed) {
  zap_->answer_waiting();
  refused_keys_ = zap_->refused() - refusals_forgotten_;
  if (second_passed) trusted_->look_at_files();
  auto lost = trusted_->lost_since();
  if (lost.empty()) return;
  const std::lock_guard lock(mutex_);
  revoked_.insert(revoked_.end(), lost.begin(), lost.end());
}

void ZmqLinkThread::hear_monitor() {
  ZmqPart part;
  while (part.receive(*monitor_)) {
    std::uint16_t event = 0;  // as zmq_socket_monitor(3) lays them out
    std::uint32_t value = 0;
    if (part.size() == sizeof event + sizeof value) {
      std::memcpy(&event, part.begin(), sizeof event);
      std::memcpy(&value, part.begin() + sizeof event, sizeof value);
    }
    while (part.more() && part.receive(*monitor_)) {
    }  // its address
    if (is_router_)
      count_handshake(event, value);
    else
      tell_trouble(event, value);
  }
}

/// A connection that ended before any handshake succeeded since it came was no peer. (When one of
/// another succeeded meanwhile, only those that ZeroMQ names as failed are counted.)
void ZmqLinkThread::count_handshake(unsigned event, std::uint32_t value) {
  const bool failed_before = std::exchange(just_failed_, false);
  switch (event) {
    case ZMQ_EVENT_ACCEPTED:
      accepted_[value] = succeeded_;
      break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      ++succeeded_;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:  // counted by whoever refused it
      just_failed_ = true;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      if (!failed_before) ++refused_handshakes_;
      just_failed_ = true;
      break;
    case ZMQ_EVENT_DISCONNECTED:
      if (const auto found = accepted_.find(value); found != accepted_.end()) {
        if (found->second == succeeded_ && !failed_before) ++refused_handshakes_;
        accepted_.erase(found);
      }
      break;
    default:
      break;
  }
}

void ZmqLinkThread::try_again_later() {
  const itimerspec once{{0, 0}, after_refusal};
  timerfd_settime(timer_, 0, &once, nullptr);
}

void ZmqLinkThread::tell_trouble(unsigned event, std::uint32_t value) {
  std::string words;
  switch (event) {
    case ZMQ_EVENT_CONNECTED:
      connected_ = true;
      return;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      shook_hands_ = true;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      try_again_later();
      words =
          "the coordinator at " + endpoint_ +
          " does not take this agent's key: it is unknown there, or revoked. `squall keys list` "
          "on the coordinator's machine shows who may come";
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      try_again_later();
      if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        words = has_keys_ ? "the coordinator at " + endpoint_ +
                                " works without keys, and this agent with: leave out --keys here, "
                                "or add it there"
                          : "the coordinator at " + endpoint_ +
                                " wants keys: add --keys FILE and --coordinator-key";
      else
        words = "what listens at " + endpoint_ + " does not speak as a coordinator does";
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      words = has_keys_ ? "what listens at " + endpoint_ +
                              " ended the handshake: most likely its key is not the one that "
                              "--coordinator-key names, or it is no coordinator"
                        : "what listens at " + endpoint_ +
                              " ended the handshake: most likely it wants keys (--keys FILE and "
                              "--coordinator-key), or it is no coordinator";
      break;
    case ZMQ_EVENT_DISCONNECTED:
      if (!std::exchange(shook_hands_, false)) return;  // told already
      connected_ = false;
      words = "the connection to " + endpoint_ + " was lost";
      break;
    case ZMQ_EVENT_CLOSED:
      words =
          "no connection to " + endpoint_ + ": nobody listens there yet, or a firewall is between";
      break;
    case ZMQ_EVENT_CONNECT_RETRIED:
      if (connected_) return;  // what went wrong then says more
      words =
          "no connection to " + endpoint_ + ": nobody listens there yet, or nobody knows that name";
      break;
    default:
      return;
  }
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(words);
}

}  // namespace squall::actors
