#include "agents/resources/resource_actor.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "agents/hardware/gpus/gpu_probe.hpp"
#include "agents/resources/allocated_memory.hpp"
#include "agents/thread_priority.hpp"

namespace squall::agents {

using namespace actors;
using namespace std::chrono_literals;

namespace {

using Self = ResourceActor::stateful_pointer<ResourceState>;
using Clock = std::chrono::steady_clock;

void wake_at(Self self, Instant due) {
  self->delayed_send(ResourceActor{self}, std::max(due - Clock::now(), nanoseconds{0}), Tick{due});
}

/// In the order in which the machine's facts list them; empty where no maker's library is there.
std::function<std::vector<GpuSample>()> gpus_of_this_machine() {
  using Drivers = std::vector<std::unique_ptr<GpuDriver>>;
  auto drivers = std::make_shared<const Drivers>(open_gpu_drivers(MachineFiles{}, GpuLibraries{}));
  if (drivers->empty()) return {};
  return [drivers = std::move(drivers)] {
    std::vector<GpuSample> all;
    for (const auto& driver : *drivers)
      for (GpuSample& each : driver->sample()) all.push_back(std::move(each));
    return all;
  };
}

ResourceSources sources_of_this_machine() {
  return {MachineReader{}, allocated_bytes, gpus_of_this_machine(), [] { return Clock::now(); }};
}

}  // namespace

ResourceActor::behavior_type resource_actor(Self self, RecorderActor recorder) {
  return {
      [self](const BeginRecording& begin) {
        prefer_long_turns();  // this thread inherited the load generator's claims
        self->state.sampler.emplace(sources_of_this_machine(), begin.start);
        wake_at(self, begin.start);
      },
      [self, recorder](const Tick& tick) {
        if (const auto sample = self->state.sampler->sample(measure_own_process()))
          self->send(recorder, ResourcesSampled{*sample});
        // Seconds that passed while this process was stopped are not made good.
        const auto behind = std::chrono::floor<std::chrono::seconds>(Clock::now() - tick.due);
        wake_at(self, tick.due + behind + 1s);
      },
  };
}

}  // namespace squall::agents
