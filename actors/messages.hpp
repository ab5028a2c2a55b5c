#pragma once
// Everything that coordinator and agents say to each other, as plain structs; messages.proto is the
// same on the wire and its comments tell the life of a run. wire/message_codec translates.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/metrics/metrics_snapshot.hpp"
#include "actors/wire/frame.hpp"
#include "scenarios/hardware/hardware_facts.hpp"
#include "scenarios/load/agent_share.hpp"

namespace squall::actors {

inline constexpr std::uint32_t protocol_version = 4;

// ---- agent -> coordinator

/// What an agent refuses to exceed, whatever a scenario says. 0, none: no limit.
struct AgentCaps {
  std::uint64_t users = 0;         // of its own share
  double rate = 0;                 // arrivals per second, of its own share
  nanoseconds duration{0};         // warm-up and measure
  std::vector<std::string> hosts;  // that targets may be at
  friend bool operator==(const AgentCaps&, const AgentCaps&) = default;
};
struct Hello {  // first message on a new connection, also of a run that goes on
  std::string name;
  std::string tool_version;
  std::string host;
  std::uint64_t process_id = 0;
  std::vector<std::string> labels{};  // "gpu", "rack=a"
  AgentCaps caps{};
  std::uint64_t batches = 0;  // of a run that goes on: taken so far; 0 in a first greeting
};
/// What an agent can drive, measured against a target that does nothing, before the run.
struct Calibration {
  double starts_per_second = 0;
  double chunks_per_second = 0;
  nanoseconds pacing_error_p99{0};
  nanoseconds cpu_per_start{0}, cpu_per_chunk{0};
  friend bool operator==(const Calibration&, const Calibration&) = default;
};
struct Ready {  // prepared: model loaded, share planned, clock offset known
  std::uint64_t plan_fingerprint = 0;
  std::uint64_t planned_requests = 0;  // open model: arrivals in this share; closed model: 0
  std::uint64_t planned_users = 0;     // closed model: users in this share
  std::string model_name;
  std::string model_fingerprint;  // of the weights' bytes, or of the synthetic recipe
  bool model_is_synthetic = false;
  std::string model_choice;     // and who made it: "prefer-real (scenario)"
  std::string model_origin;     // where it came from: "models/small.gguf"
  std::string instruction_set;  // which kernels will run: "avx2"
  std::uint32_t engine_threads = 0;
  nanoseconds load_time{0};
  nanoseconds clock_error_bound{0};   // half the best round trip
  std::vector<std::string> warnings;  // what every report of the run must say
  std::string target_kind;            // "engine", "openai", "simulated"
  bool target_is_simulated = false;   // every output must say so
  std::string target_origin;          // URL without credentials; engine: empty
  std::string token_counts;           // how prompt tokens are known: "estimated"
  Calibration calibration;
  std::optional<scenarios::HardwareFacts> hardware;  // none: not looked at
  std::optional<scenarios::ModelFacts> model_facts;  // none: a server's model
};
struct PrepareFailed {
  std::string message;
  bool user_can_fix = false;  // a wrong path or file (exit 2), not an internal error (exit 1)
};
struct Started {
  nanoseconds start_error{0};  // first instant of the pacer minus the common start
};
struct MetricsBatch {  // resent until acknowledged; sequence counts from 1 without gaps
  std::uint64_t sequence = 0;
  MetricsSnapshot snapshot;
  Bytes encoded{};  // as it travels, is hashed and kept; empty: not encoded yet
};
struct Heartbeat {  // any other message is a sign of life too, but only this one asks for the lease
  nanoseconds loop_lag{0};
  std::int64_t sent = 0;             // agent's clock, nanoseconds
  std::uint32_t unacknowledged = 0;  // batches
  nanoseconds clock_offset{0};       // coordinator's clock minus agent's, as known now …
  nanoseconds clock_error_bound{0};  // … and how wrong that may be
};
struct Sealed {  // nothing follows but resent batches; totals are of all batches
  std::uint64_t batches = 0;
  std::array<Ledger, phase_count> totals;  // indexed by Phase
  std::uint64_t hash = 0;                  // of all batches in order: actors/journal/batch_hash.hpp
  std::string stopped_because;  // of itself and before the plan was done: why; else empty
};
struct TookOver {  // answers TakeOver, also a repeated one
  std::uint32_t number = 0;
};
struct AskRoster {};  // from whoever wants to know who is there; takes no part in any run
struct ClockProbe {
  std::int64_t sent = 0;  // agent's clock, nanoseconds
};
using AgentMessage = std::variant<Hello, Ready, PrepareFailed, Started, MetricsBatch, Heartbeat,
                                  Sealed, ClockProbe, TookOver, AskRoster>;

// ---- coordinator -> agent

struct Rejected {  // the agent prints the reason and ends, or waits for another run
  std::string reason;
  bool may_come_again = false;
};
struct Prepare {
  std::string scenario_text;
  std::string scenario_file;  // for messages, and prompts are relative to its folder
  scenarios::AgentShare share;
};
struct StartAt {
  std::int64_t instant = 0;  // coordinator's clock, nanoseconds
};
struct LeaseRenewed {  // answers each Heartbeat; the lease counts from when that was sent
  std::uint64_t acknowledged_batch = 0;
  std::int64_t beat_sent = 0;  // the Heartbeat's `sent`
};
struct TakeOver {            // of a lost agent: what it would have started from `from` on
  std::uint32_t number = 0;  // of this run, from 1
  scenarios::AgentShare share;
  nanoseconds from{0};  // since the common start
  nanoseconds ramp{0};  // nothing at first, all of it after this
};
struct RosterLine {
  std::string name, host, tool_version;
  std::vector<std::string> labels;
  std::string state;          // "ready", "running", "paused", "lost: …", "sealed"
  std::string identity;       // name of its key; empty without keys
  nanoseconds last_heard{0};  // ago
  std::uint64_t batches = 0;
};
struct Roster {  // answers AskRoster
  std::string run, scenario, stage;
  std::vector<RosterLine> agents;
};
struct BatchAcknowledged {
  std::uint64_t sequence = 0;  // this and all before it are kept
};
struct StopLoad {  // start nothing new; give what is open this long, then seal
  nanoseconds grace{0};
};
struct SealAcknowledged {};  // the agent may end
struct ClockReply {
  std::int64_t sent = 0;      // echoed
  std::int64_t received = 0;  // coordinator's clock
  std::int64_t replied = 0;
};
using CoordinatorMessage = std::variant<Rejected, Prepare, StartAt, LeaseRenewed, BatchAcknowledged,
                                        StopLoad, SealAcknowledged, ClockReply, TakeOver, Roster>;

/// The frame around a message in either direction.
struct Envelope {
  std::string run;          // run id; empty in an agent's Hello
  std::uint64_t epoch = 0;  // agent's, drawn anew at each start; older ones are fenced off
  std::variant<AgentMessage, CoordinatorMessage> message;
};

}  // namespace squall::actors
