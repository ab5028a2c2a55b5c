#pragma once
// A running test as Prometheus reads it: the text exposition format 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats). Counters are totals of what the
// coordinator has kept, so at the end they are what the report says.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "coordinator/live/live_status.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// One metric: docs/live.md and the Grafana dashboard know them by these names.
struct MetricFamily {
  std::string_view name, type, meaning;
};

/// All of them, in the order in which they are told. Of a histogram the name is what _bucket, _sum
/// and _count follow.
std::span<const MetricFamily> metric_families();

inline constexpr const char* exposition_type = "text/plain; version=0.0.4; charset=utf-8";

/// What is told of the record, copied: so another thread can write it down whenever it is asked.
struct RunTotals {
  struct PhaseTotals {
    actors::Ledger ledger;
    std::map<std::string, std::uint64_t> errors;  // by class as it is told, at most errors_told
    std::uint64_t retried = 0, cached = 0, prompt_tokens = 0, output_tokens = 0;
    actors::Histogram ttft, tpot, e2e;
  };
  static constexpr std::size_t errors_told = 100;

  std::string run, tool_version;
  std::array<PhaseTotals, actors::phase_count> phases;  // indexed by Phase
  nanoseconds loop_lag{0};                              // of the worst agent
  std::uint64_t resident_bytes = 0;                     // of all agents
  std::optional<double> cpu_cores;                      // likewise, in the newest whole second
};

RunTotals run_totals(const RunRecord& record);

/// `exit_code`: none while the run goes on.
std::string exposition(const RunTotals& totals, const LiveStatus& status,
                       std::optional<int> exit_code);

}  // namespace squall::coordinator
