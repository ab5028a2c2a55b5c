#pragma once
// How many pages of keys and values an engine can have, on all of its backends at once.

#include <cstddef>

#include "agents/engine/devices/engine_backends.hpp"
#include "agents/engine/devices/placement.hpp"
#include "agents/engine/model/model.hpp"

namespace squall::agents {

/// What demand.kv_bytes has room for, or else what each backend can spare for the pages' part that
/// lies there, and no more than most_pages. 0: kv_bytes is less than one page. Throws
/// DeviceOutOfMemory when a device has no room for one page beside its weights.
std::size_t kv_pages(const Model& model, const EngineBackends& backends, const DeviceDemand& demand,
                     std::size_t most_pages);

/// Of all backends' parts together.
std::uint64_t kv_page_bytes(const Model& model, const EngineBackends& backends,
                            kernels::KvFormat format);

}  // namespace squall::agents
