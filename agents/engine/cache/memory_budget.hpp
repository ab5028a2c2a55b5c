#pragma once
// How much memory may go to keys and values.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace squall::agents {

/// Bytes that this process can still get without swapping or being killed: what the machine has
/// available and what the limits of its control groups (v1 and v2) leave. The root is another than
/// "/" in tests. None: nothing could be read.
std::optional<std::uint64_t> available_memory(const std::filesystem::path& root = "/");

struct KvDemand {
  std::uint64_t page_bytes = 1;
  std::uint64_t most_pages = 1;              // more would never be used
  std::uint64_t wanted_bytes = 0;            // 0: choose
  std::uint64_t weight_bytes = 0;            // of the model; they may not be in memory yet
  std::optional<std::uint64_t> available{};  // available_memory()
};

/// Pages to make: what is wanted in bytes, or else half of what the weights leave of the available
/// memory, and no more than can be used; at least one. Where nobody knows what is available, as
/// many bytes as the weights have. 0: less than one page is wanted.
std::size_t affordable_pages(const KvDemand& demand);

}  // namespace squall::agents
