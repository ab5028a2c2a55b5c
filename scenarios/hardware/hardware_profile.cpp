#include "scenarios/hardware/hardware_profile.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

namespace squall::scenarios {

namespace {

constexpr double gib = 1024.0 * 1024 * 1024;

bool is_arm(const HardwareFacts& facts) {
  return facts.architecture.starts_with("aarch64") || facts.architecture.starts_with("arm");
}

bool has_any(const HardwareFacts& facts, std::initializer_list<std::string_view> wanted) {
  return std::ranges::any_of(wanted, [&](std::string_view name) {
    return std::ranges::find(facts.instruction_sets, name) != facts.instruction_sets.end();
  });
}

bool has_gpu(const HardwareFacts& facts, double least_gib) {
  return std::ranges::any_of(facts.gpus, [&](const GpuFacts& gpu) {
    return !gpu.integrated && gpu.vendor != "emulation" &&
           static_cast<double>(gpu.memory_bytes) >= least_gib * gib;
  });
}

bool has(const HardwareFacts& facts, double cores, double memory_gib) {
  return usable_cores(facts) >= cores &&
         static_cast<double>(usable_memory(facts)) >= memory_gib * gib;
}

struct Rule {
  HardwareClass hardware;
  std::string_view words;
  bool (*holds)(const HardwareFacts& facts);
};

// The table of docs/hardware.md, in its order. Bounds of memory lie below the sizes that are sold,
// because firmware and kernel keep some: a machine of 64 GB tells of about 62 GiB.
constexpr std::array rules{
    Rule{HardwareClass::gpu_high_end, "a GPU with 23 GiB of its own or more",
         [](const HardwareFacts& facts) { return has_gpu(facts, 23); }},
    Rule{HardwareClass::gpu_mid_range, "a GPU with 5.5 GiB of its own or more",
         [](const HardwareFacts& facts) { return has_gpu(facts, 5.5); }},
    Rule{HardwareClass::mobile, "an ARM processor on a battery",
         [](const HardwareFacts& facts) { return is_arm(facts) && facts.battery; }},
    Rule{HardwareClass::mobile, "an ARM processor with efficiency cores and less than 24 GiB",
         [](const HardwareFacts& facts) {
           return is_arm(facts) && facts.efficiency_cores > 0 &&
                  static_cast<double>(usable_memory(facts)) < 24 * gib;
         }},
    Rule{HardwareClass::unknown, "number of cores or size of memory not known",
         [](const HardwareFacts& facts) {
           return usable_cores(facts) <= 0 || usable_memory(facts) == 0;
         }},
    Rule{HardwareClass::cpu_high_end,
         "16 cores and 48 GiB or more, with avx2, avx512_vnni or neon_dot",
         [](const HardwareFacts& facts) {
           return has(facts, 16, 48) && has_any(facts, {"avx2", "avx512_vnni", "neon_dot"});
         }},
    Rule{HardwareClass::gpu_integrated, "a GPU in the processor, with a runtime to compute on it",
         [](const HardwareFacts& facts) {
           return std::ranges::any_of(facts.gpus, [](const GpuFacts& gpu) {
             return gpu.integrated && !gpu.runtime.empty();
           });
         }},
    Rule{HardwareClass::cpu_mid_range,
         "4 cores and 12 GiB or more, with avx2, avx512_vnni or neon_dot",
         [](const HardwareFacts& facts) {
           return has(facts, 4, 12) && has_any(facts, {"avx2", "avx512_vnni", "neon_dot"});
         }},
    Rule{HardwareClass::cpu_low_end, "less than the classes above ask for",
         [](const HardwareFacts&) { return true; }},
};

/// What the rules looked at, so that a reader need not: "2 cores, 23.5 GiB".
std::string what_counted(const HardwareFacts& facts) {
  std::array<char, 96> text{};
  std::string all;
  for (const GpuFacts& gpu : facts.gpus) {
    std::snprintf(text.data(), text.size(), "%.40s with %.3g GiB%s, ", gpu.name.c_str(),
                  static_cast<double>(gpu.memory_bytes) / gib, gpu.integrated ? ", shared" : "");
    all += text.data();
  }
  std::snprintf(text.data(), text.size(), "%.3g core%s%s, %.3g GiB", usable_cores(facts),
                usable_cores(facts) == 1 ? "" : "s",
                facts.efficiency_cores > 0 ? " (efficiency cores count half)" : "",
                static_cast<double>(usable_memory(facts)) / gib);
  return all + text.data();
}

template <class Value>
struct Name {
  Value value;
  std::string_view name;
};

constexpr std::array class_names{
    Name<HardwareClass>{HardwareClass::gpu_high_end, "gpu-high-end"},
    Name<HardwareClass>{HardwareClass::gpu_mid_range, "gpu-mid-range"},
    Name<HardwareClass>{HardwareClass::gpu_integrated, "gpu-integrated"},
    Name<HardwareClass>{HardwareClass::cpu_high_end, "cpu-high-end"},
    Name<HardwareClass>{HardwareClass::cpu_mid_range, "cpu-mid-range"},
    Name<HardwareClass>{HardwareClass::cpu_low_end, "cpu-low-end"},
    Name<HardwareClass>{HardwareClass::mobile, "mobile"},
    Name<HardwareClass>{HardwareClass::unknown, "unknown"},
};

constexpr std::array size_names{
    Name<ModelSize>{ModelSize::tiny, "tiny"},
    Name<ModelSize>{ModelSize::small, "small"},
    Name<ModelSize>{ModelSize::medium, "medium"},
    Name<ModelSize>{ModelSize::large, "large"},
    Name<ModelSize>{ModelSize::extra_large, "extra-large"},
    Name<ModelSize>{ModelSize::unknown, "unknown"},
};

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) {
  return std::ranges::find(names, value, &Name<Value>::value)->name;
}

template <class Value, class Names>
std::optional<Value> value_in(const Names& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &Name<Value>::name);
  return found == names.end() ? std::nullopt : std::optional(found->value);
}

