#include "agents/load/recorder_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

MetricsSnapshot take_snapshot(RecorderState& state, Instant until) {
  MetricsSnapshot snapshot = state.recorder->take_snapshot(until);
  const ResourceUse now = measure_own_process();
  snapshot.process_cpu = now.cpu - state.before.cpu;
  snapshot.engine_cpu = state.engine_cpu - state.engine_cpu_before;
  snapshot.resident_bytes = now.resident_bytes;
  state.before = now;
  state.engine_cpu_before = state.engine_cpu;
  return snapshot;
}

void count_starts(MetricsRecorder& recorder, const StartsCounted& counted) {
  using Fate = CountedStart::Fate;
  for (const CountedStart& start : counted.starts) {
    recorder.on_scheduled(start.phase);
    if (start.fate == Fate::issued) recorder.on_issued(start.phase, start.at);
    if (start.fate == Fate::dropped_late) recorder.on_dropped_late(start.phase);
    if (start.fate == Fate::cancelled_before_send) recorder.on_cancelled_before_send(start.phase);
  }
}

}  // namespace

RecorderActor::behavior_type recorder_actor(RecorderActor::stateful_pointer<RecorderState> self,
                                            AgentActor agent) {
  return {
      [self](const BeginRecording& begin) {
        self->state.recorder.emplace(begin.start, begin.categories);
        self->state.before = measure_own_process();
        self->state.engine_cpu_before = self->state.engine_cpu;
      },
      [self](const StartsCounted& counted) { count_starts(*self->state.recorder, counted); },
      [self](const TargetProgress& progress) {
        self->state.engine_cpu = progress.engine_cpu;
        if (progress.tokens > 0) self->state.recorder->on_tokens(progress.tokens);
      },
      [self](const TargetHappened& happened) {
        if (self->state.recorder) self->state.recorder->on_event(happened.at, happened.what);
      },
      [self](const RequestEnded& ended) { self->state.recorder->on_ended(ended.timeline); },
      [self](const AnswerChecked& checked) { self->state.recorder->on_accuracy(checked.agreed); },
      [self, agent](const TakeSnapshot& order) {
        self->send(agent, SnapshotTaken{take_snapshot(self->state, order.until)});
      },
  };
}

}  // namespace squall::agents
