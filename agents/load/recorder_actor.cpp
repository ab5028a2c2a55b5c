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
  snapshot.resources = std::exchange(state.resources, {});
  return snapshot;
}

}  // namespace

RecorderActor::behavior_type recorder_actor(RecorderActor::stateful_pointer<RecorderState> self,
                                            AgentActor agent) {
  return {
      [self](const BeginRecording& begin) {
        self->state.recorder.emplace(begin.start, begin.categories, begin.levels);
        self->state.before = measure_own_process();
        self->state.engine_cpu_before = self->state.engine_cpu;
        if (self->state.sampler) self->send(self->state.sampler, begin);
      },
      [self](const StartsCounted& counted) {
        for (const CountedStart& start : counted.starts) self->state.recorder->on_counted(start);
      },
      [self](const TargetProgress& progress) {
        self->state.engine_cpu = progress.engine_cpu;
        if (progress.tokens > 0) self->state.recorder->on_tokens(progress.tokens);
      },
      [self](const TargetHappened& happened) {
        if (self->state.recorder) self->state.recorder->on_event(happened.at, happened.what);
      },
      [self](const RequestEnded& ended) { self->state.recorder->on_ended(ended.timeline); },
      [self](const AnswerChecked& checked) { self->state.recorder->on_accuracy(checked.agreed); },
      [self](const ResourcesSampled& sampled) {
        // Where no snapshot was taken for long, as in a process that was stopped, the oldest stay.
        if (self->state.resources.size() < MetricsSnapshot::samples_kept)
          self->state.resources.push_back(sampled.sample);
      },
      [self, agent](const TakeSnapshot& order) {
        self->send(agent, SnapshotTaken{take_snapshot(self->state, order.until)});
      },
  };
}

RecorderActor::behavior_type sampling_recorder_actor(
    RecorderActor::stateful_pointer<RecorderState> self, AgentActor agent,
    MakeSampler make_sampler) {
  self->state.sampler = make_sampler(RecorderActor{self});
  self->link_to(self->state.sampler);
  return recorder_actor(self, std::move(agent));
}

}  // namespace squall::agents
