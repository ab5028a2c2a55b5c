#pragma once
// Whatever answers requests: the embedded engine, a server, a law of service times; and what stands
// before one (retries, a circuit breaker, a cache) is a target itself.
//
// submit() and abandon() may be called from any thread and return at once. A target has threads of
// its own, on which it reports; it stamps instants with the steady clock.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/load_request.hpp"
#include "kernels/gpu_module.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

/// What a target is, for reports.
struct TargetDescription {
  scenarios::TargetKind kind = scenarios::TargetKind::engine;
  bool simulated = false;  // every output must say so
  std::string origin;      // URL without credentials; engine: empty
  std::string model_name;
  std::string model_fingerprint;
  bool model_is_synthetic = false;
  std::string model_choice, model_origin;  // engine only
  std::string instruction_set;
  unsigned threads = 0;
  nanoseconds load_time{0};
  std::string token_counts;  // how prompt tokens are known: "the model's tokenizer", "estimated"
  std::vector<std::string> warnings;
  std::optional<scenarios::ModelFacts> model_facts{};  // engine only
};

/// Where a target reports. Called on the target's threads, never while it holds a lock of its own.
struct TargetEvents {
  /// Exactly once for each submitted request.
  std::function<void(actors::RequestTimeline)> ended;
  /// So many output tokens since the last call; at most some thousand calls a second.
  std::function<void(std::uint64_t tokens)> progress;
  /// For the run's timeline: "circuit breaker open: 5 failures in a row".
  std::function<void(Instant at, std::string what)> happened;
};

class Target {
 public:
  virtual ~Target() = default;  // every open request has ended, or never will: call abandon() first

  virtual const TargetDescription& description() const = 0;
  /// The target stamps `dispatched` when it hands the request to engine or socket.
  virtual void submit(actors::LoadRequest request) = 0;
  /// Every open request ends soon with this outcome, through TargetEvents::ended.
  virtual void abandon(const actors::RequestOutcome& outcome) = 0;
  /// CPU time of the target's own work that is not load generation (the engine's); else zero.
  virtual nanoseconds engine_cpu() const { return nanoseconds{0}; }
  /// The run begins: offsets such as freezes count from here.
  virtual void begin(Instant) {}
};

struct TargetSurroundings {
  std::filesystem::path folder;  // what relative paths start from
  scenarios::AgentShare share;
  std::size_t agents_here = 1;  // how many agents share this machine's cores, and its GPU
  std::function<kernels::GpuSearch()> find_gpus{};  // empty: those beside this program
};

}  // namespace squall::agents
