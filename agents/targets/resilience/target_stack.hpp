#pragma once
// Puts what the scenario asks for before a target:
//
//   response cache -> retries -> circuit breaker -> target
//
// The cache comes first: a hit needs no target, so it neither counts as its health nor as an
// attempt. The breaker comes last: it sees each attempt, not each request, and so opens after as
// many failures as the scenario says, however many requests they belong to; and a retry whose pause
// ends while it is open does not reach a target that is to be spared.

#include <memory>

#include "agents/targets/resilience/forwarding_target.hpp"

namespace squall::agents {

/// Where nothing is asked for this is what `make_target` makes.
std::unique_ptr<Target> make_target_stack(const scenarios::TargetSettings& settings,
                                          TargetEvents events, MakeTarget make_target);

}  // namespace squall::agents
