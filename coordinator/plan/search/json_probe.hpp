#pragma once
// A probe read from the JSON report of its run.

#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/plan/search/load_probe.hpp"

namespace squall::coordinator {

/// What stays the same from probe to probe, as the first report tells it.
struct ProbedSystem {
  std::string target_kind, target_origin, model, hardware_fingerprint, tool_version;
  bool simulated = false;
  std::vector<std::string> banners{};  // what the reader must know before any figure
  std::size_t agents = 0;
  std::size_t hosts = 0;                // different machines that agents ran on
  std::vector<std::string> machines{};  // what they are, each once

  friend bool operator==(const ProbedSystem&, const ProbedSystem&) = default;
};

struct ProbeReport {
  LoadProbe probe;  // without role, load and duration, which the search knows
  ProbedSystem system;
  std::vector<std::string> limits;    // by which the load was judged
  std::vector<std::string> left_out;  // thresholds that say nothing of how much is too much
};

/// What is no report of a run, or has no limit to search by. The message says what to do.
struct ProbeUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `kind` says whether requests may pile up. Throws ProbeUnreadable.
ProbeReport probe_of_report(const std::string& json, LoadKind kind);

}  // namespace squall::coordinator
