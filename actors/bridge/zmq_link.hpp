#pragma once
// The real link: ZeroMQ on TCP, ROUTER at the coordinator, DEALER at each agent.
//
// One thread owns the socket. send() may be called from any thread and never blocks. Frames are
// single-part; anything else is dropped and counted. Loopback only, until connections are encrypted
// and authenticated. Settings and their reasons: docs/protocol.md.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "actors/bridge/link.hpp"

namespace squall::actors {

/// An address that cannot be had; the message says why and what to do.
struct LinkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class ZmqLink : public Link {
 public:
  ~ZmqLink() override;  // gives queued frames half a second to leave

  void start(OnFrame on_frame) override;
  void send(const PeerId& peer, Bytes frame) override;
  std::uint64_t undeliverable() const override;

  /// Frames that arrived in parts, which nothing of ours sends: dropped.
  std::uint64_t refused() const;
  /// Where peers connect: "tcp://127.0.0.1:40123".
  const std::string& endpoint() const;

 private:
  friend std::unique_ptr<ZmqLink> bind_router(const std::string& address);
  friend std::unique_ptr<ZmqLink> connect_dealer(const std::string& address);
  struct Impl;
  explicit ZmqLink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Listens at "tcp://127.0.0.1:PORT"; port '*' picks a free one. Throws LinkError, for instance
/// when the port is in use.
std::unique_ptr<ZmqLink> bind_router(const std::string& address);

/// Connects to a coordinator, and again whenever the connection is lost. Throws LinkError for an
/// address that cannot be one; a coordinator that is not there is not an error yet.
std::unique_ptr<ZmqLink> connect_dealer(const std::string& address);

}  // namespace squall::actors