struct BitsPerWeight {
  std::string_view format;
  double bits;
};

// Block sizes of ggml's formats, scales included; int4 and int8 with one scale of 16 bits for 128.
constexpr std::array formats{
    BitsPerWeight{"f32", 32},      BitsPerWeight{"f16", 16},       BitsPerWeight{"bf16", 16},
    BitsPerWeight{"q8_0", 8.5},    BitsPerWeight{"q4_0", 4.5},     BitsPerWeight{"q4_1", 5},
    BitsPerWeight{"q5_0", 5.5},    BitsPerWeight{"q5_1", 6},       BitsPerWeight{"q2_k", 2.625},
    BitsPerWeight{"q3_k", 3.4375}, BitsPerWeight{"q4_k", 4.5},     BitsPerWeight{"q5_k", 5.5},
    BitsPerWeight{"q6_k", 6.5625}, BitsPerWeight{"tq1_0", 1.6875}, BitsPerWeight{"tq2_0", 2.0625},
    BitsPerWeight{"i2_s", 2},      BitsPerWeight{"fp8", 8},        BitsPerWeight{"int8", 8.125},
    BitsPerWeight{"int4", 4.125},
};

double bits_per_weight(const std::string& format) {
  std::string lower = format;
  for (char& letter : lower)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  for (const BitsPerWeight& each : formats)  // "q4_k_m" is a mixture, most of it q4_k
    if (lower.starts_with(each.format)) return each.bits;
  return 0;
}

double parameters_of(const ModelFacts& model) {
  if (model.parameters > 0) return static_cast<double>(model.parameters);
  const double bits = bits_per_weight(model.format);
  return bits > 0 ? static_cast<double>(model.file_bytes) * 8 / bits : 0;
}

// ---- fingerprints

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

/// The nearest power of two, as its exponent: what firmware and kernel keep differs a little from
/// start to start.
int power_of_two(std::uint64_t bytes) {
  int exponent = 0;
  for (double rest = static_cast<double>(bytes); rest > 1.4142135623730951; rest /= 2) ++exponent;
  return exponent;
}

