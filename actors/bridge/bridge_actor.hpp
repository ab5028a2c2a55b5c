#pragma once
// The actor between a link and whoever speaks through it: decodes what arrives, encodes what
// leaves.

#include <memory>

#include "actors/actor_interfaces.hpp"
#include "actors/wire/message_codec.hpp"

namespace squall::actors {

struct BridgeState {
  std::shared_ptr<Link> link;
  BridgeListener listener;
};

/// Starts the link; frames reach `listener` as EnvelopeArrived or FrameRefused. `peers` says who is
/// at the other end: what only our own side may say is refused.
BridgeActor::behavior_type bridge_actor(BridgeActor::stateful_pointer<BridgeState> self,
                                        std::shared_ptr<Link> link, BridgeListener listener,
                                        Sender peers);

}  // namespace squall::actors
