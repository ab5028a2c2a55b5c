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
  self->state.link->start(
      [me](Arrival arrival) { caf::anon_send(me, FrameArrived{std::move(arrival)}); });
  return {
      [self, peers](FrameArrived& arrived) {
        Arrival& arrival = arrived.arrival;
        auto decoded = decode(arrival.frame, peers);
        if (auto* envelope = std::get_if<Envelope>(&decoded))
          self->send(self->state.listener,
                     EnvelopeArrived{std::move(arrival.peer), std::move(*envelope),
                                     std::move(arrival.identity), std::move(arrival.under_way)});
        else
          self->send(self->state.listener,
                     FrameRefused{std::move(arrival.peer), std::get<DecodeError>(decoded).text,
                                  std::move(arrival.under_way)});
      },
      [self](const SendEnvelope& outgoing) {
        self->state.link->send(outgoing.peer, encode(outgoing.envelope));
      },
      [self](const ConnectAnew&) { self->state.link->reconnect(); },
      [self](const CloseBridge&) { self->quit(); },
  };
}

}  // namespace squall::actors
