#include "coordinator/run/run_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::coordinator {

using namespace std::chrono_literals;
using namespace actors;

namespace {

using Self = RunActor::stateful_pointer<RunActorState>;
constexpr auto tick_interval = 100ms;
constexpr auto longest_wait = 5ms;  // of an answer for its commit

Instant now_of(Self self) { return self->clock().now(); }

void flush(Self self) {
  auto& state = self->state;
  state.keeper->flush(now_of(self));
  const RunPhases& phases = state.keeper->phases();
  if (!phases.finished() || std::exchange(state.reported, true)) return;
  state.parts.on_finished(phases.final_record(), phases.broken_by_user());
}

/// What is in the mailbox already shares the commit: the order to commit queues up behind it.
void perform(Self self, Steps&& steps) {
  auto& state = self->state;
  state.keeper->take(std::move(steps));
  const Instant now = now_of(self);
  if (!std::exchange(state.committing, true)) {
    state.pending_since = now;
    self->send(RunActor{self}, CommitNow{});
  } else if (now - state.pending_since >= longest_wait) {
    flush(self);
    state.pending_since = now;
  }
}

void tick(Self self) {
  auto& state = self->state;
  RunPhases& phases = state.keeper->phases();
  const Instant now = now_of(self);
  if (state.parts.turned_away) phases.on_turned_away(state.parts.turned_away());
  perform(self, phases.on_tick(now));
  if (state.reported) return;
  state.parts.on_progress(phases, now);
  self->delayed_send(RunActor{self}, tick_interval, Tick{});
}

}  // namespace

RunActor::behavior_type run_actor(Self self, RunActorParts parts) {
  auto& state = self->state;
  const RunActor me{self};
  state.parts = std::move(parts);
  state.bridge = state.parts.make_bridge(me);
  state.keeper = std::make_unique<RunKeeper>(
      state.parts.make_phases(now_of(self)), state.parts.make_journal(),
      [self](const PeerId& peer, Envelope envelope) {
        self->send(self->state.bridge, SendEnvelope{peer, std::move(envelope)});
      });
  flush(self);
  self->delayed_send(me, tick_interval, Tick{});
  return {
      [self](EnvelopeArrived& arrived) {
        auto& envelope = arrived.envelope;
        if (auto* message = std::get_if<AgentMessage>(&envelope.message))
          perform(self, self->state.keeper->phases().on_message(arrived.peer, arrived.identity,
                                                                envelope.epoch, envelope.run,
                                                                std::move(*message), now_of(self)));
      },
      [self](const FrameRefused& refused) {
        perform(self, self->state.keeper->phases().on_protocol_error(refused.peer, refused.why,
                                                                     now_of(self)));
      },
      [self](const Tick&) { tick(self); },
      [self](const CommitNow&) {
        self->state.committing = false;
        flush(self);
      },
      [self](const ProcessEnded& ended) {
        perform(self, self->state.keeper->phases().on_process_ended(ended.process_id, ended.how,
                                                                    now_of(self)));
      },
      [self](const KeyRevoked& revoked) {
        perform(self, self->state.keeper->phases().on_revoked(revoked.identity, now_of(self)));
      },
      [self](const ChangeThreshold& wish) {
        auto answer =
            self->state.keeper->phases().on_threshold_change(wish.text, wish.unset, now_of(self));
        const bool had_failed = self->state.keeper->journal_failed();
        self->state.keeper->take(std::move(answer.steps));
        flush(self);
        if (!had_failed && self->state.keeper->journal_failed() && answer.mistake.empty()) {
          answer.told.clear();
          answer.mistake =
              "the run's journal cannot be written, so the wish is not kept and the "
              "run ends; mend the disk and run again";
        }
        if (self->state.parts.on_threshold_answer)
          self->state.parts.on_threshold_answer(wish.number, answer);
      },
      [self](const Interrupt&) {
        perform(self, self->state.keeper->phases().on_interrupt(now_of(self)));
      },
      [self](const EndActors&) {
        self->send(self->state.bridge, CloseBridge{});
        self->quit();
      },
  };
}

}  // namespace squall::coordinator
