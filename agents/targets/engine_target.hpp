#pragma once
// The embedded engine as a target: takes load requests, keeps their timelines, stamps what the
// engine does. Reads the clock to stamp; knows nothing of actors. One owner.

#include <chrono>
#include <filesystem>
#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/actor_interfaces.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/models/download.hpp"
#include "agents/targets/prompt_source.hpp"

namespace squall::agents {

class EngineTarget {
 public:
  /// Loads the scenario's model and prompts. Throws ModelError, PromptError, or
  /// std::invalid_argument for an instruction set that cannot be had: all for the user to mend.
  /// Threads, unless the scenario says how many, are this machine's cores less one for the load
  /// generators, shared by `agents_here`. `downloads`: how a model that is not here comes here.
  EngineTarget(const scenarios::Scenario& scenario, const std::filesystem::path& folder,
               std::size_t agents_here = 1, const DownloadContext& downloads = {});

  const actors::TargetReady& description() const { return description_; }

  /// Throws std::bad_alloc, and then knows nothing of the request.
  void submit(const actors::LoadRequest& request);

  /// One engine step. Every submitted request comes back exactly once, from here or from abandon().
  struct StepResult {
    std::uint64_t tokens = 0;
    std::vector<actors::RequestTimeline> ended;
  };
  StepResult step();

  std::vector<actors::RequestTimeline> abandon(const actors::RequestOutcome& outcome);

  bool busy() const { return !open_.empty(); }
  /// Of the thread that calls step() and the engine's own, since they began.
  std::chrono::nanoseconds cpu_time() const;

 private:
  struct OpenRequest {
    actors::RequestTimeline timeline;
    actors::Instant deadline;
  };
  using Open = std::unordered_map<std::uint64_t, OpenRequest>;

  std::vector<TokenId> prompt_tokens(const scenarios::RequestPlan& plan) const;
  void finish(Open::iterator request, actors::RequestOutcome outcome, actors::Instant now,
              std::vector<actors::RequestTimeline>& ended);
  void end_overdue(actors::Instant now, std::vector<actors::RequestTimeline>& ended);

  scenarios::TargetSettings settings_;
  PromptSource prompts_;
  std::vector<TokenId> text_tokens_;  // what synthetic prompts are drawn from
  std::unique_ptr<InferenceEngine> engine_;
  actors::TargetReady description_;
  Open open_;
};

}  // namespace squall::agents
