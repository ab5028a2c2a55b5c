#pragma once
// A way to exchange frames with peers. zmq_link is the real one, in_memory_link the tests'.

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/wire/frame.hpp"

namespace squall::actors {

/// Names a peer for as long as its connection lasts; opaque bytes. The coordinator's side has many;
/// an agent has one peer, whose id is empty.
using PeerId = std::string;

/// An address that cannot be had; the message says why and what to do.
struct LinkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Arrival {
  PeerId peer;
  std::string identity;  // name of the peer's key; empty without keys, and at agents
  Bytes frame;
  std::shared_ptr<const void> under_way{};  // to be held until the frame has been dealt with: a
                                            // link bounds how much of each peer's is under way
};

/// What a link turned away so far.
struct LinkCounters {
  std::uint64_t undeliverable = 0;       // frames for a peer that is gone, or too many, or too long
  std::uint64_t refused_parts = 0;       // frames in several parts, which nothing of ours sends
  std::uint64_t refused_keys = 0;        // handshakes with a key that is unknown or revoked
  std::uint64_t revoked_frames = 0;      // from connections whose key was revoked meanwhile
  std::uint64_t refused_handshakes = 0;  // that were no handshakes, or without keys
  std::uint64_t flooded = 0;             // from peers of whom too much is under way already
};

class Link {
 public:
  virtual ~Link() = default;

  /// Called on the link's own thread, one frame at a time.
  using OnFrame = std::function<void(Arrival)>;

  /// Begins to deliver frames. Call once.
  virtual void start(OnFrame on_frame) = 0;

  /// Queues a frame; any thread; never blocks. A frame for a peer that is gone, or whose queue is
  /// full, or beyond the limit, is dropped and counted: the protocol above resends what matters.
  virtual void send(const PeerId& peer, Bytes frame) = 0;

  /// Gives up the connection and makes a new one: an agent's, after long silence. Any thread.
  virtual void reconnect() {}

  /// Names of keys that were revoked since this was last asked. Any thread.
  virtual std::vector<std::string> revoked_since() { return {}; }

  virtual LinkCounters counters() const = 0;
};

}  // namespace squall::actors
