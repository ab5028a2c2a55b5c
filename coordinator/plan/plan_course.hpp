#pragma once
// What a capacity plan runs next: the search, then more levels for the scaling law where the search
// left too few, then the soak that confirms the answer. Decisions only; the plan's probes are all
// it goes by, so an interrupted plan goes on where it was.

#include <optional>
#include <string>

#include "coordinator/plan/capacity_plan.hpp"

namespace squall::coordinator {

struct PlannedProbe {
  ProbeRole role = ProbeRole::search;
  double load = 0;
  double measure = 0;  // seconds
  std::string what;    // "probe 5 of at most 12"
};

/// None: the plan is done.
std::optional<PlannedProbe> next_probe(const CapacityPlan& plan);

/// The search with what the plan's probes have shown.
CapacitySearch search_of(const CapacityPlan& plan);

inline constexpr std::size_t most_levels = 6, most_soaks = 3;

/// Seconds that a soak must measure so that early stopping can pass it, had it the violations that
/// a load at soak_share of the capacity has by the search's own estimate; with half as much again.
double soak_length(const CapacityPlan& plan, const CapacityEstimate& estimate);

/// A load that has not been run and that the scaling law wants; none: there are enough.
std::optional<double> missing_level(const CapacityPlan& plan, double capacity);

}  // namespace squall::coordinator
