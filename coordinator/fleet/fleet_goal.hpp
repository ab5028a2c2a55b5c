#pragma once
// What a simulated fleet must achieve, and how many machines that takes: bisection over their
// number, each looked at by a simulation.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/metrics/percentile.hpp"
#include "coordinator/fleet/fleet_simulation.hpp"

namespace squall::coordinator {

/// How one threshold fared in a simulation.
struct FleetGoal {
  scenarios::Threshold threshold;
  std::optional<double> predicted;  // unit of the limit; none: a simulation does not tell it
  bool at_least = false;            // it is no better than that
  bool met = false;
};

/// Percentiles, mean and maximum of ttft, e2e, tpot and queue (the _service ones are the same: a
/// simulated load generator is never late); tokens_per_second, requests_per_second, error_rate.
std::vector<FleetGoal> judge_fleet(const FleetResult& result,
                                   const std::vector<scenarios::Threshold>& thresholds);

/// All that can be told are met, and there is at least one.
bool meets(const std::vector<FleetGoal>& goals);

/// A percentile (0 < p < 100) of a duration of the result, with those that got no answer. The
/// interval is that of the sample, as in a report; it says nothing of how right the model is.
actors::PercentileEstimate estimate(const FleetResult& result, const actors::Histogram& durations,
                                    double percentile);

struct FleetProbe {
  std::uint32_t machines = 0;
  bool enough = false;
  FleetResult result;
};

struct MachinesNeeded {
  std::optional<std::uint32_t> machines;  // the smallest number that is enough; none: `most` is not
  std::vector<FleetProbe> probes;         // in the order in which they were looked at
};

/// The smallest number of machines of the first kind (the others stay as they are) that is enough,
/// between 1 and `most`: doubled until it is, then bisected, which takes for granted that more
/// machines are never worse. `enough`: for instance that all thresholds of a scenario are met.
/// `looked`: called after each simulation, for progress; may be empty.
MachinesNeeded machines_for(const scenarios::Scenario& scenario, FleetOptions options,
                            std::uint32_t most,
                            const std::function<bool(const FleetResult&)>& enough,
                            const std::function<void(const FleetProbe&)>& looked = {},
                            std::shared_ptr<const scenarios::Trace> trace = nullptr);

/// The same scenario with another load: so many users from the start on, or arrivals a second.
/// Throws FleetError where the scenario's load is of the other kind.
scenarios::Scenario with_users(scenarios::Scenario scenario, double users);
scenarios::Scenario with_rate(scenarios::Scenario scenario, double arrivals_per_second);

}  // namespace squall::coordinator
