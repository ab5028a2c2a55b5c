#pragma once
// A way to exchange frames with peers. zmq_link is the real one, in_memory_link the tests'.

#include <cstdint>
#include <functional>
#include <string>

#include "actors/wire/frame.hpp"

namespace squall::actors {

/// Names a peer for as long as its connection lasts; opaque bytes. The coordinator's side has many;
/// an agent has one peer, whose id is empty.
using PeerId = std::string;

class Link {
 public:
  virtual ~Link() = default;

  /// Called on the link's own thread, one frame at a time.
  using OnFrame = std::function<void(PeerId, Bytes)>;

  /// Begins to deliver frames. Call once.
  virtual void start(OnFrame on_frame) = 0;

  /// Queues a frame; any thread; never blocks. A frame for a peer that is gone, or whose queue is
  /// full, or beyond the limit, is dropped and counted: the protocol above resends what matters.
  virtual void send(const PeerId& peer, Bytes frame) = 0;

  virtual std::uint64_t undeliverable() const = 0;
};

}  // namespace squall::actors
