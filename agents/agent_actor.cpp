#include "agents/agent_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cassert>
#include <exception>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

using Self = AgentActor::stateful_pointer<AgentState>;

template <class Handle>
void end(const Handle& actor) {
  if (actor) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

void end_everything(Self self, const effect::Leave& leave) {
  auto& state = self->state;
  if (std::exchange(state.left, true)) return;
  end(state.users);
  end(state.around.pacer);
  end(state.around.recorder);
  end(state.around.target);
  // A message, not a kill: frames before it still leave.
  if (state.bridge) self->send(state.bridge, CloseBridge{});
  state.journal.reset();
  if (state.parts.on_journal_closed) state.parts.on_journal_closed(leave.undelivered);
  state.parts.on_left(leave.exit_code, leave.why);
  self->quit();
}

/// A bug of ours, here or in a part: nobody would come to any more. What is in the journal stays.
void fail(Self self, const std::string& why) {
  end_everything(self, {1, "internal error: " + why, true});
}

std::string words_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception without words";
  }
}

/// Does one effect each. An effect that nobody carries out does not compile.
class Performer {
 public:
  explicit Performer(Self self) : self_(self), state_(self->state), around_(state_.around) {}

  void operator()(const effect::Send& order) const {
    self_->send(state_.bridge,
                SendEnvelope{{}, {state_.run->run(), state_.run->epoch(), order.message}});
  }
  void operator()(const effect::PrepareTarget& order) const {
    state_.to_prepare = order;
    self_->send(state_.users, PrepareLoad{order.scenario, order.folder, order.share, order.trace});
  }
  void operator()(const effect::Calibrate& order) const {
    if (state_.parts.calibrate) {
      state_.parts.calibrate(AgentActor{self_}, order.target);
    } else {
      self_->send(AgentActor{self_}, Calibrated{});
    }
  }
  void operator()(const effect::BeginLoad& order) const {
    self_->send(around_.recorder, BeginRecording{order.start, order.scenario->categories.size(),
                                                 order.scenario->service_levels});
    self_->send(around_.target, BeginTarget{order.start});
    self_->send(state_.users, BeginLoad{order.scenario, order.plan, order.start});
  }
  void operator()(const effect::AddShare& order) const {
    self_->send(state_.users, AddShare{order.plan});
  }
  void operator()(const effect::LeaseUntil& order) const {
    self_->send(state_.users, ResumeUsers{now(), order.until});
  }
  void operator()(const effect::PauseLoad&) const { self_->send(state_.users, PauseUsers{now()}); }
  void operator()(const effect::StopUsers&) const { self_->send(state_.users, StopUsers{now()}); }
  void operator()(const effect::AbandonOpen& order) const {
    self_->send(around_.target, AbandonOpen{order.outcome});
  }
  void operator()(const effect::CheckAnswers& order) const {
    self_->send(state_.users, CheckAnswers{order.until});
  }
  void operator()(const effect::TakeSnapshot& order) const {
    self_->send(around_.recorder, TakeSnapshot{order.until});
  }
  void operator()(const effect::ConnectAnew&) const { self_->send(state_.bridge, ConnectAnew{}); }
  void operator()(const effect::Tell& order) const {
    if (state_.parts.on_news) state_.parts.on_news(order.what);
  }
  void operator()(const effect::Warn& order) const {
    if (state_.parts.on_warning) state_.parts.on_warning(order.what);
  }
  void operator()(const effect::Leave& order) const { end_everything(self_, order); }
  void operator()(const effect::Keep&) const {
    assert(false && "perform() keeps, because what follows depends on it");
  }

 private:
  Instant now() const { return self_->clock().now(); }

  Self self_;
  AgentState& state_;
  const UsersSurroundings& around_;
};

/// In words what is in the way; empty: it is kept.
std::optional<std::string> try_to_keep(Self self, const AgentEntry& entry) {
  auto& state = self->state;
  if (!state.parts.make_journal) return std::nullopt;
  try {
    if (const auto* opened = std::get_if<PartOpened>(&entry))
      state.journal = state.parts.make_journal(*opened);
    state.journal->append(encode(entry));
    if (std::holds_alternative<PartSealed>(entry))
      state.journal->sync();
    else
      state.journal->commit();
    return std::nullopt;
  } catch (const JournalError& error) {
    return error.what();
  }
}

void perform(Self self, const AgentEffects& effects) {
  for (const auto& each : effects) {
    const auto* keep = std::get_if<effect::Keep>(&each);
    if (keep == nullptr) {
      std::visit(Performer(self), each);
    } else if (const auto trouble = try_to_keep(self, keep->entry)) {
      return perform(self, self->state.run->on_journal_failed(*trouble, self->clock().now()));
    }
  }
}

