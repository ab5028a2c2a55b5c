#pragma once
// The load requests that are in the embedded engine: their prompts as tokens, their timelines, the
// patience with each. One owner: the thread that steps the engine. Reads the clock to stamp what a
// step did.

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agents/engine/inference_engine.hpp"
#include "agents/models/download.hpp"
#include "agents/targets/prompt_text.hpp"
#include "agents/targets/target.hpp"

namespace squall::agents {

class EngineRequests {
 public:
  /// Loads the scenario's model. Throws ModelError, or std::invalid_argument for a device or an
  /// instruction set that cannot be had: all for the user to mend. Threads, unless the scenario
  /// says how many, are this machine's cores less one for the load generators, shared by the agents
  /// here. `downloads`: how a model that is not here comes here.
  EngineRequests(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
                 const DownloadContext& downloads);

  const TargetDescription& description() const { return description_; }

  /// What happened; each request that was added ends in exactly one of these.
  struct StepResult {
    std::uint64_t tokens = 0;
    std::vector<actors::RequestTimeline> ended;
  };

  /// A request that the engine cannot take has failed at once.
  void add(const actors::LoadRequest& request, StepResult& result);
  /// One engine step. An engine that fails takes with it what is open; the next step begins anew.
  void step(StepResult& result);
  void abandon(const actors::RequestOutcome& outcome, StepResult& result);

  bool empty() const { return open_.empty(); }
  /// CPU time of the calling thread and the engine's own, since they began.
  nanoseconds cpu_time() const;

 private:
  struct OpenRequest {
    actors::RequestTimeline timeline;
    Instant deadline;
    bool keep_answer = false;
  };
  using Open = std::unordered_map<std::uint64_t, OpenRequest>;

  void make_engine(const std::shared_ptr<const Model>& model,
                   const TargetSurroundings& surroundings);
  GenerationRequest generation(const actors::LoadRequest& request) const;
  void record(const StepEvents& events, Instant begun, Instant done, StepResult& result);
  void finish(Open::iterator request, actors::RequestOutcome outcome, Instant now,
              StepResult& result);
  bool overdue(const OpenRequest& request, Instant now) const;
  void end_overdue(Instant now, StepResult& result);

  scenarios::TargetSettings settings_;
  std::unique_ptr<InferenceEngine> engine_;
  std::optional<EnginePrompts> prompts_;
  TargetDescription description_;
  Open open_;
};

}  // namespace squall::agents
