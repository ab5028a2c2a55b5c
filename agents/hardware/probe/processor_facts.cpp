#include "agents/hardware/probe/processor_facts.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "agents/hardware/probe/core_kinds.hpp"
#include "agents/hardware/probe/cpuinfo.hpp"

namespace squall::agents {

using scenarios::HardwareFacts;

namespace {

std::string folder_of(int processor) {
  return "sys/devices/system/cpu/cpu" + std::to_string(processor) + "/";
}

std::string value_of(const CpuInfo::Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

std::string flags_of(const CpuInfo& info) {
  for (const auto& processor : info.processors)
    for (const char* name : {"flags", "Features"})
      if (const std::string flags = value_of(processor, name); !flags.empty())
        return ' ' + flags + ' ';
  return {};
}

bool has_flag(const std::string& flags, const std::string& flag) {
  return flags.find(' ' + flag + ' ') != std::string::npos;
}

/// What detect_cpu_features() asks of the processor itself, by the kernel's word.
kernels::CpuFeatures features_by(const std::string& flags) {
  const auto all = [&](std::initializer_list<const char*> wanted) {
    return std::ranges::all_of(wanted, [&](const char* flag) { return has_flag(flags, flag); });
  };
  kernels::CpuFeatures features;
  features.avx2 = all({"avx2", "fma", "f16c"});
  features.avx512_vnni = features.avx2 && all({"avx512f", "avx512bw", "avx512vl", "avx512_vnni"});
  features.neon = has_flag(flags, "asimd");
  features.neon_dot = has_flag(flags, "asimddp");
  return features;
}

std::vector<std::string> instruction_sets(const kernels::CpuFeatures& features,
                                          const std::string& flags) {
  std::vector<std::string> sets;
  if (features.avx2) sets.emplace_back("avx2");
  if (features.avx512_vnni) sets.emplace_back("avx512_vnni");
  if (features.neon) sets.emplace_back("neon");
  if (features.neon_dot) sets.emplace_back("neon_dot");
  // No kernels of ours use these, but other servers on the machine do.
  for (const char* flag : {"avx_vnni", "avx512_bf16", "amx_int8", "i8mm", "sve"})
    if (has_flag(flags, flag)) sets.emplace_back(flag);
  return sets;
}

std::uint32_t counted(std::size_t items) { return static_cast<std::uint32_t>(items); }

/// By /sys; what it does not tell stays 0.
void count_by_topology(const MachineFiles& files, const std::vector<int>& processors,
                       HardwareFacts& facts) {
  std::set<std::int64_t> packages;
  for (const int processor : processors) {
    const auto package = files.number(folder_of(processor) + "topology/physical_package_id");
    if (package && *package >= 0) packages.insert(*package);
  }
  facts.sockets = counted(packages.size());
  facts.cores = distinct_cores(files, processors);
}

/// By cpuinfo, where /sys is not to be seen. ARM's tells of no cores.
void count_by_cpuinfo(const CpuInfo& info, HardwareFacts& facts) {
  std::set<std::string> packages, cores;
  for (const auto& processor : info.processors) {
    const std::string package = value_of(processor, "physical id");
    const std::string core = value_of(processor, "core id");
    if (package.empty() || core.empty()) continue;
    packages.insert(package);
    cores.insert(package + '/' + core);
  }
  if (facts.sockets == 0) facts.sockets = counted(packages.size());
  if (facts.cores == 0) facts.cores = counted(cores.size());
}

/// "48K", "2048K", "32M".
std::uint64_t cache_bytes(const std::string& text) {
  const bool kilo = text.ends_with('K');
  const bool mega = text.ends_with('M');
  const auto number = whole_number(text.substr(0, text.size() - (kilo || mega ? 1 : 0)));
  constexpr std::int64_t limit = 1LL << 40;
  if (!number || *number < 0 || *number > limit) return 0;
  return static_cast<std::uint64_t>(*number) << (mega ? 20 : kilo ? 10 : 0);
}

struct Cache {
  std::int64_t level = 0;
  std::string type, shared_by;
  std::uint64_t bytes = 0;
};

std::vector<Cache> caches_of(const MachineFiles& files, int processor) {
  std::vector<Cache> caches;
  const std::string folder = folder_of(processor) + "cache/";
  for (const std::string& name : files.names(folder)) {
    if (!name.starts_with("index")) continue;
    const std::string one = folder + name + '/';
    caches.push_back({files.number(one + "level").value_or(0),
                      files.line(one + "type").value_or(""),
                      files.line(one + "shared_cpu_list").value_or(""),
                      cache_bytes(files.line(one + "size").value_or(""))});
  }
  return caches;
}

/// Those of the first processor, one of the fastest; the last level is summed over its socket.
void read_caches(const MachineFiles& files, const std::vector<int>& processors, int first,
                 HardwareFacts& facts) {
  const auto package_of = [&](int processor) {
    return files.number(folder_of(processor) + "topology/physical_package_id").value_or(0);
  };
  for (const Cache& cache : caches_of(files, first)) {
    if (cache.level == 1 && cache.type == "Data") facts.l1_data_bytes = cache.bytes;
    if (cache.level == 2) facts.l2_bytes = cache.bytes;
  }
  std::map<std::string, std::uint64_t> last_level;  // by who shares it
  for (const int processor : processors) {
    if (package_of(processor) != package_of(first)) continue;
    for (const Cache& cache : caches_of(files, processor))
      if (cache.level == 3) last_level[cache.shared_by] = cache.bytes;
  }
  for (const auto& [shared_by, bytes] : last_level) facts.l3_bytes += bytes;
}

std::string governors(const MachineFiles& files, const std::vector<int>& processors) {
  std::set<std::string> names;
  for (const int processor : processors)
    if (auto name = files.line(folder_of(processor) + "cpufreq/scaling_governor"))
      names.insert(*name);
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<int> online_processors(const MachineFiles& files) {
  if (const auto list = files.line("sys/devices/system/cpu/online"))
    if (auto numbers = number_list(*list)) return *numbers;
  std::vector<int> numbers;
  for (const auto& processor : read_cpuinfo(files).processors)
    numbers.push_back(static_cast<int>(whole_number(value_of(processor, "processor")).value_or(0)));
  return numbers;
}

std::string processor_flags(const MachineFiles& files) { return flags_of(read_cpuinfo(files)); }

void read_processor(const MachineFiles& files, const std::optional<kernels::CpuFeatures>& features,
                    HardwareFacts& facts) {
  const CpuInfo info = read_cpuinfo(files);
  const std::vector<int> processors = online_processors(files);
  const std::string flags = flags_of(info);
  facts.processor = processor_name(info, files);
  facts.threads = counted(processors.size());
  count_by_topology(files, processors, facts);
  count_by_cpuinfo(info, facts);
  const CoreKinds kinds = core_kinds(files, processors);
  facts.performance_cores = distinct_cores(files, kinds.performance);
  facts.efficiency_cores = distinct_cores(files, kinds.efficiency);
  facts.instruction_sets = instruction_sets(features.value_or(features_by(flags)), flags);
  if (!processors.empty())
    read_caches(files, processors,
                kinds.performance.empty() ? processors.front() : kinds.performance.front(), facts);
  facts.governor = governors(files, processors);
}

}  // namespace squall::agents