void make_run(Self self, Hello hello, std::uint64_t epoch) {
  auto& state = self->state;
  AgentParts& parts = state.parts;
  const Instant now = self->clock().now();
  if (parts.hand_over.empty()) {
    state.run = std::make_unique<AgentRun>(std::move(hello), epoch, parts.times, now);
    return;
  }
  if (parts.make_journal)
    state.journal = parts.make_journal(std::get<PartOpened>(parts.hand_over.front()));
  state.run = std::make_unique<AgentRun>(
      AgentRun::handing_over(std::exchange(parts.hand_over, {}), parts.times, now));
}

void schedule_tick(Self self) {
  const Instant now = self->clock().now();
  const Instant due = self->state.run->next_tick(now);
  self->delayed_send(AgentActor{self}, due - now, Tick{due});
}

/// Where something here or a part dies of a bug, nobody else would end this agent.
void watch_over_the_parts(Self self) {
  self->set_exception_handler([self](std::exception_ptr& error) -> caf::error {
    fail(self, words_of(error));
    return caf::exit_reason::unhandled_exception;
  });
  self->set_error_handler([self](caf::error& error) {
    fail(self, "a part of this agent does not understand it: " + self->system().render(error));
  });
  self->set_down_handler([self](const caf::down_msg& down) {
    const caf::error& reason = down.reason;
    if (!reason || reason == caf::exit_reason::user_shutdown) return;
    fail(self, "a part of this agent has ended: " + self->system().render(reason));
  });
}

}  // namespace

AgentActor::behavior_type agent_actor(Self self, Hello hello, std::uint64_t epoch,
                                      AgentParts parts) {
  auto& state = self->state;
  const AgentActor me{self};
  state.parts = std::move(parts);
  watch_over_the_parts(self);
  make_run(self, std::move(hello), epoch);
  state.around.agent = me;
  state.around.pacer = state.parts.make_pacer(me);
  state.around.recorder = state.parts.make_recorder(me);
  state.around.target = state.parts.make_target(me, state.around.recorder);
  state.users = self->spawn(users_actor, state.around);
  state.bridge = state.parts.make_bridge(me);
  self->monitor(state.around.pacer);
  self->monitor(state.around.recorder);
  self->monitor(state.around.target);
  self->monitor(state.users);
  self->monitor(state.bridge);  // told to close only where this agent has left
  self->send(me, Tick{self->clock().now()});
  return {
      [self](const EnvelopeArrived& arrived) {
        const auto& envelope = arrived.envelope;
        const auto* message = std::get_if<CoordinatorMessage>(&envelope.message);
        if (message == nullptr || envelope.epoch != self->state.run->epoch()) return;
        perform(self, self->state.run->on_message(*message, envelope.run, self->clock().now()));
      },
      [self](const FrameRefused& refused) {
        perform(self, self->state.run->on_protocol_error(refused.why));
      },
      [self](const Tick& tick) {
        perform(self, self->state.run->on_tick(tick.due, self->clock().now()));
        schedule_tick(self);
      },
      [self](const LoadPrepared&) {
        const effect::PrepareTarget& target = *self->state.to_prepare;
        self->send(self->state.around.target,
                   PrepareTarget{target.scenario, target.folder, target.share});
      },
      [self](const TargetReady& ready) {
        const auto& hardware = self->state.parts.hardware;
        if (hardware) self->state.run->tell_of_machine(hardware());
        perform(self, self->state.run->on_target_ready(ready, self->clock().now()));
      },
      [self](const TargetFailed& failed) {
        perform(self, self->state.run->on_target_failed(failed.message, failed.user_can_fix));
      },
      [self](const Calibrated& calibrated) {
        perform(self, self->state.run->on_calibrated(calibrated.calibration));
      },
      [self](const PacerStarted& started) {
        perform(self, self->state.run->on_first_start(started.start_error));
      },
      [self](SnapshotTaken& taken) {
        perform(self, self->state.run->on_snapshot(std::move(taken.snapshot), self->clock().now()));
      },
      [self](const UsersStopped&) {
        perform(self, self->state.run->on_users_stopped(self->clock().now()));
      },
      [self](const AnswersChecked&) {
        perform(self, self->state.run->on_answers_checked(self->clock().now()));
      },
      [self](const Interrupt&) {
        const bool again = std::exchange(self->state.asked_to_end, true);
        perform(self, again ? self->state.run->on_interrupt()
                            : self->state.run->on_asked_to_end(self->clock().now()));
      },
  };
}

}  // namespace squall::agents
