#pragma once
// The names of what Squall measures: one table for thresholds, reports and documentation.
// Definitions: docs/measurement.md, section 1.

#include <array>
#include <optional>
#include <string_view>

namespace squall::scenarios {

enum class Metric : unsigned char {
  // Distributions of durations: a threshold names a percentile, or mean or max.
  ttft,            // first content - intended start
  ttft_service,    // first content - dispatch
  e2e,             // last content - intended start
  e2e_service,     // last content - dispatch
  tpot,            // (last - first content) / (tokens - 1)
  icl,             // gap between content chunks, pooled
  dispatch_delay,  // dispatch - intended start
  queue,           // admission to the engine's batch - dispatch
  prefill,         // first content - admission
  ntpot,           // (last content - dispatch) / tokens
  stall,           // longest gap between content chunks of a request
  cache_hit,       // whole answer from the response cache, from the intended start
  stamp_delay,     // our stamp of a token - the server's own: our measurement error
  ttft_error,      // of it, that of the first token: our ttft - the server's
  gap_error,       // our gap between two tokens less the server's, whichever is longer
  // One number for a run.
  tokens_per_second,
  requests_per_second,
  error_rate,      // (errors + timeouts) / ended requests
  accuracy,        // sampled answers that were the same at rest / those asked again
  goodput,         // requests that met every SLO, per second
  slo_attainment,  // of them, the share among all that were asked
  memory,          // most that an agent's process held, model included
  gpu_memory,      // most that one GPU held, whoever used it
  load_time,       // until the model was ready, of the slowest agent
  speedup,         // tokens_per_second / the median of a baseline's runs
};

inline constexpr std::size_t duration_metric_count = 15;

enum class MetricKind {
  duration,  // a distribution, in seconds
  rate,      // per second
  fraction,  // 0..1
  bytes,
  time,  // one duration for a run, in seconds
  ratio
};

struct MetricDescription {
  Metric metric;
  std::string_view name;  // as scenarios and reports write it
  MetricKind kind;
  std::string_view meaning;  // one line for --help and reports
};

inline constexpr std::array metric_table{
    MetricDescription{Metric::ttft, "ttft", MetricKind::duration,
                      "time to first token, from the intended start"},
    MetricDescription{Metric::ttft_service, "ttft_service", MetricKind::duration,
                      "time to first token, from the dispatch"},
    MetricDescription{Metric::e2e, "e2e", MetricKind::duration,
                      "whole answer, from the intended start"},
    MetricDescription{Metric::e2e_service, "e2e_service", MetricKind::duration,
                      "whole answer, from the dispatch"},
    MetricDescription{Metric::tpot, "tpot", MetricKind::duration,
                      "time per output token after the first"},
    MetricDescription{Metric::icl, "icl", MetricKind::duration, "gap between content chunks"},
    MetricDescription{Metric::dispatch_delay, "dispatch_delay", MetricKind::duration,
                      "how late the load generator was"},
    MetricDescription{Metric::queue, "queue", MetricKind::duration,
                      "wait in the engine before its batch"},
    MetricDescription{Metric::prefill, "prefill", MetricKind::duration,
                      "from admission to the first token"},
    MetricDescription{Metric::ntpot, "ntpot", MetricKind::duration,
                      "whole answer from the dispatch, per output token"},
    MetricDescription{Metric::stall, "stall", MetricKind::duration,
                      "longest gap between a request's content chunks"},
    MetricDescription{Metric::cache_hit, "cache_hit", MetricKind::duration,
                      "whole answer from the response cache, from the intended start"},
    MetricDescription{Metric::stamp_delay, "stamp_delay", MetricKind::duration,
                      "our stamp of a token less the server's own: our measurement error"},
    MetricDescription{Metric::ttft_error, "ttft_error", MetricKind::duration,
                      "our time to first token less the server's own"},
    MetricDescription{Metric::gap_error, "gap_error", MetricKind::duration,
                      "how far our gap between two tokens is from the server's own"},
    MetricDescription{Metric::tokens_per_second, "tokens_per_second", MetricKind::rate,
                      "output tokens per second while measuring"},
    MetricDescription{Metric::requests_per_second, "requests_per_second", MetricKind::rate,
                      "answered requests per second while measuring"},
    MetricDescription{Metric::error_rate, "error_rate", MetricKind::fraction,
                      "failed and timed-out requests among those that ended"},
    MetricDescription{Metric::accuracy, "accuracy", MetricKind::fraction,
                      "sampled answers that were the same when asked again at rest"},
    MetricDescription{Metric::goodput, "goodput", MetricKind::rate,
                      "requests per second that met every SLO of the scenario"},
    MetricDescription{Metric::slo_attainment, "slo_attainment", MetricKind::fraction,
                      "requests that met every SLO, among all that were asked"},
    MetricDescription{Metric::memory, "memory", MetricKind::bytes,
                      "most memory that an agent's process held, model included"},
    MetricDescription{Metric::gpu_memory, "gpu_memory", MetricKind::bytes,
                      "most memory in use on one GPU"},
    MetricDescription{Metric::load_time, "load_time", MetricKind::time,
                      "until the model was ready, on the slowest agent"},
    MetricDescription{Metric::speedup, "speedup", MetricKind::ratio,
                      "tokens per second, as a multiple of a named baseline's median"},
};

const MetricDescription& describe(Metric metric);
std::optional<Metric> find_metric(std::string_view name);

}  // namespace squall::scenarios
