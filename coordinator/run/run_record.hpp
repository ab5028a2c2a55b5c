#pragma once
// Everything known about a run when it is over: what reports, audit and verdict are made from.
// Plain data; filled by the run's state machine, never by a report.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/messages.hpp"
#include "coordinator/run/audit/exact_durations.hpp"
#include "coordinator/run/metrics_timeline.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// One agent's part in the run.
struct AgentRecord {
  actors::Hello hello;
  std::uint64_t epoch = 0;
  scenarios::AgentShare share;
  std::optional<actors::Ready> ready;
  std::optional<actors::Started> started;
  std::optional<actors::Sealed> sealed;
  std::string identity;             // name of its key; empty without keys
  std::uint64_t batches = 0;        // kept, in sequence
  std::uint64_t hash = 0;           // of them: actors::BatchHash
  std::optional<std::string> lost;  // why it was given up: "no sign of life for 5.0 s"
  nanoseconds lost_at{0};           // since the common start, if lost
  nanoseconds lease_end{0};         // likewise: it started nothing from then on; 0: not known
  nanoseconds known_until{0};       // end of its newest kept batch, since the common start
};

/// Work of a lost agent that another one took over.
struct MovedShare {
  std::uint32_t agent = 0, to = 0;  // numbers in RunRecord::agents
  nanoseconds from{0}, ramp{0};     // since the common start: between lost_at and then nobody asked
  bool taken = false;               // the agent said that it has it
  std::uint32_t number = 0;         // of the order, from 1
  scenarios::AgentShare share{};    // of the whole plan
};

/// The coordinator's process was gone, and another one went on.
struct CoordinatorGap {
  nanoseconds from{0}, to{0};  // since the common start
};

/// A threshold that holds for stretches of the run, such as 10 s, and how those were.
struct WatchedStretches {
  std::string threshold;                 // its text
  std::uint64_t judged = 0, missed = 0;  // stretches, one begins each second
  nanoseconds from{0}, to{0};            // the first that missed it, since the common start
  std::string why;                       // "12 violations in 40 samples"
};

/// A threshold was missed that ends the run.
struct RunAborted {
  std::string threshold, why;
  nanoseconds at{0};           // since the common start
  nanoseconds from{0}, to{0};  // in which it was missed
};

/// A threshold that was changed while the run went on.
struct ThresholdChange {
  nanoseconds at{0};  // since the common start; 0: before it
  std::string what;   // "set ttft p95 < 400ms in place of ttft p95 < 300ms"
};

struct RunRecord {
  std::string id;  // "20261121-063341-4f2a"
  std::string tool_version;
  std::string started_at;  // wall clock, UTC, for people: "2026-11-21T06:33:41Z"
  std::string scenario_file;
  std::string scenario_text;
  std::string scenario_hash;  // 16 hexadecimal digits over the text
  scenarios::Scenario scenario;
  std::vector<AgentRecord> agents;              // by their numbers in this run
  MetricsTimeline timeline;                     // merged from all kept batches
  std::shared_ptr<const ExactDurations> exact;  // of a run that is over; null: histograms only
  bool interrupted = false;                     // Ctrl-C: figures are partial
  bool began = false;                           // the common start was reached
  std::optional<std::string> broken;            // the run could not be carried through, and why
  std::optional<RunAborted> aborted;            // by a threshold: the figures so far are judged

  /// What the run is judged by; none: the scenario's thresholds as they stand there.
  std::optional<std::vector<scenarios::ResolvedThreshold>> thresholds;
  std::vector<std::string> threshold_notes;        // what was left out, and why
  std::vector<ThresholdChange> threshold_changes;  // in order of time
  std::vector<WatchedStretches> stretches;         // of thresholds with "for 10s"
  std::optional<std::uint64_t> peak_gpu_memory;    // bytes of one GPU, in the measured window

  std::string boot;                   // which start of the machine it was: its boot id
  std::string endpoint;               // where agents connected
  std::string security;               // "curve", "loopback without keys", "INSECURE: …"
  bool insecure = false;              // plain connections beyond loopback: every output says so
  std::vector<MovedShare> moved;      // in the order in which it was decided
  std::vector<CoordinatorGap> gaps;   // in order of time
  actors::LinkCounters turned_away;   // by the link, until the end
  std::uint64_t protocol_errors = 0;  // frames of agents and strangers that were none of ours
  std::string journal;                // the file that every figure can be computed from again
};

/// Whether the load was stopped before its plan was done.
inline bool cut_short(const RunRecord& record) {
  return record.interrupted || record.broken.has_value() || record.aborted.has_value();
}

/// All that ended, of warm-up and measured phase together.
inline std::uint64_t ended_requests(const RunRecord& record) {
  return record.timeline.total(actors::Phase::warm_up).ledger.ended() +
         record.timeline.total(actors::Phase::measure).ledger.ended();
}

}  // namespace squall::coordinator
