#pragma once
// What is compared of a run, read from its JSON report: a handful of figures, and everything that
// must be the same for two runs to be comparable.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace squall::coordinator {

struct RunFigures {
  std::string run, started_at, outcome, tool_version;
  // What must be the same (docs/comparison.md). Of several agents: all different values, in order.
  std::string scenario, scenario_hash, model, model_fingerprint, instruction_set, target_kind;
  std::string hardware_fingerprint;  // empty: no agent told
  std::string plan;                  // fingerprint of the load, data included; of all agents
  std::uint64_t seed = 0;
  std::uint64_t agents = 0;
  // "tokens_per_second", "requests_per_second", "error_rate", "accuracy"; and "ttft_p50",
  // "e2e_p99.9", "tpot_mean" of every duration of the measured phase. Seconds, per second, 0..1.
  // What a run does not have, withholds for want of samples, or knows only as "at least", is not
  // in it.
  std::map<std::string, double> figures;
  std::map<std::string, std::string> withheld;  // why, of percentiles: "p99: insufficient (…)"

  bool usable() const {
    return outcome == "pass" || outcome == "fail" || outcome == "inconclusive";
  }
};

struct ReportUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws ReportUnreadable for anything but a report of this tool.
RunFigures figures_of_report(const std::string& json);

}  // namespace squall::coordinator
