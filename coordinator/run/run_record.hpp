#pragma once
// Everything known about a run when it is over: what reports, audit and verdict are made from.
// Plain data; filled by the run's state machine, never by a report.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
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
  std::uint64_t batches = 0;        // kept, in sequence
  std::optional<std::string> lost;  // why it was given up: "no sign of life for 5.0 s"
};

struct RunRecord {
  std::string id;  // "20261121-063341-4f2a"
  std::string tool_version;
  std::string started_at;  // wall clock, UTC, for people: "2026-11-21T06:33:41Z"
  std::string scenario_file;
  std::string scenario_text;
  std::string scenario_hash;  // 16 hexadecimal digits over the text
  scenarios::Scenario scenario;
  std::vector<AgentRecord> agents;    // by share index
  MetricsTimeline timeline;           // merged from all kept batches
  bool interrupted = false;           // Ctrl-C: figures are partial
  bool began = false;                 // the common start was reached
  std::optional<std::string> broken;  // the run could not be carried through, and why
};

/// Whether the load was stopped before its plan was done.
inline bool cut_short(const RunRecord& record) {
  return record.interrupted || record.broken.has_value();
}

}  // namespace squall::coordinator
