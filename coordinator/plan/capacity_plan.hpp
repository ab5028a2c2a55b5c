#pragma once
// A capacity plan: what was asked of which system, and every probe. All findings follow from it
// (capacity_findings.hpp), so it is what is written down, resumed and read again.

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/plan/search/capacity_search.hpp"
#include "coordinator/plan/search/json_probe.hpp"
#include "coordinator/plan/search/load_probe.hpp"

namespace squall::coordinator {

struct CapacityPlan {
  std::string id, started_at, tool_version;

  // ---- what was asked
  std::string scenario, scenario_file, scenario_hash, scenario_text;
  std::uint64_t seed = 0;
  std::vector<std::string> settings{};   // changes of the scenario that all probes have
  std::vector<std::string> passed_on{};  // what else `squall run` was given: agents, keys
  LoadKind kind = LoadKind::users;
  std::string arrivals{};           // how requests come: "poisson"; users: empty
  double think_time = 0;            // seconds, mean; users only
  bool conversations = false;       // of more than one turn
  double warm_up = 0, measure = 0;  // seconds of a probe
  SearchRules rules{};
  bool with_levels = true;  // for the scaling law
  double soak_seconds = 0;  // measured, at least; 0: as long as needed
  std::string machine_kind = "machine";
  std::uint32_t machines = 1;  // that answered together

  // ---- what came of it
  ProbedSystem system{};
  std::vector<std::string> limits{}, left_out{};
  std::vector<LoadProbe> probes{};  // in the order in which they were run
  bool finished = false;
  std::string ending{};  // why it ended before it was finished; empty: it did not
};

/// "users", "requests/s".
inline const char* unit_of(LoadKind kind) {
  return kind == LoadKind::users ? "users" : "requests/s";
}

}  // namespace squall::coordinator
