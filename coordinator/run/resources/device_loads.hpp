#pragma once
// What embedded engines asked of each device that computed in the measured phase, and what it can
// do at most: the two sides of a ceiling. Formulas: docs/resources.md.

#include <map>
#include <string>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Engines on one device share what it can do.
struct DeviceLoad {
  double bytes = 0, multiply_adds = 0;   // asked for, a second
  double bandwidth = 0, arithmetic = 0;  // ceilings; 0: not measured
  bool measured = false;                 // any engine took part in the phase
  std::string untold;                    // why its ceilings or what is asked is not known
  bool weights_fit_caches = false;       // of any: memory need not be asked for them
  bool weights_may_fit_caches = false;   // of any; nobody tells how large the caches are
};

std::map<ComputingDevice, DeviceLoad> device_loads(const RunRecord& record);

}  // namespace squall::coordinator
