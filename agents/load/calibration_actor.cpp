#include "agents/load/calibration_actor.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <memory>
#include <utility>

#include "agents/load/pacer_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "agents/load/users_actor.hpp"
#include "agents/targets/null_target.hpp"
#include "scenarios/load/load_plan.hpp"

namespace squall::agents {

using namespace actors;
using namespace std::chrono_literals;

namespace {

using Self = AgentActor::stateful_pointer<CalibrationState>;

constexpr auto reading_length = 50ms;
constexpr auto lead = 5ms;           // until the first start, for everyone to be told of it
constexpr auto look_interval = 2ms;  // how exactly the end of a trial is seen

struct NullTargetState {
  std::unique_ptr<NullTarget> target;
};

/// As target_actor does it: each answer goes from the target's thread straight to who asked.
TargetActor::behavior_type null_target_actor(TargetActor::stateful_pointer<NullTargetState> self,
                                             RecorderActor recorder) {
  return {[](const PrepareTarget&) {}, [](const BeginTarget&) {},
          [self, recorder](Submit& order) {
            if (!self->state.target)
              self->state.target = std::make_unique<NullTarget>(
                  TargetEvents{[users = order.users](RequestTimeline ended) {
                                 caf::anon_send(users, RequestEnded{std::move(ended)});
                               },
                               [recorder](std::uint64_t tokens) {
                                 caf::anon_send(recorder, TargetProgress{tokens, {}});
                               },
                               {}});
            self->state.target->submit(std::move(order.request));
          },
          [](const AbandonOpen&) {}};
}

void begin_trial(Self self) {
  auto& state = self->state;
  const AgentActor me{self};
  state.counted = {};
  state.pacer = self->spawn(pacer_actor, me);
  state.recorder = self->spawn(recorder_actor, me);
  state.target = self->spawn(null_target_actor, state.recorder);
  state.users =
      self->spawn(users_actor, UsersSurroundings{state.pacer, state.target, state.recorder, me});
  self->send(state.users, PrepareLoad{scenario_of(state.trial), "", {}});
}

void begin_load(Self self) {
  auto& state = self->state;
  const auto scenario = scenario_of(state.trial);
  const auto plan =
      std::make_shared<const scenarios::LoadPlan>(scenarios::make_load_plan(*scenario, {}));
  state.start = self->clock().now() + lead;
  state.before = measure_own_process();
  self->send(state.recorder, BeginRecording{state.start});
  self->send(state.users, BeginLoad{scenario, plan, state.start});
  self->delayed_send(AgentActor{self}, lead, Tick{state.start});
}

void end_trial(Self self) {
  auto& state = self->state;
  for (const auto& each :
       {caf::actor_cast<caf::actor>(state.users), caf::actor_cast<caf::actor>(state.pacer),
        caf::actor_cast<caf::actor>(state.target), caf::actor_cast<caf::actor>(state.recorder)})
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}

void go_on(Self self, const AgentActor& agent) {
  auto& state = self->state;
  if (const auto trial = state.trials.next()) {
    state.trial = *trial;
    begin_trial(self);
    return;
  }
  self->send(agent, Calibrated{state.trials.result()});
  self->quit();
}

nanoseconds p99(const Histogram& delays) {
  return delays.count() == 0 ? nanoseconds{0} : delays.value_at_percentile(99);
}

/// The recorder hears of everything before it hears that it is to tell, so what it tells is whole.
void look(Self self, const MetricsSnapshot& snapshot, const AgentActor& agent) {
  auto& state = self->state;
  const Instant now = self->clock().now();
  state.counted.merge(snapshot[Phase::measure]);
  const bool done = state.counted.ledger.ok >= state.trial.requests;
  if (!done && now - state.start < CalibrationTrial::longest) {
    self->delayed_send(AgentActor{self}, look_interval, Tick{now + look_interval});
    return;
  }
  const auto delay = static_cast<std::size_t>(scenarios::Metric::dispatch_delay);
  state.trials.on_result({state.counted.ledger.ok, now - state.start,
                          measure_own_process().cpu - state.before.cpu,
                          p99(state.counted.durations[delay])});
  end_trial(self);
  go_on(self, agent);
}

}  // namespace

AgentActor::behavior_type calibration_actor(Self self, AgentActor agent,
                                            scenarios::TargetKind target) {
  if (target == scenarios::TargetKind::openai)
    self->state.trials.on_chunk_reading(measure_chunk_reading(reading_length));
  go_on(self, agent);
  return {
      [](const EnvelopeArrived&) {},
      [](const FrameRefused&) {},
      [self](const Tick&) { self->send(self->state.recorder, TakeSnapshot{self->clock().now()}); },
      [self](const LoadPrepared&) { begin_load(self); },
      [](const TargetReady&) {},
      [self, agent](const TargetFailed&) {  // nothing of the user's is asked for: our own bug
        end_trial(self);
        self->send(agent, Calibrated{});
        self->quit();
      },
      [](const Calibrated&) {},
      [](const PacerStarted&) {},
      [self, agent](const SnapshotTaken& taken) { look(self, taken.snapshot, agent); },
      [](const UsersStopped&) {},
      [](const AnswersChecked&) {},
      [](const Interrupt&) {},
  };
}

}  // namespace squall::agents
