#include "agents/targets/engine_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <new>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "agents/engine/model/model.hpp"
#include "agents/thread_priority.hpp"

namespace squall::agents {

using namespace actors;

namespace {

using Self = TargetActor::stateful_pointer<EngineState>;

void prepare(Self self, const AgentActor& agent, const PrepareTarget& order,
             std::size_t agents_here,
             const std::function<bool(const DownloadProgress&)>& on_download) {
  const auto fail = [&](const std::exception& error, bool user_can_fix) {
    self->send(agent, TargetFailed{error.what(), user_can_fix});
  };
  prefer_long_turns();  // this thread, and those that the engine starts from it
  DownloadContext downloads;
  downloads.on_progress = on_download;
  // Other processes that failed at the same moment should not try again at the same moment.
  downloads.seed = order.scenario->seed + static_cast<std::uint64_t>(getpid());
  try {
    self->state.target.emplace(*order.scenario, order.folder, agents_here, downloads);
    self->send(agent, self->state.target->description());
  } catch (const ModelError& error) {
    fail(error, true);
  } catch (const PromptError& error) {
    fail(error, true);
  } catch (const std::invalid_argument& error) {
    fail(error, true);
  } catch (const std::exception& error) {
    fail(error, false);
  }
}

void tell_askers(Self self, std::vector<RequestTimeline>&& ended) {
  for (auto& timeline : ended) {
    auto asker = self->state.askers.extract(timeline.request);
    self->send(asker.mapped(), RequestEnded{std::move(timeline)});
  }
}

void step_soon(Self self) {
  if (std::exchange(self->state.stepping, true)) return;
  self->send(TargetActor{self}, StepTarget{});
}

void submit(Self self, const Submit& order) {
  const LoadRequest& request = order.request;
  try {
    self->state.askers.emplace(request.id, order.user);
    self->state.target->submit(request);
    step_soon(self);
  } catch (const std::bad_alloc&) {
    self->state.askers.erase(request.id);
    RequestTimeline timeline;
    timeline.request = request.id;
    timeline.phase = request.phase;
    timeline.scheduled = request.scheduled;
    timeline.dispatched = request.dispatched;
    timeline.ended = std::chrono::steady_clock::now();
    timeline.outcome = Failed{"engine: no memory to take the request"};
    self->send(order.user, RequestEnded{std::move(timeline)});
  }
}

void step(Self self, const RecorderActor& recorder) {
  EngineTarget& target = *self->state.target;
  self->state.stepping = false;
  try {
    auto result = target.step();
    self->send(recorder, TargetProgress{result.tokens, target.cpu_time()});
    tell_askers(self, std::move(result.ended));
  } catch (const std::exception& error) {
    // The engine failed, the load goes on: what was open has failed with it, and is counted.
    tell_askers(self, target.abandon(Failed{std::string("engine: ") + error.what()}));
  }
  if (target.busy()) step_soon(self);
}

}  // namespace

TargetActor::behavior_type engine_actor(Self self, AgentActor agent, RecorderActor recorder,
                                        std::size_t agents_here,
                                        std::function<bool(const DownloadProgress&)> on_download) {
  return {
      [self, agent, agents_here, on_download](const PrepareTarget& order) {
        prepare(self, agent, order, agents_here, on_download);
      },
      [self](const Submit& order) { submit(self, order); },
      [self, recorder](const StepTarget&) { step(self, recorder); },
      [self](const AbandonOpen& order) {
        tell_askers(self, self->state.target->abandon(order.outcome));
      },
  };
}

}  // namespace squall::agents
