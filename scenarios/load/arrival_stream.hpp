#pragma once
// Intended starts of the open model, computed one at a time: a plan of millions takes no memory.
//
// Every agent walks all arrivals of the run and keeps its own: that is what makes the union of the
// shares the whole, whatever the number of agents. Only the own ones are turned into instants.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "scenarios/load/agent_share.hpp"
#include "scenarios/load/trace.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// One arrival of the open model.
struct PlannedArrival {
  std::uint64_t arrival;  // 0 .. over all agents, in order of time; of a trace: the entry
  nanoseconds at{0};      // intended start, after the common start of the run

  friend bool operator==(const PlannedArrival&, const PlannedArrival&) = default;
};

/// The arrivals of one share, one at a time, in order of time.
class ArrivalStream {
 public:
  virtual ~ArrivalStream() = default;
  virtual std::optional<PlannedArrival> next() = 0;
  /// How many next() still gives; ends the stream, in less time than asking for each.
  virtual std::uint64_t count_rest() = 0;
};

/// A stream that can be had again from where it is.
class RepeatableStream : public ArrivalStream {
 public:
  virtual std::unique_ptr<RepeatableStream> copy() const = 0;
  /// Leaves out what comes before `at`, perhaps but for a few of the latest; in less time than
  /// asking for each.
  virtual void skip_towards(nanoseconds at) = 0;
};

/// Places in a run's random arrivals from which the stream of any share can go on; and how many
/// arrivals there are. At most some 400 KiB.
struct ArrivalMarks;

/// Walks through all arrivals, once: 50 to 500 ns each. None where nothing is random.
std::shared_ptr<const ArrivalMarks> mark_arrivals(const OpenArrivals& load, std::uint64_t seed,
                                                  nanoseconds stop);

/// Arrivals before `stop`. Instants follow the rate by rescaling of time: gaps are drawn with mean
/// 1, and an arrival comes when the rate's integral has reached their sum. With the marks of the
/// same load, seed and stop it skips and counts at once; they change nothing else.
std::unique_ptr<RepeatableStream> stream_of(const OpenArrivals& load, std::uint64_t seed,
                                            AgentShare share, nanoseconds stop,
                                            std::shared_ptr<const ArrivalMarks> marks = nullptr);

/// The trace's entries before `stop`; the first arrives at the run's start. What the scenario skips
/// is not in the trace any more: whoever read its file left it out.
std::unique_ptr<RepeatableStream> stream_of(const TraceReplay& load,
                                            std::shared_ptr<const Trace> trace, AgentShare share,
                                            nanoseconds stop);

}  // namespace squall::scenarios
