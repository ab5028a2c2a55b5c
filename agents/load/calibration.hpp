#pragma once
// What one agent can drive at most: a few short trials against a target that answers at once, and
// what follows from them. Plain; the actor beside it carries the trials out, through the same
// pacer, users and recorder as a run.
//
// What the figures mean. They are of this process on this machine as it is now: where several
// agents share it, they calibrate at the same time and share its cores.
// - starts_per_second, cpu_per_start: requests of one chunk, all due at once, from the pacer to the
//   recorded end. Made-up prompts of 32 tokens; longer ones, text from files and conversations cost
//   more, and so does a real target's own work (a socket, an engine step).
// - chunks_per_second, cpu_per_chunk: content chunks that are stamped and recorded, in answers so
//   long that their starts hardly count. Where a server streams them, also what it takes one
//   thread to read and parse each: a target has one such thread.
// - pacing_error_p99: dispatch minus intended start at 1,000 starts/s.
// A load needs both kinds of work: its share of what can be driven is
// starts / starts_per_second + chunks / chunks_per_second.

#include <cstdint>
#include <memory>
#include <optional>

#include "actors/messages.hpp"
#include "agents/load/chunk_reading.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

using actors::nanoseconds;

/// Ends when all requests were answered, or when it has taken too long: then what was counted by
/// that time is what counts.
struct CalibrationTrial {
  std::uint64_t requests = 0;
  std::uint32_t chunks = 1;      // of each answer
  double starts_per_second = 0;  // as intended

  static constexpr nanoseconds longest = std::chrono::seconds(1);
};

struct TrialResult {
  std::uint64_t answers = 0;
  nanoseconds elapsed{0};  // since the first intended start
  nanoseconds cpu{0};      // of the whole process meanwhile
  nanoseconds dispatch_delay_p99{0};
};

class CalibrationTrials {
 public:
  /// None: done.
  std::optional<CalibrationTrial> next();
  /// Chunks come from a server: what it takes one thread to read and parse each.
  void on_chunk_reading(const ChunkReading& each) { chunk_reading_ = each; }
  /// Of the trial that next() gave last.
  void on_result(const TrialResult& result);

  actors::Calibration result() const;

 private:
  enum class Step { pacing, few_starts, many_starts, few_chunks, many_chunks, done };

  Step step_ = Step::pacing;
  std::optional<CalibrationTrial> trial_;
  double rate_ = 0;  // of the last trial's answers per second
  ChunkReading chunk_reading_;
  actors::Calibration calibration_;
};

/// What the trial asks, as a scenario of its own: open arrivals of made-up prompts.
std::shared_ptr<const scenarios::Scenario> scenario_of(const CalibrationTrial& trial);

}  // namespace squall::agents
