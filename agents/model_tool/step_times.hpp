#pragma once
// `squall model bench --steps FILE`: how long single steps of the engine take, by what is in them.
// From this, laws of step times are fitted, and fleets simulated (squall fleet).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/inference_engine.hpp"
#include "agents/model_tool/engine_setup.hpp"

namespace squall::agents {

struct StepTimesOptions {
  std::string model{};
  ComputeOptions compute{};
  std::string kv_format = "f16";
  std::uint32_t max_batch = 64;       // as a scenario's target.max_batch
  std::uint32_t prefill_chunk = 128;  // as target.prefill_chunk
  std::size_t longest = 512;          // tokens of the longest prompt
  double seconds = 30;                // of measuring; at least three rounds are made
  std::string file{};                 // "-": standard output
};

/// Steps of the same work, of all rounds.
struct StepTimes {
  StepEvents::Work work;
  std::vector<double> seconds;  // one a round; sorted in the end
};

/// One round of steps that differ in what they compute, which is the same in each round: added to
/// `steps`. `now`: seconds of any clock. Throws ModelError.
void measure_round(InferenceEngine& engine, const StepTimesOptions& options, double (*now)(),
                   std::vector<StepTimes>& steps);

/// Throws ModelError.
int step_times_command(const StepTimesOptions& options);

}  // namespace squall::agents
