#pragma once
// The actor around a target: makes it when told to, passes it requests, and passes on what it
// reports from its own threads to whoever asked and to the recorder.

#include <functional>
#include <memory>
#include <thread>

#include "actors/actor_interfaces.hpp"
#include "agents/targets/make_target.hpp"

namespace squall::agents {

class TargetReports;

struct TargetState {
  std::shared_ptr<TargetReports> reports;
  std::unique_ptr<Target> target;  // made before TargetReady is sent, used only after
  std::thread preparing;           // loading a model takes long; the actor stays awake meanwhile

  ~TargetState();
};

/// `agents_here`: how many agents share this machine's cores. `on_download`: hears of a
/// download from the preparing thread, and ends it by saying no. `find_gpus`: called there, too,
/// and only where the engine wants a GPU; empty: those beside this program.
actors::TargetActor::behavior_type target_actor(
    actors::TargetActor::stateful_pointer<TargetState> self, actors::AgentActor agent,
    actors::RecorderActor recorder, std::size_t agents_here, DownloadContext downloads,
    std::function<kernels::GpuSearch()> find_gpus);

}  // namespace squall::agents
