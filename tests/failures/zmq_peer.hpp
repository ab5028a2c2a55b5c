#pragma once
// A peer that speaks to a coordinator through ZeroMQ and says whatever a test likes; and a relay
// between an agent and its coordinator that records what the agent says.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.h>

#include "actors/bridge/curve_keys.hpp"
#include "actors/wire/frame.hpp"

namespace squall::tests {

struct PeerKeys {
  actors::KeyPair own;
  std::string coordinator_public;
};

inline void use_keys(void* socket, const PeerKeys& keys) {
  constexpr std::size_t size = 41;  // Z85 and its end
  zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys.coordinator_public.c_str(), size);
  zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.own.public_key.c_str(), size);
  zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.own.secret_key.c_str(), size);
}

class ZmqPeer {
 public:
  explicit ZmqPeer(const std::string& endpoint, const std::optional<PeerKeys>& keys = {})
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
    const int none = 0;
    const int patience = 200;  // milliseconds
    zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket_, ZMQ_SNDTIMEO, &patience, sizeof patience);
    zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &patience, sizeof patience);
    if (keys) use_keys(socket_, *keys);
    zmq_connect(socket_, endpoint.c_str());
  }
  ~ZmqPeer() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  ZmqPeer(const ZmqPeer&) = delete;
  ZmqPeer& operator=(const ZmqPeer&) = delete;

  /// False: no connection took it in time.
  bool send(const actors::Bytes& frame) {
    return zmq_send(socket_, frame.data(), frame.size(), 0) >= 0;
  }
  bool send(const std::string& frame) {
    return zmq_send(socket_, frame.data(), frame.size(), 0) >= 0;
  }
  /// Empty when nothing came in time.
  actors::Bytes receive() {
    actors::Bytes frame(actors::frame_limit);
    const int size = zmq_recv(socket_, frame.data(), frame.size(), 0);
    frame.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return frame;
  }

 private:
  void* context_;
  void* socket_;
};

/// One agent connects to endpoint(), without keys; all that it says goes on to the coordinator,
/// with them if there are any, and is kept.
class MessageRelay {
 public:
  explicit MessageRelay(const std::string& coordinator, const std::optional<PeerKeys>& keys = {})
      : context_(zmq_ctx_new()),
        front_(zmq_socket(context_, ZMQ_ROUTER)),
        back_(zmq_socket(context_, ZMQ_DEALER)) {
    const int none = 0;
    for (void* socket : {front_, back_}) zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_bind(front_, "tcp://127.0.0.1:*");
    char name[64] = "";
    std::size_t size = sizeof name;
    zmq_getsockopt(front_, ZMQ_LAST_ENDPOINT, name, &size);
    endpoint_ = name;
    if (keys) use_keys(back_, *keys);
    zmq_connect(back_, coordinator.c_str());
    thread_ = std::thread([this] { run(); });
  }
  ~MessageRelay() {
    stopping_ = true;
    thread_.join();
    zmq_close(front_);
    zmq_close(back_);
    zmq_ctx_term(context_);
  }
  MessageRelay(const MessageRelay&) = delete;
  MessageRelay& operator=(const MessageRelay&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  std::vector<actors::Bytes> recorded() const {
    const std::lock_guard lock(mutex_);
    return recorded_;
  }
  /// Says these to the coordinator, as if the agent had said them again.
  void say_again(std::vector<actors::Bytes> frames) {
    const std::lock_guard lock(mutex_);
    to_say_ = std::move(frames);
  }

 private:
  static bool receive(void* socket, actors::Bytes& frame) {
    frame.resize(actors::frame_limit);
    const int size = zmq_recv(socket, frame.data(), frame.size(), ZMQ_DONTWAIT);
    frame.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return size >= 0;
  }
  void run() {
    actors::Bytes agent, frame;
    while (!stopping_) {
      zmq_pollitem_t items[] = {{front_, 0, ZMQ_POLLIN, 0}, {back_, 0, ZMQ_POLLIN, 0}};
      zmq_poll(items, 2, 20);
      while (receive(front_, agent) && receive(front_, frame)) {
        from_ = agent;
        zmq_send(back_, frame.data(), frame.size(), ZMQ_DONTWAIT);
        const std::lock_guard lock(mutex_);
        recorded_.push_back(frame);
      }
      while (receive(back_, frame)) {
        zmq_send(front_, from_.data(), from_.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT);
        zmq_send(front_, frame.data(), frame.size(), ZMQ_DONTWAIT);
      }
      std::vector<actors::Bytes> again;
      {
        const std::lock_guard lock(mutex_);
        again.swap(to_say_);
      }
      for (const auto& each : again) zmq_send(back_, each.data(), each.size(), ZMQ_DONTWAIT);
    }
  }

  void* context_;
  void* front_;
  void* back_;
  std::string endpoint_;
  actors::Bytes from_;  // the agent's routing id; used by the thread alone
  mutable std::mutex mutex_;
  std::vector<actors::Bytes> recorded_, to_say_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace squall::tests
