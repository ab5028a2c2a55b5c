#include "agents/resources/machine_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fcntl.h>
#include <sstream>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "agents/hardware/probe/sensors.hpp"

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_file = std::size_t{4} << 20;
constexpr std::uint64_t sector = 512;  // bytes, whatever the disk's own is: iostats.rst

/// Entries of a folder, sorted; none when it cannot be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    entries.push_back(each->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings,
                             [&](std::string_view each) { return text.starts_with(each); });
}

/// One that is stacked on others (a bond, a VLAN, a bridge): what passes it passes them too. For
/// each of them its folder has an entry "lower_NAME".
bool is_stacked(const fs::path& interface) {
  std::error_code error;
  for (fs::directory_iterator each(interface, error), end; !error && each != end;
       each.increment(error))
    if (each->path().filename().native().starts_with("lower_")) return true;
  return false;
}

std::string first_word(const std::string& text) {
  std::string word;
  std::istringstream(text) >> word;
  return word;
}

/// The number behind "Name:", in a file of lines "Name:   123 kB".
std::optional<std::uint64_t> kibibytes_of(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream rest(line.substr(name.size()));
    std::uint64_t kibibytes = 0;
    if (rest >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

nanoseconds ticks(std::uint64_t count) {
  static const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return nanoseconds(static_cast<std::int64_t>(count * (1'000'000'000 / per_second)));
}

/// The numbers of a line "cpu7 user nice system idle iowait irq softirq steal …". Guests are in
/// user and nice already.
std::optional<ProcessorTime> processor_time(std::istream& line) {
  std::array<std::uint64_t, 8> columns{};
  std::size_t told = 0;
  while (told < columns.size() && line >> columns[told]) ++told;
  if (told < 4) return std::nullopt;
  const auto [user, nice, system, idle, waiting, interrupts, soft, stolen] = columns;
  return ProcessorTime{ticks(user + nice + system + interrupts + soft), ticks(idle + waiting),
                       ticks(stolen)};
}

}  // namespace

MachineReader::MachineReader(fs::path root) : root_(std::move(root)) {
  find_temperatures();
  find_frequencies();
  find_disks();
}

const std::string& MachineReader::text_of(const fs::path& path) {
  buffer_.clear();
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return buffer_;
  std::array<char, 16384> part;
  while (buffer_.size() < largest_file) {
    const ssize_t got = ::read(file, part.data(), part.size());
    if (got <= 0) break;
    buffer_.append(part.data(), static_cast<std::size_t>(got));
  }
  close(file);
  return buffer_;
}

std::optional<double> MachineReader::number_in(const fs::path& path) {
  double value = 0;
  std::istringstream text(text_of(path));
  if (!(text >> value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

// ---- what there is

/// The processor's own sensors; where there are none, what thermal zones call the processor or the
/// chip it is on.
void MachineReader::find_temperatures() {
  constexpr std::size_t most = 16;
  for (const fs::path& sensor : entries_of(root_ / "sys/class/hwmon")) {
    const std::string name = first_word(text_of(sensor / "name"));
    if (!begins_with_any(name, {"coretemp", "k10temp", "zenpower", "cpu", "soc"})) continue;
    for (const fs::path& each : entries_of(sensor)) {
      const std::string file = each.filename().string();
      if (file.starts_with("temp") && file.ends_with("_input") && temperatures_.size() < most)
        temperatures_.push_back(each);
    }
  }
  if (!temperatures_.empty()) return;
  for (const fs::path& zone : entries_of(root_ / "sys/class/thermal")) {
    const std::string type = first_word(text_of(zone / "type"));
    if (begins_with_any(type, {"x86_pkg_temp", "cpu", "CPU", "soc", "big", "little", "acpitz"}) &&
        temperatures_.size() < most)
      temperatures_.push_back(zone / "temp");
  }
}

void MachineReader::find_frequencies() {
  std::vector<fs::path> all;
  for (const fs::path& each : entries_of(root_ / "sys/devices/system/cpu")) {
    std::error_code error;
    const fs::path frequency = each / "cpufreq/scaling_cur_freq";
    if (each.filename().string().starts_with("cpu") && fs::exists(frequency, error))
      all.push_back(frequency);
  }
  const std::size_t asked = std::min(all.size(), processors_asked);
  for (std::size_t i = 0; i < asked; ++i) frequencies_.push_back(all[i * all.size() / asked]);
}

/// Partitions are no entries of /sys/block. What is stacked on other disks would count twice.
void MachineReader::find_disks() {
  for (const fs::path& each : entries_of(root_ / "sys/block")) {
    std::string name = each.filename().string();
    if (!begins_with_any(name, {"loop", "ram", "zram", "dm-", "md", "sr", "fd"}))
      disks_.push_back(std::move(name));
  }
}

// ---- reading

MachineReading MachineReader::read() {
  MachineReading reading;
  read_processors(reading);
  read_disks(reading);
  read_interfaces(reading);
  reading.memory_available_bytes = kibibytes_of(text_of(root_ / "proc/meminfo"), "MemAvailable:");
  return reading;
}

void MachineReader::read_processors(MachineReading& reading) {
  std::istringstream lines(text_of(root_ / "proc/stat"));
  for (std::string line; std::getline(lines, line) && line.starts_with("cpu");) {
    std::istringstream numbers(line.substr(3));
    unsigned number = 0;
    if (line.starts_with("cpu ") || !(numbers >> number)) continue;  // the sum of the others
    if (const auto time = processor_time(numbers)) reading.processors.emplace(number, *time);
  }
}

void MachineReader::read_disks(MachineReading& reading) {
  if (disks_.empty()) return;
  std::istringstream lines(text_of(root_ / "proc/diskstats"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    std::uint64_t major = 0, minor = 0, reads = 0, merged = 0, sectors_read = 0, time = 0;
    std::uint64_t writes = 0, writes_merged = 0, sectors_written = 0;
    std::string name;
    columns >> major >> minor >> name >> reads >> merged >> sectors_read >> time >> writes >>
        writes_merged >> sectors_written;
    if (!columns.fail() && std::ranges::find(disks_, name) != disks_.end())
      reading.disks[name] = {sectors_read * sector, sectors_written * sector};
  }
}

void MachineReader::read_interfaces(MachineReading& reading) {
  std::istringstream lines(text_of(root_ / "proc/net/dev"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');  // the two lines of headings have none
    if (colon == std::string::npos) continue;
    std::istringstream columns(line.substr(colon + 1));
    std::array<std::uint64_t, 9> numbers{};  // bytes and seven others received, bytes sent
    std::size_t told = 0;
    while (told < numbers.size() && columns >> numbers[told]) ++told;
    if (told < numbers.size()) continue;
    const std::string name = first_word(line.substr(0, colon));
    // Asked each time: a bridge or a bond may get its members while a run goes on.
    if (!is_stacked(root_ / "sys/class/net" / name))
      reading.interfaces[name] = {numbers.front(), numbers.back()};
  }
}

std::optional<double> MachineReader::temperature() {
  std::optional<double> hottest;
  for (const fs::path& each : temperatures_) {
    const auto thousandths = number_in(each);
    if (thousandths && is_plausible_temperature(*thousandths))
      hottest = std::max(hottest.value_or(*thousandths / 1000), *thousandths / 1000);
  }
  return hottest;
}

std::optional<double> MachineReader::frequency() {
  double sum = 0;
  std::size_t told = 0;
  for (const fs::path& each : frequencies_)
    if (const auto kilohertz = number_in(each)) {
      sum += *kilohertz * 1000;
      ++told;
    }
  if (told > 0) return sum / static_cast<double>(told);
  std::istringstream lines(text_of(root_ / "proc/cpuinfo"));
  for (std::string line; std::getline(lines, line) && told < processors_asked;) {
    const std::size_t colon = line.find(':');
    double megahertz = 0;
    if (!line.starts_with("cpu MHz") || colon == std::string::npos) continue;
    if (!(std::istringstream(line.substr(colon + 1)) >> megahertz)) continue;
    sum += megahertz * 1e6;
    ++told;
  }
  if (told == 0) return std::nullopt;
  return sum / static_cast<double>(told);
}

std::optional<std::uint64_t> MachineReader::proportional_bytes() {
  return kibibytes_of(text_of(root_ / "proc/self/smaps_rollup"), "Pss:");
}

}  // namespace squall::agents
