#include "agents/hardware/probe/container_limits.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> lines_of(const MachineFiles& files, const char* path) {
  std::istringstream stream(files.text(path).value_or(""));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

bool lists(const std::string& items, std::string_view item) {
  return (',' + items + ',').find(',' + std::string(item) + ',') != std::string::npos;
}

/// One mounted hierarchy of cgroups.
struct Mount {
  fs::path at;       // "sys/fs/cgroup", without the leading slash
  std::string root;  // which group of the hierarchy is seen there: "/", "/docker/4f2a"
};

/// proc(5), mountinfo: "36 35 0:26 ROOT AT options … - TYPE source SUPER,OPTIONS". `controller`:
/// of version 1; empty: the mount of version 2.
std::optional<Mount> mount_of(const MachineFiles& files, std::string_view controller) {
  for (const std::string& line : lines_of(files, "proc/self/mountinfo")) {
    const auto words = words_of(line);
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    const bool wanted = controller.empty() ? dash[1] == "cgroup2"
                                           : dash[1] == "cgroup" && lists(dash[3], controller);
    if (wanted && words[4].starts_with('/')) return Mount{words[4].substr(1), words[3]};
  }
  return std::nullopt;
}

/// cgroups(7): "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
std::optional<std::string> group_of(const MachineFiles& files, std::string_view controller) {
  for (const std::string& line : lines_of(files, "proc/self/cgroup")) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : lists(controllers, controller))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The folders of the process's own group and of those above it that can be seen, own first.
std::vector<fs::path> group_folders(const MachineFiles& files, std::string_view controller) {
  const auto mount = mount_of(files, controller);
  auto group = group_of(files, controller);
  if (!mount || !group) return {};
  // In a container that sees only its own part, that part is the mount's root.
  if (mount->root != "/" && group->starts_with(mount->root)) group->erase(0, mount->root.size());
  if (group->find("..") != std::string::npos) group->clear();  // beyond what is seen here
  fs::path below = fs::path(*group).relative_path();
  if (!files.exists(mount->at / below)) below.clear();
  std::vector<fs::path> folders;
  for (; !below.empty(); below = below.parent_path()) folders.push_back(mount->at / below);
  folders.push_back(mount->at);
  return folders;
}

template <class Value>
void tighten(Value& limit, Value with) {
  if (with > 0 && (limit == 0 || with < limit)) limit = with;
}

double share(const std::optional<std::int64_t>& quota, const std::optional<std::int64_t>& period) {
  return quota && period && *quota > 0 && *period > 0
             ? static_cast<double>(*quota) / static_cast<double>(*period)
             : 0;
}

void read_version_2(const MachineFiles& files, ContainerLimits& limits) {
  for (const fs::path& folder : group_folders(files, "")) {
    const auto words = words_of(files.line(folder / "cpu.max").value_or(""));  // "max 100000"
    if (words.size() == 2)
      tighten(limits.processors, share(whole_number(words[0]), whole_number(words[1])));
    const auto memory = files.number(folder / "memory.max");  // "max" is no number
    if (memory && *memory > 0) tighten(limits.memory_bytes, static_cast<std::uint64_t>(*memory));
  }
}

void read_version_1(const MachineFiles& files, ContainerLimits& limits) {
  for (const fs::path& folder : group_folders(files, "cpu"))
    tighten(limits.processors, share(files.number(folder / "cpu.cfs_quota_us"),
                                     files.number(folder / "cpu.cfs_period_us")));
  for (const fs::path& folder : group_folders(files, "memory")) {
    const auto memory = files.number(folder / "memory.limit_in_bytes");
    if (memory && *memory > 0) tighten(limits.memory_bytes, static_cast<std::uint64_t>(*memory));
  }
}

/// How many of the machine's processors this process may run on; 0: not told.
std::size_t allowed_processors(const MachineFiles& files, const std::vector<int>& online) {
  constexpr std::string_view name = "Cpus_allowed_list:";
  for (const std::string& line : lines_of(files, "proc/self/status")) {
    if (!line.starts_with(name)) continue;
    const auto allowed = number_list(std::string_view(line).substr(name.size()));
    if (!allowed) return 0;
    return static_cast<std::size_t>(std::ranges::count_if(
        *allowed, [&](int each) { return std::ranges::find(online, each) != online.end(); }));
  }
  return 0;
}

}  // namespace

ContainerLimits container_limits(const MachineFiles& files, const std::vector<int>& online,
                                 std::uint64_t memory_bytes) {
  ContainerLimits limits;
  read_version_2(files, limits);
  read_version_1(files, limits);
  tighten(limits.processors, static_cast<double>(allowed_processors(files, online)));
  if (!online.empty() && limits.processors >= static_cast<double>(online.size()))
    limits.processors = 0;
  if (memory_bytes > 0 && limits.memory_bytes >= memory_bytes) limits.memory_bytes = 0;
  return limits;
}

}  // namespace squall::agents
