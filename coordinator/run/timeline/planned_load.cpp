#include "coordinator/run/timeline/planned_load.hpp"

#include <algorithm>

namespace squall::coordinator {

PlannedLoad planned_load(const scenarios::Scenario& scenario, nanoseconds from, nanoseconds to) {
  const nanoseconds stop = scenario.phases.warm_up + scenario.phases.measure;
  const auto planned = [&](const scenarios::LoadShape& shape) {
    const auto until = [&](nanoseconds at) {
      return shape.total_until(std::clamp(at, nanoseconds{0}, stop));
    };
    return until(to) - until(from);
  };
  PlannedLoad load;
  if (to <= from) return load;
  if (const auto* users = std::get_if<scenarios::ClosedUsers>(&scenario.load))
    load.users = planned(users->count) / std::chrono::duration<double>(to - from).count();
  else if (const auto* arrivals = std::get_if<scenarios::OpenArrivals>(&scenario.load))
    load.arrivals = planned(arrivals->rate);
  return load;
}

}  // namespace squall::coordinator
