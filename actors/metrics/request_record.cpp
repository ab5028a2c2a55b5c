#include "actors/metrics/request_record.hpp"

#include <algorithm>

namespace squall::actors {

using scenarios::Metric;

namespace {

/// A completed request without content is an error to whoever asked.
RequestEnding ending_of(const RequestTimeline& timeline) {
  if (std::holds_alternative<Completed>(timeline.outcome))
    return timeline.content.empty() ? RequestEnding::error : RequestEnding::ok;
  if (std::holds_alternative<Failed>(timeline.outcome)) return RequestEnding::error;
  if (std::holds_alternative<TimedOut>(timeline.outcome)) return RequestEnding::timeout;
  if (std::holds_alternative<Cancelled>(timeline.outcome)) return RequestEnding::cancelled;
  return RequestEnding::open_at_end;
}

/// Of what the target answered: neither of failures nor of the cache.
std::optional<nanoseconds> answer_duration(const RequestRecord& record, Metric metric) {
  const auto tokens = static_cast<std::int64_t>(record.output_tokens);
  switch (metric) {
    case Metric::ttft:
      return record.dispatch_delay + *record.to_first;
    case Metric::ttft_service:
      return record.to_first;
    case Metric::e2e:
      return record.dispatch_delay + *record.to_last;
    case Metric::e2e_service:
      return record.to_last;
    case Metric::ntpot:
      if (tokens < 1) return std::nullopt;
      return *record.to_last / tokens;
    case Metric::tpot:
      // All tokens in one chunk leave no time between them to measure; that is not zero.
      if (tokens < 2 || !record.stall) return std::nullopt;
      return (*record.to_last - *record.to_first) / (tokens - 1);
    case Metric::stall:
      return record.stall;
    case Metric::queue:
      return record.queue;
    case Metric::prefill:
      if (!record.queue) return std::nullopt;
      return *record.to_first - *record.queue;
    default:
      return std::nullopt;
  }
}

}  // namespace

RequestRecord record_of(const RequestTimeline& timeline, Instant start) {
  RequestRecord record;
  record.request = timeline.request;
  record.phase = timeline.phase;
  record.ending = ending_of(timeline);
  record.from_cache = timeline.from_cache;
  record.scheduled = timeline.scheduled - start;
  // One that was turned away before any of it was handed on has its end in that place.
  const bool handed_on = timeline.dispatched != Instant{};
  const Instant dispatched = handed_on ? timeline.dispatched : timeline.ended;
  record.dispatch_delay = dispatched - timeline.scheduled;
  record.prompt_tokens = timeline.prompt_tokens;
  record.output_tokens = timeline.output_tokens;
  record.category = timeline.category;
  record.attempts = std::max(timeline.attempts, 1U);
  const auto& content = timeline.content;
  if (content.empty()) return record;
  record.to_first = content.front() - dispatched;
  record.to_last = content.back() - dispatched;
  if (timeline.admitted != Instant{}) record.queue = timeline.admitted - dispatched;
  for (std::size_t i = 1; i < content.size(); ++i)
    record.stall = std::max(record.stall.value_or(nanoseconds::min()), content[i] - content[i - 1]);
  return record;
}

std::optional<nanoseconds> duration_of(const RequestRecord& record, Metric metric) {
  if (metric == Metric::dispatch_delay) return record.dispatch_delay;
  if (record.ending != RequestEnding::ok || !record.to_last) return std::nullopt;
  if (metric == Metric::cache_hit)
    return record.from_cache ? std::optional(record.dispatch_delay + *record.to_last)
                             : std::nullopt;
  if (record.from_cache) return std::nullopt;
  return answer_duration(record, metric);
}

}  // namespace squall::actors
