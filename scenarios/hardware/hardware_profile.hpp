#pragma once
// Which kind of machine it is, which size a model has, and which machines may be compared: the
// rules that adaptive thresholds start from. Pure arithmetic on facts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::scenarios {

enum class HardwareClass : unsigned char {
  gpu_high_end,
  gpu_mid_range,
  gpu_integrated,
  cpu_high_end,
  cpu_mid_range,
  cpu_low_end,
  mobile,
  unknown  // too little could be read; thresholds are conservative and never fail a run
};

enum class ModelSize : unsigned char { tiny, small, medium, large, extra_large, unknown };

/// A class and the rule that led to it, in words: "8 cores and 16 GiB or more".
struct HardwareProfile {
  HardwareClass hardware = HardwareClass::unknown;
  std::string reason;
};

/// What was declared, else the first rule that holds, in the order of the table in
/// docs/hardware.md. What may be used counts (cpu_limit, memory_limit_bytes), not what is there.
HardwareProfile classify(const HardwareFacts& facts);

/// By parameters (tiny < 100 M, small < 1 B, medium < 7 B, large < 30 B); where they are not known,
/// by the file's size and its format's bits per weight.
ModelSize size_of(const ModelFacts& model);

/// "gpu-high-end", "cpu-low-end", "mobile", "unknown"; as files and options write them.
std::string_view name_of(HardwareClass hardware);
std::string_view name_of(ModelSize size);
std::optional<HardwareClass> find_hardware_class(std::string_view name);
std::optional<ModelSize> find_model_size(std::string_view name);

/// 16 hexadecimal digits; equal for machines whose figures may be compared: same processor, cores
/// that may be used, memory (to a power of two), GPUs, kernel's major version. Nothing that changes
/// from run to run is in it.
std::string fingerprint(const HardwareFacts& facts);

/// Of all machines of a run: the only one's, else one over all of them, in the given order. Empty
/// where there is none, or one of them is.
std::string fingerprint_of_all(const std::vector<std::string>& fingerprints);

/// Processors that this process may use at the same time, a second thread of a core not counted,
/// efficiency cores as half: what rules and readers compare. 0: not known.
double usable_cores(const HardwareFacts& facts);

/// 0: not known.
std::uint64_t usable_memory(const HardwareFacts& facts);

}  // namespace squall::scenarios
