#pragma once
// The batches that an agent has taken and the coordinator has not acknowledged, and which of them
// may be on their way.
//
// A window bounds what is under way, so that a coordinator or a line that is slow is not buried;
// the rest waits here, as in the journal. What is not acknowledged in time is sent again.

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "actors/journal/batch_hash.hpp"
#include "actors/messages.hpp"
#include "agents/run/agent_effects.hpp"

namespace squall::agents {

class BatchOutbox {
 public:
  static constexpr std::size_t batches_under_way = 32;
  static constexpr std::size_t bytes_under_way = std::size_t{8} << 20;
  static constexpr nanoseconds resend_after = std::chrono::seconds(1);
  static constexpr const char* too_long =
      "what it measured in one interval is more than a message of 1 MiB holds, so it is lost; use "
      "fewer categories of prompts, or more agents";

  /// The next batch; numbers it. Null, and nothing is taken, when it would be longer than any
  /// message may be.
  const actors::MetricsBatch* add(actors::MetricsSnapshot snapshot);
  /// This one and all before it are kept; what was never taken is not believed.
  void acknowledge(std::uint64_t sequence);
  /// Sends what fits into the window and is new, or has waited for its answer for long.
  void send_due(Instant now, AgentEffects& effects);
  /// Sends the oldest one, to hear which ones are kept.
  void send_oldest(AgentEffects& effects) const;
  /// What was under way is lost with its connection.
  void forget_what_was_sent();

  std::uint64_t taken() const { return taken_; }
  std::size_t unacknowledged() const { return waiting_.size(); }
  std::size_t under_way() const;  // of them: sent
  actors::Sealed seal(std::string stopped_because) const;

 private:
  struct Waiting {
    actors::MetricsBatch batch;  // encoded
    bool sent = false;
    Instant last_sent;
  };
  std::deque<Waiting> waiting_;
  std::uint64_t taken_ = 0;
  std::array<actors::Ledger, actors::phase_count> totals_;
  actors::BatchHash hash_;
};

}  // namespace squall::agents
