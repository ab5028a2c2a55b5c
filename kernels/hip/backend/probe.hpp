#pragma once
// Asks the runtime whether this build has code for the device that was chosen.

#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

/// hipErrorNoBinaryForGpu: it has none.
hipError_t look_for_code();

}  // namespace squall::kernels::hip