std::string canonical(const GpuFacts& gpu) {
  return "gpu " + gpu.vendor + '|' + gpu.name + '|' + gpu.architecture + '|' +
         std::to_string(power_of_two(gpu.memory_bytes)) + (gpu.integrated ? "|shared" : "") + '\n';
}

}  // namespace

namespace {

/// A limit counts logical processors, of which several share a core: it is counted as a machine
/// that has only these would be. One of them may have its core to itself.
double cores_of_limit(const HardwareFacts& facts) {
  if (facts.cores == 0 || facts.threads <= facts.cores) return facts.cpu_limit;
  return std::max(std::min(facts.cpu_limit, 1.0), facts.cpu_limit * facts.cores / facts.threads);
}

}  // namespace

double usable_cores(const HardwareFacts& facts) {
  double cores = facts.cores > 0 ? facts.cores : facts.threads;
  if (facts.efficiency_cores > 0) cores = facts.performance_cores + 0.5 * facts.efficiency_cores;
  return facts.cpu_limit > 0 ? std::min(cores, cores_of_limit(facts)) : cores;
}

std::uint64_t usable_memory(const HardwareFacts& facts) {
  if (facts.memory_limit_bytes == 0) return facts.memory_bytes;
  if (facts.memory_bytes == 0) return facts.memory_limit_bytes;
  return std::min(facts.memory_bytes, facts.memory_limit_bytes);
}

HardwareProfile classify(const HardwareFacts& facts) {
  if (const auto declared = find_hardware_class(facts.declared_class))
    return {*declared, "declared by whoever runs this machine's agent"};
  const auto rule =
      std::ranges::find_if(rules, [&](const Rule& each) { return each.holds(facts); });
  return {rule->hardware, std::string(rule->words) + "; here: " + what_counted(facts)};
}

ModelSize size_of(const ModelFacts& model) {
  const double parameters = parameters_of(model);
  if (parameters <= 0) return ModelSize::unknown;
  if (parameters < 1e8) return ModelSize::tiny;
  if (parameters < 1e9) return ModelSize::small;
  if (parameters < 7e9) return ModelSize::medium;
  if (parameters < 3e10) return ModelSize::large;
  return ModelSize::extra_large;
}

std::string_view name_of(HardwareClass hardware) { return name_in(class_names, hardware); }
std::string_view name_of(ModelSize size) { return name_in(size_names, size); }

std::optional<HardwareClass> find_hardware_class(std::string_view name) {
  return value_in<HardwareClass>(class_names, name);
}

std::optional<ModelSize> find_model_size(std::string_view name) {
  return value_in<ModelSize>(size_names, name);
}

std::string fingerprint(const HardwareFacts& facts) {
  std::string text = "squall-hardware/1\n" + facts.processor + '|' + facts.architecture + '\n';
  for (const std::uint32_t count :
       {facts.sockets, facts.cores, facts.threads, facts.performance_cores, facts.efficiency_cores})
    text += std::to_string(count) + '|';
  std::array<char, 32> limit{};
  std::snprintf(limit.data(), limit.size(), "%.2f\n", facts.cpu_limit);
  text += limit.data();
  auto sets = facts.instruction_sets;
  std::ranges::sort(sets);
  for (const auto& each : sets) text += each + '|';
  text += '\n' + std::to_string(power_of_two(usable_memory(facts))) + '\n';
  std::vector<std::string> gpus;
  for (const GpuFacts& gpu : facts.gpus) gpus.push_back(canonical(gpu));
  std::ranges::sort(gpus);
  for (const auto& each : gpus) text += each;
  text += "kernel " + facts.kernel.substr(0, facts.kernel.find('.'));
  return hash_of(text);
}

std::string fingerprint_of_all(const std::vector<std::string>& fingerprints) {
  if (fingerprints.empty()) return {};
  std::string text;
  for (const std::string& each : fingerprints) {
    if (each.empty()) return {};
    text += each + '\n';
  }
  return fingerprints.size() == 1 ? fingerprints.front() : hash_of(text);
}

}  // namespace squall::scenarios
