#include "actors/bridge/bridge_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

#include "actors/wire/message_codec.hpp"

namespace squall::actors {

BridgeActor::behavior_type bridge_actor(BridgeActor::stateful_pointer<BridgeState> self,
                                        std::shared_ptr<Link> link, BridgeListener listener,
                                        Sender peers) {
  self->state.link = std::move(link);
  self->state.listener = std::move(listener);
  BridgeActor me{self};
  self->state.link->start([me](PeerId peer, Bytes frame) {
    caf::anon_send(me, FrameArrived{std::move(peer), std::move(frame)});
  });
  return {
      [self, peers](FrameArrived& arrived) {
        auto decoded = decode(arrived.frame, peers);
        if (auto* envelope = std::get_if<Envelope>(&decoded))
          self->send(self->state.listener,
                     EnvelopeArrived{std::move(arrived.peer), std::move(*envelope)});
        else
          self->send(self->state.listener,
                     FrameRefused{std::move(arrived.peer), std::get<DecodeError>(decoded).text});
      },
      [self](const SendEnvelope& outgoing) {
        self->state.link->send(outgoing.peer, encode(outgoing.envelope));
      },
      [self](const CloseBridge&) { self->quit(); },
  };
}

}  // namespace squall::actors
