#pragma once
// What remains of one request: enough to compute each of its durations to the nanosecond, after its
// stamps are gone. Histograms round to 0.1 %; these do not. Definitions: docs/measurement.md,
// section 1.

#include <optional>

#include "actors/metrics/request_timeline.hpp"
#include "scenarios/schema/metric.hpp"

namespace squall::actors {

enum class RequestEnding : std::uint8_t { ok, error, timeout, cancelled, open_at_end };

struct RequestRecord {
  std::uint64_t request = 0;  // unique within the agent
  Phase phase = Phase::measure;
  RequestEnding ending = RequestEnding::ok;
  bool from_cache = false;
  nanoseconds scheduled{0};       // since the common start
  nanoseconds dispatch_delay{0};  // dispatched, else ended, minus scheduled
  // From the dispatch; none where there was no content.
  std::optional<nanoseconds> to_first, to_last;
  std::optional<nanoseconds> stall;  // longest gap; none of a single chunk
  std::optional<nanoseconds> queue;  // from dispatch to admission, where the target tells it
  std::uint32_t prompt_tokens = 0, output_tokens = 0, category = 0, attempts = 1;

  friend bool operator==(const RequestRecord&, const RequestRecord&) = default;
};

/// `start`: the run's common start.
RequestRecord record_of(const RequestTimeline& timeline, Instant start);

/// Of a completed request that the target answered, or of a cache hit; none where the metric is not
/// defined for it, as the time between the tokens of an answer that is a single one. dispatch_delay
/// is there for every request; icl and our own error are of tokens and have no duration here.
std::optional<nanoseconds> duration_of(const RequestRecord& record, scenarios::Metric metric);

}  // namespace squall::actors
