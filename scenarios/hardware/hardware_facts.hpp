#pragma once
// What a machine is, as an agent found it: plain facts and measured ceilings, without judgement
// (hardware_profile has that). Whatever could not be read is 0 or empty and never guessed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall::scenarios {

struct GpuFacts {
  std::string name, vendor;          // "AMD", "NVIDIA"; "emulation": it is no hardware
  std::string driver, runtime;       // versions; empty: not told
  std::string architecture;          // "gfx942", "sm_90"
  std::uint64_t memory_bytes = 0;    // own memory
  bool integrated = false;           // shares the processor's memory
  double copy_bytes_per_second = 0;  // read and written, measured on the device; 0: not measured
  double matrix_per_second = 0;      // multiply-adds of half precision; 0: not measured
  std::string address;               // on the PCI bus, "0000:c1:00.0"; empty: not told
  friend bool operator==(const GpuFacts&, const GpuFacts&) = default;
};

/// How fast `threads` threads together read memory far larger than the caches.
struct BandwidthCeiling {
  std::uint32_t threads = 0;
  double bytes_per_second = 0;
  friend bool operator==(const BandwidthCeiling&, const BandwidthCeiling&) = default;
};

/// Measured in about two seconds; empty and 0 where nothing was measured.
struct MeasuredCeilings {
  std::vector<BandwidthCeiling> bandwidth;  // by rising number of threads
  std::uint32_t threads = 0;                // of the two below
  double int8_per_second = 0;   // multiply-adds of 8-bit integers, by the kernels that will run
  double float_per_second = 0;  // multiply-adds of 32-bit floats
  double int8_of_one_thread = 0, float_of_one_thread = 0;  // likewise

  double best_bandwidth() const {
    double best = 0;
    for (const auto& each : bandwidth)
      best = each.bytes_per_second > best ? each.bytes_per_second : best;
    return best;
  }
  friend bool operator==(const MeasuredCeilings&, const MeasuredCeilings&) = default;
};

struct HardwareFacts {
  std::string processor;                              // "AMD EPYC 7R13 Processor"
  std::string architecture;                           // "x86_64", "aarch64"
  std::uint32_t sockets = 0, cores = 0, threads = 0;  // of the machine; threads: logical processors
  std::uint32_t performance_cores = 0, efficiency_cores = 0;  // both 0: all are alike, or unknown
  std::vector<std::string> instruction_sets;  // those that matter here: "avx2", "avx512_vnni"
  std::uint64_t l1_data_bytes = 0, l2_bytes = 0, l3_bytes = 0;  // of one core, core, socket
  std::uint64_t memory_bytes = 0, memory_free_bytes = 0;
  std::vector<GpuFacts> gpus;

  // What this process may use of it; 0: no limit.
  double cpu_limit = 0;  // logical processors, by cgroup or affinity
  std::uint64_t memory_limit_bytes = 0;

  std::string kernel;          // "6.1.0-18-amd64"
  std::string governor;        // "performance"; empty: not told
  std::string virtualization;  // "kvm", "container", "none"; empty: not known
  bool battery = false;
  std::string declared_class;  // "cpu-high-end": who runs the agent says so; empty: by the facts
  std::optional<double> temperature;  // degrees Celsius, the hottest sensor of the processor
  std::optional<double> power;        // watts, of the processor or the whole machine

  MeasuredCeilings ceilings;
  friend bool operator==(const HardwareFacts&, const HardwareFacts&) = default;
};

/// What a model asks of the machine, for a roofline; 0: not known (a server's model).
struct ModelFacts {
  std::uint64_t parameters = 0;
  std::uint64_t file_bytes = 0;
  std::string format;                      // "q4_0", the format of most weights
  std::uint64_t weight_bytes = 0;          // read once in each step of decoding, whatever the batch
  std::uint64_t multiply_adds = 0;         // for each token, attention left out
  std::uint64_t kv_bytes = 0;              // read for each token and position before it
  std::uint64_t output_multiply_adds = 0;  // of multiply_adds: a prompt's last token alone has them
  bool on_gpu = false;                     // a GPU computes layers: the CPU's ceilings are not its
  bool hybrid = false;                     // and the CPU has the others
  std::string gpu;                         // what the engine calls it, its name among other words
  std::string gpu_address;                 // GpuFacts::address of that; empty: not told
  friend bool operator==(const ModelFacts&, const ModelFacts&) = default;
};

}  // namespace squall::scenarios
