#include "actors/bridge/zmq_link.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <zmq.h>

#include "actors/bridge/link_address.hpp"
#include "actors/bridge/zmq_link_thread.hpp"

namespace squall::actors {

namespace {

constexpr int probe_step = 50;    // milliseconds that each look of the probe waits at most
constexpr int probe_steps = 200;  // looks, before it is given up
constexpr const char* probe_monitor = "inproc://probe";

void use_keys_of_coordinator(ZmqSocket& socket, const KeyPair& pair) {
  socket.set(ZMQ_CURVE_SERVER, 1);
  socket.set(ZMQ_CURVE_SECRETKEY, pair.secret_key);
}

void use_keys_of_agent(ZmqSocket& socket, const KeyPair& own, const std::string& coordinator) {
  socket.set(ZMQ_CURVE_SERVERKEY, coordinator);
  socket.set(ZMQ_CURVE_PUBLICKEY, own.public_key);
  socket.set(ZMQ_CURVE_SECRETKEY, own.secret_key);
}

void bind(ZmqSocket& socket, const std::string& as_told, const LinkAddress& address) {
  if (address.is_ipv6) socket.set(ZMQ_IPV6, 1);
  if (zmq_bind(socket.get(), address.text.c_str()) == 0) return;
  const int error = zmq_errno();
  if (error == EADDRINUSE)
    throw LinkError("the port of " + as_told +
                    " is in use; name another, or '*' for a free one: tcp://127.0.0.1:*");
  throw LinkError("cannot listen at " + as_told + ": " + zmq_strerror(error) +
                  (error == EADDRNOTAVAIL || error == ENODEV
                       ? "; this machine has no such address, `ip address` shows those it has"
                       : "; write tcp://127.0.0.1:*"));
}

/// The first event of a monitor that waits, or 0.
unsigned next_event(const ZmqSocket& monitor) {
  ZmqPart part;
  if (!part.receive(monitor)) return 0;
  std::uint16_t event = 0;
  if (part.size() >= sizeof event) std::memcpy(&event, part.begin(), sizeof event);
  while (part.more() && part.receive(monitor)) {
  }
  return event;
}

/// Whether a stranger is refused by this very socket, shown by one: ZeroMQ lets everybody in when
/// the handler of keys is not where it looks for it. Listens where only this machine can come.
void refuse_a_stranger(ZmqLinkThread& link, const KeyPair& stranger, const std::string& own_key) {
  bind(link.socket(), "tcp://127.0.0.1:*", {"tcp://127.0.0.1:*", true, false});
  const std::string endpoint = link.socket().last_endpoint();
  ZmqSocket probe(link.context(), ZMQ_DEALER);
  probe.set(ZMQ_LINGER, 0);
  probe.set(ZMQ_RECONNECT_IVL, -1);
  use_keys_of_agent(probe, stranger, own_key);
  ZmqSocket monitor(link.context(), ZMQ_PAIR);
  monitor.set(ZMQ_LINGER, 0);
  zmq_socket_monitor(probe.get(), probe_monitor,
                     ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  zmq_connect(monitor.get(), probe_monitor);
  zmq_connect(probe.get(), endpoint.c_str());
  std::array<zmq_pollitem_t, 2> items{zmq_pollitem_t{link.zap()->socket().get(), 0, ZMQ_POLLIN, 0},
                                      zmq_pollitem_t{monitor.get(), 0, ZMQ_POLLIN, 0}};
  unsigned outcome = 0;
  for (int step = 0; step < probe_steps && outcome == 0; ++step) {
    zmq_poll(items.data(), static_cast<int>(items.size()), probe_step);
    link.zap()->answer_waiting();
    outcome = next_event(monitor);
  }
  zmq_socket_monitor(probe.get(), nullptr, 0);
  if (outcome != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH || link.zap()->refused() == 0)
    throw LinkError(outcome == ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                        ? "a probe with a made-up key was let in, so keys protect nothing here; "
                          "nothing was opened. Is this Debian's libzmq5?"
                        : "a probe with a made-up key was not answered, so nobody knows whether "
                          "keys protect anything here; nothing was opened. Try again when the "
                          "machine is less busy");
  zmq_unbind(link.socket().get(), endpoint.c_str());
  link.forget_refusals();
}

std::unique_ptr<ZmqLinkThread> guarded(const RouterSecurity& security) {
  const auto file = security.keys / "coordinator.key";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw KeyError("there is no coordinator's key at " + file.string() +
                   "; make one: squall keys make --coordinator --keys " + security.keys.string());
  const KeyPair own = read_key_pair(file);
  const KeyPair stranger = make_key_pair();
  auto link = ZmqLinkThread::of_coordinator(TrustedKeys(security.keys, security.also_trusted));
  use_keys_of_coordinator(link->socket(), own);
  refuse_a_stranger(*link, stranger, own.public_key);
  return link;
}

}  // namespace

ZmqLink::ZmqLink(std::unique_ptr<ZmqLinkThread> thread) : thread_(std::move(thread)) {}
ZmqLink::~ZmqLink() = default;

void ZmqLink::start(OnFrame on_frame) { thread_->start(std::move(on_frame)); }
void ZmqLink::send(const PeerId& peer, Bytes frame) { thread_->send(peer, std::move(frame)); }
void ZmqLink::reconnect() { thread_->reconnect(); }
std::vector<std::string> ZmqLink::revoked_since() { return thread_->revoked_since(); }
LinkCounters ZmqLink::counters() const { return thread_->counters(); }
const std::string& ZmqLink::endpoint() const { return thread_->endpoint(); }
std::string ZmqLink::last_trouble() const { return thread_->last_trouble(); }

std::unique_ptr<ZmqLink> bind_router(const std::string& address, const RouterSecurity& security) {
  const LinkAddress where = listening_address(address);
  const bool plain = security.keys.empty();
  if (plain && !where.is_loopback && !security.allow_plain_anywhere)
    throw LinkError(needs_keys_to_listen(address));
  auto link = plain ? ZmqLinkThread::of_coordinator(std::nullopt) : guarded(security);
  bind(link->socket(), address, where);
  link->set_endpoint(link->socket().last_endpoint());
  return std::unique_ptr<ZmqLink>(new ZmqLink(std::move(link)));
}

std::unique_ptr<ZmqLink> connect_dealer(const std::string& address,
                                        const DealerSecurity& security) {
  const LinkAddress where = connecting_address(address);
  const bool plain = !security.own;
  if (plain && !where.is_loopback && !security.allow_plain_anywhere)
    throw LinkError(needs_keys_to_connect(address));
  if (!plain && !is_key(security.coordinator_public))
    throw KeyError(
        "an agent with keys needs the coordinator's public key too, or it would not "
        "know whom it talks to; add --coordinator-key");
  auto link = ZmqLinkThread::of_agent(!plain);
  if (!plain) use_keys_of_agent(link->socket(), *security.own, security.coordinator_public);
  if (where.is_ipv6) link->socket().set(ZMQ_IPV6, 1);
  if (zmq_connect(link->socket().get(), where.text.c_str()) != 0)
    throw LinkError("cannot connect to " + address + ": " + zmq_strerror(zmq_errno()));
  link->set_endpoint(where.text);
  return std::unique_ptr<ZmqLink>(new ZmqLink(std::move(link)));
}

}  // namespace squall::actors
