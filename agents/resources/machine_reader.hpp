#pragma once
// Reads what /proc and /sys say of the machine at one moment: counters since it was started, and
// gauges. Whatever a file does not tell, or is not there for, is absent. One owner.
//
// Formats: proc(5); Linux' Documentation/admin-guide/iostats.rst, hwmon/sysfs-interface.rst and
// cpu-freq. The root is a folder, so that tests can bring a machine of their own.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::agents {

using std::chrono::nanoseconds;

/// One logical processor, or all of them. Waiting for a disk is idleness.
struct ProcessorTime {
  nanoseconds busy{0}, idle{0}, stolen{0};
};

struct TransferCount {
  std::uint64_t in = 0, out = 0;  // bytes: read and written, received and sent
};

struct MachineReading {
  std::map<unsigned, ProcessorTime> processors;  // by number; empty: not told
  std::optional<std::uint64_t> memory_available_bytes;
  std::map<std::string, TransferCount> disks;       // whole ones: no partitions, nothing stacked
  std::map<std::string, TransferCount> interfaces;  // of the network, loopback included,
                                                    // nothing stacked
};

class MachineReader {
 public:
  /// Looks for sensors once; those that come later are not seen.
  explicit MachineReader(std::filesystem::path root = "/");

  MachineReading read();

  // Slow on some machines: to be asked for rarely.

  /// Degrees Celsius, of the hottest sensor of the processor.
  std::optional<double> temperature();
  /// Hertz, the mean over at most `processors_asked` processors.
  std::optional<double> frequency();
  /// PSS of the reading process: it walks all of its page tables.
  std::optional<std::uint64_t> proportional_bytes();

  static constexpr std::size_t processors_asked = 16;

 private:
  const std::string& text_of(const std::filesystem::path& path);  // empty when there is none
  std::optional<double> number_in(const std::filesystem::path& path);
  void find_temperatures();
  void find_frequencies();
  void find_disks();
  void read_processors(MachineReading& reading);
  void read_disks(MachineReading& reading);
  void read_interfaces(MachineReading& reading);

  std::filesystem::path root_;
  std::string buffer_;  // of the newest file
  std::vector<std::filesystem::path> temperatures_, frequencies_;
  std::vector<std::string> disks_;
};

}  // namespace squall::agents
