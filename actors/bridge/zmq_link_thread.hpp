#pragma once
// The thread of a link: owns the socket, moves frames in and out, answers who may come in, and
// listens to what ZeroMQ tells about handshakes.
//
// Made and bound or connected by one thread; from start() on, the socket belongs to the link's own.
// The functions below start() may be called by any thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/bridge/arrival_limit.hpp"
#include "actors/bridge/link.hpp"
#include "actors/bridge/trusted_keys.hpp"
#include "actors/bridge/zap_handler.hpp"
#include "actors/bridge/zmq_socket.hpp"

namespace squall::actors {

class ZmqLinkThread {
 public:
  /// A coordinator's side, with whom it trusts, or without keys; or an agent's.
  static std::unique_ptr<ZmqLinkThread> of_coordinator(std::optional<TrustedKeys> trusted);
  static std::unique_ptr<ZmqLinkThread> of_agent(bool has_keys);
  ~ZmqLinkThread();  // what is queued is sent first
  ZmqLinkThread(const ZmqLinkThread&) = delete;
  ZmqLinkThread& operator=(const ZmqLinkThread&) = delete;

  ZmqSocket& socket() { return socket_; }
  const ZmqContext& context() const { return context_; }
  /// Null without keys.
  ZapHandler* zap() { return zap_ ? &*zap_ : nullptr; }
  /// Whom the coordinator refused so far was no peer, but a test of it.
  void forget_refusals() { refusals_forgotten_ = zap_->refused(); }
  void set_endpoint(std::string endpoint) { endpoint_ = std::move(endpoint); }
  const std::string& endpoint() const { return endpoint_; }

  void start(Link::OnFrame on_frame);
  void send(const PeerId& peer, Bytes frame);
  void reconnect();
  LinkCounters counters() const;
  std::vector<std::string> revoked_since();
  std::string last_trouble() const;

 private:
  struct Outgoing {
    PeerId peer;
    Bytes frame;
  };
  ZmqLinkThread(bool is_router, bool has_keys, std::optional<TrustedKeys> trusted);

  void wake() const;
  void run();
  void send_queued();
  bool send_now(const Outgoing& out);
  void connect_anew();
  int receive_some();
  void let_more_come(int frames);
  void take(PeerId peer, const ZmqPart& body);
  void drop_rest();
  void look_after_keys(bool second_passed);
  void hear_monitor();
  void count_handshake(unsigned event, std::uint32_t value);
  void try_again_later();
  void tell_trouble(unsigned event, std::uint32_t value);

  const bool is_router_;
  const bool has_keys_;
  std::optional<TrustedKeys> trusted_;
  ZmqContext context_;
  std::optional<ZapHandler> zap_;  // before the socket, for nobody must come in without it
  ZmqSocket socket_;
  std::optional<ZmqSocket> monitor_;
  int wake_ = -1;
  int timer_ = -1;  // a coordinator's: each second; an agent's: when to try again after a refusal
  std::string endpoint_;
  Link::OnFrame on_frame_;
  ArrivalLimit limit_;

  std::uint64_t arrived_ = 0;  // frames in this second …
  bool is_busy_ = false;       // … and whether there were many in the one before

  // Handshakes, as the monitor tells of them: by descriptor, how many had succeeded when it came.
  std::unordered_map<std::uint32_t, std::uint64_t> accepted_;
  std::uint64_t succeeded_ = 0;
  bool just_failed_ = false;
  bool connected_ = false;
  bool shook_hands_ = false;

  std::atomic<bool> stopping_{false}, connect_anew_{false};
  std::atomic<std::uint64_t> undeliverable_{0}, refused_parts_{0}, refused_keys_{0},
      revoked_frames_{0}, refused_handshakes_{0}, flooded_{0};
  std::uint64_t refusals_forgotten_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Outgoing> queue_;
  std::vector<std::string> revoked_;
  std::string trouble_;

  std::thread thread_;
};

}  // namespace squall::actors
