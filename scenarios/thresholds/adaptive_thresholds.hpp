#pragma once
// From the table of adaptive thresholds to the numbers of one run: base, hardware, model size,
// environment, then what overrides them, each step remembered.

#include <string>
#include <vector>

#include "scenarios/thresholds/resolved_threshold.hpp"
#include "scenarios/thresholds/threshold_table.hpp"

namespace squall::scenarios {

/// What a scenario's [adaptive] says. Absent: found out, or "development".
struct AdaptiveSettings {
  bool wanted = false;  // "adaptive" is among the thresholds
  std::optional<Environment> environment;
  std::optional<HardwareClass> hardware;
  std::optional<ModelSize> model_size;
  std::string file;      // a table whose rules take the place of the shipped ones
  LimitRules overrides;  // source empty, line set
};

/// What a run is about, as far as the table asks.
struct Situation {
  HardwareProfile hardware;  // the reason says where it is known from
  ModelSize model = ModelSize::unknown;
  std::string model_reason;
  Environment environment = Environment::development;
  std::string environment_source = "default";
};

/// Every limit of the table in this situation; those that are off are left out. `overrides` come
/// last, in their order.
std::vector<ResolvedThreshold> resolve_adaptive(const ThresholdTable& table,
                                                const Situation& situation,
                                                const LimitRules& overrides);

/// Applies one more rule to a limit that is resolved already. False: the rule switches it off.
bool apply_override(ResolvedThreshold& resolved, const LimitRule& rule);

/// The figure that a threshold limits, as the table names it; none where the table has no name for
/// it: a limit from the unusual side, or one over stretches.
std::optional<LimitName> limit_name_of(const Threshold& threshold);

}  // namespace squall::scenarios
