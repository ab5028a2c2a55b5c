#pragma once
// The target that a scenario names, with everything before it that the scenario wants.

#include "agents/models/download.hpp"
#include "agents/targets/target.hpp"

namespace squall::agents {

/// What the scenario, a file that it names, or the machine does not allow; for the user to mend.
struct TargetError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// May take long: models are loaded, and downloaded if need be, as `downloads` has it but for the
/// seed. Throws TargetError, or what else went wrong.
std::unique_ptr<Target> make_target(const scenarios::Scenario& scenario,
                                    const TargetSurroundings& surroundings, TargetEvents events,
                                    const DownloadContext& downloads = {});

}  // namespace squall::agents
