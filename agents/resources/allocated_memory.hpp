#pragma once
// What the allocator has given out and not got back, by its own count: steadier than what the
// kernel holds resident, so a leak shows in it first.

#include <cstdint>
#include <optional>

namespace squall::agents {

/// Bytes of all threads; none where the process runs with another allocator than jemalloc.
/// Thread-safe; costs some 10 us.
std::optional<std::uint64_t> allocated_bytes();

}  // namespace squall::agents
