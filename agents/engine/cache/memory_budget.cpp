#include "agents/engine/cache/memory_budget.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "agents/engine/cache/prefix_tree.hpp"

namespace squall::agents {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// The number in a file that holds one; none for "max", or where there is no such file.
std::optional<std::uint64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

/// The number after `name` in a file of lines "name number …".
std::optional<std::uint64_t> number_after(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    std::uint64_t number = 0;
    if (word == name && file >> number) return number;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

/// What the limit of one control group leaves. Cached files count as used there, but are given up
/// before anything is refused.
std::uint64_t left_in_group(const fs::path& group, const char* limit_name, const char* usage_name,
                            const char* cached_name) {
  const auto limit = number_in(group / limit_name);
  const auto usage = number_in(group / usage_name);
  if (!limit || !usage) return unlimited;
  const std::uint64_t cached = number_after(group / "memory.stat", cached_name).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, cached);
  return *limit - std::min(*limit, used);
}

/// The least that `own`, a group's path under `top`, and the groups around it leave.
template <class Left>
std::uint64_t least_on_the_way_up(const fs::path& top, fs::path own, Left left) {
  std::uint64_t least = left(top);
  for (; own.has_relative_path(); own = own.parent_path()) {
    least = std::min(least, left(top / own.relative_path()));
  }
  return least;
}

std::uint64_t left_in_groups(const fs::path& root) {
  std::uint64_t least = unlimited;
  std::ifstream groups(root / "proc/self/cgroup");
  // Lines "0::/path" (v2) and "4:memory:/path" (v1).
  for (std::string line; std::getline(groups, line);) {
    const std::size_t second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) continue;
    const fs::path own = line.substr(second + 1);
    if (line.starts_with("0::")) {
      least = std::min(
          least, least_on_the_way_up(root / "sys/fs/cgroup", own, [](const fs::path& group) {
            return left_in_group(group, "memory.max", "memory.current", "inactive_file");
          }));
    } else if (line.find(":memory:") != std::string::npos) {
      least = std::min(
          least, least_on_the_way_up(root / "sys/fs/cgroup/memory", own, [](const fs::path& group) {
            return left_in_group(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                 "total_inactive_file");
          }));
    }
  }
  return least;
}

}  // namespace

std::optional<std::uint64_t> available_memory(const fs::path& root) {
  const auto kibibytes = number_after(root / "proc/meminfo", "MemAvailable:");
  const std::uint64_t least =
      std::min(kibibytes ? *kibibytes * 1024 : unlimited, left_in_groups(root));
  if (least == unlimited) return std::nullopt;
  return least;
}

std::size_t affordable_pages(const KvDemand& demand) {
  if (demand.wanted_bytes > 0) {
    return std::min<std::uint64_t>(demand.wanted_bytes / demand.page_bytes, no_page - 1);
  }
  const std::uint64_t bytes =
      demand.available ? (*demand.available - std::min(*demand.available, demand.weight_bytes)) / 2
                       : demand.weight_bytes;
  const std::uint64_t pages = std::min(bytes / demand.page_bytes, demand.most_pages);
  return std::clamp<std::uint64_t>(pages, 1, no_page - 1);
}

}  // namespace squall::agents
