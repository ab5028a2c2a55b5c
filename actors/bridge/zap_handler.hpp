#pragma once
// Answers ZeroMQ's question whether a peer may come in (ZAP, ZeroMQ RFC 27): yes for keys that are
// trusted, no for all else.
//
// Whoever owns it polls its socket and calls answer_waiting(). It must exist before anything is
// bound in its context: without one, ZeroMQ would let everybody in.

#include <cstdint>
#include <string>
#include <vector>

#include "actors/bridge/trusted_keys.hpp"
#include "actors/bridge/zmq_socket.hpp"

namespace squall::actors {

class ZapHandler {
 public:
  /// Answers for sockets of this context whose ZAP domain is `domain`. A peer's User-Id becomes its
  /// public key.
  ZapHandler(const ZmqContext& context, std::string domain, TrustedKeys& trusted);

  const ZmqSocket& socket() const { return socket_; }
  void answer_waiting();
  /// Peers turned away so far.
  std::uint64_t refused() const { return refused_; }

 private:
  std::string key_of(const std::vector<std::string>& request);
  void reply(const std::string& request_id, const std::string& key, bool welcome);

  ZmqSocket socket_;
  std::string domain_;
  TrustedKeys& trusted_;
  std::uint64_t refused_ = 0;
};

}  // namespace squall::actors
