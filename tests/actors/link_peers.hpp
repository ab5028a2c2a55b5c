#pragma once
// Real links on loopback for tests: a coordinator that echoes, peers that do as they like. Waits
// are bounded and generous, so that a busy machine does not matter.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <zmq.h>

#include "actors/bridge/zmq_link.hpp"
#include "tests/actors/arrivals.hpp"

namespace squall::tests {

inline constexpr std::chrono::seconds patience{10};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// A dealer may have no connection yet, and then drops frames; so greet until greeted.
inline bool greets(actors::Link& dealer, Arrivals& dealer_hears) {
  const std::size_t before = dealer_hears.all().size();
  return eventually([&] {
    dealer.send({}, bytes_of("hello"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return dealer_hears.all().size() > before;
  });
}
inline void greet(actors::Link& dealer, Arrivals& dealer_hears) {
  BOOST_REQUIRE(greets(dealer, dealer_hears));
}

/// A coordinator's side that sends everything back.
struct Echo {
  explicit Echo(const actors::RouterSecurity& security = {})
      : link(actors::bind_router("tcp://127.0.0.1:*", security)) {
    link->start([this](actors::Arrival arrival) {
      inbox.listener()(arrival);
      link->send(arrival.peer, std::move(arrival.frame));
    });
  }
  Arrivals inbox;
  std::unique_ptr<actors::ZmqLink> link;
};

/// A peer that does as it likes: plain ZeroMQ, none of our settings.
class RawDealer {
 public:
  explicit RawDealer(const std::string& endpoint) { connect(endpoint); }
  RawDealer(const std::string& endpoint, const actors::KeyPair& own, const std::string& server) {
    zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, server.data(), server.size());
    zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, own.public_key.data(), own.public_key.size());
    zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, own.secret_key.data(), own.secret_key.size());
    connect(endpoint);
  }
  ~RawDealer() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  RawDealer(const RawDealer&) = delete;
  RawDealer& operator=(const RawDealer&) = delete;

  void send(const std::string& part, bool more = false) {
    BOOST_REQUIRE(zmq_send(socket_, part.data(), part.size(), more ? ZMQ_SNDMORE : 0) >= 0);
  }
  /// False when the coordinator does not take any more just now.
  bool try_send(const std::string& part) {
    return zmq_send(socket_, part.data(), part.size(), ZMQ_DONTWAIT) >= 0;
  }

 private:
  void connect(const std::string& endpoint) {
    const int none = 0, one = 1;
    zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket_, ZMQ_RCVHWM, &one, sizeof one);  // what it does not read stays with us
    BOOST_REQUIRE(zmq_connect(socket_, endpoint.c_str()) == 0);
  }

  void* context_ = zmq_ctx_new();
  void* socket_ = zmq_socket(context_, ZMQ_DEALER);
};

}  // namespace squall::tests
