#pragma once
// The agents of a running test as rows of a table: how each fares by its newest report, the worst
// first. Plain values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// From the best to the worst.
enum class LiveAgentState : unsigned char { done, running, ready, preparing, paused, silent, lost };

/// "done", "running", "paused", …
const char* name_of(LiveAgentState state);

/// Rates are those of its newest report. What its machine does not tell is absent, never 0.
struct LiveAgent {
  std::string name, host;  // as the agent says; may hold anything
  LiveAgentState state = LiveAgentState::preparing;
  std::string trouble;      // why it was lost; else empty
  nanoseconds reported{0};  // end of its newest report, since the common start; 0: none came yet
  std::uint32_t users = 0, in_flight = 0;
  double starts_per_second = 0, answers_per_second = 0, tokens_per_second = 0;
  std::uint64_t completed = 0, failed = 0;  // of the whole run; failed: errors and timeouts
  nanoseconds loop_lag{0};                  // how late its own ticks were, at worst
  double own_cpu = 0;                       // cores that its process used, the engine's included
  std::uint64_t resident_bytes = 0;
  std::optional<double> machine_cpu;  // 0..1, everybody's work
  std::optional<std::uint64_t> memory_available_bytes;
  std::optional<double> gpu_busy;                 // 0..1, of the busiest one
  std::optional<std::uint64_t> gpu_memory_bytes;  // used, of all of them
};

/// At most `most` rows, worst first: lost before silent before paused, then whoever failed more of
/// late, then whoever lagged more. `states` says of each agent more than the record; empty:
/// nothing.
std::vector<LiveAgent> live_agents(const RunRecord& record,
                                   const std::vector<LiveAgentState>& states, std::size_t most);

}  // namespace squall::coordinator
