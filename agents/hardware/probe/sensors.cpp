#include "agents/hardware/probe/sensors.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace squall::agents {

namespace {

const std::string supplies = "sys/class/power_supply/";

std::vector<std::string> batteries(const MachineFiles& files) {
  std::vector<std::string> found;
  for (const std::string& name : files.names(supplies)) {
    const std::string folder = supplies + name + '/';
    const bool of_device = files.line(folder + "scope").value_or("System") == "Device";
    if (files.line(folder + "type").value_or("") == "Battery" && !of_device)
      found.push_back(folder);
  }
  return found;
}

// ---- temperature

/// Thousandths of a degree.
void take_hottest(const std::optional<std::int64_t>& reading, std::optional<double>& hottest) {
  if (!reading || !is_plausible_temperature(static_cast<double>(*reading))) return;
  const double degrees = static_cast<double>(*reading) / 1000;
  hottest = std::max(hottest.value_or(degrees), degrees);
}

bool is_processor_chip(const std::string& name) {
  constexpr std::array chips{"coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu"};
  return std::ranges::any_of(chips, [&](const char* chip) { return name.starts_with(chip); });
}

std::optional<double> by_chips(const MachineFiles& files) {
  std::optional<double> hottest;
  const std::string folder = "sys/class/hwmon/";
  for (const std::string& chip : files.names(folder)) {
    if (!is_processor_chip(files.line(folder + chip + "/name").value_or(""))) continue;
    for (const std::string& file : files.names(folder + chip))
      if (file.starts_with("temp") && file.ends_with("_input"))
        take_hottest(files.number(folder + chip + '/' + file), hottest);
  }
  return hottest;
}

/// "x86_pkg_temp", "cpu-0-0-usr", "soc-thermal"; "acpitz" where there is nothing nearer.
std::optional<double> by_zones(const MachineFiles& files) {
  std::optional<double> of_processor, of_board;
  const std::string folder = "sys/class/thermal/";
  for (const std::string& zone : files.names(folder)) {
    const std::string type = files.line(folder + zone + "/type").value_or("");
    const auto reading = files.number(folder + zone + "/temp");
    if (type.find("cpu") != std::string::npos || type.starts_with("soc") ||
        type.find("pkg_temp") != std::string::npos)
      take_hottest(reading, of_processor);
    if (type == "acpitz") take_hottest(reading, of_board);
  }
  return of_processor ? of_processor : of_board;
}

// ---- power

struct EnergyCounter {
  std::int64_t microjoules = 0, range = 0;  // at `range` it begins anew
};

std::vector<EnergyCounter> energy_of_packages(const MachineFiles& files) {
  std::vector<EnergyCounter> counters;
  const std::string folder = "sys/class/powercap/";
  for (const std::string& name : files.names(folder)) {
    if (!files.line(folder + name + "/name").value_or("").starts_with("package")) continue;
    const auto energy = files.number(folder + name + "/energy_uj");
    const auto range = files.number(folder + name + "/max_energy_range_uj");
    if (energy && range && *energy >= 0 && *range > 0) counters.push_back({*energy, *range});
  }
  return counters;
}

std::optional<double> by_energy(const MachineFiles& files,
                                const std::function<std::chrono::nanoseconds()>& wait) {
  const auto before = energy_of_packages(files);
  if (before.empty()) return std::nullopt;
  const double seconds = std::chrono::duration<double>(wait()).count();
  const auto after = energy_of_packages(files);
  if (after.size() != before.size() || seconds <= 0) return std::nullopt;
  double joules = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    std::int64_t used = after[i].microjoules - before[i].microjoules;
    if (used < 0) used += before[i].range;
    if (used < 0) return std::nullopt;
    joules += static_cast<double>(used) * 1e-6;
  }
  return joules / seconds;
}

/// Microwatts, or microamperes and microvolts; some drivers give currents a sign.
std::optional<double> by_batteries(const MachineFiles& files) {
  std::optional<double> watts;
  for (const std::string& battery : batteries(files)) {
    if (files.line(battery + "status").value_or("") != "Discharging") continue;
    const auto power = files.number(battery + "power_now");
    const auto current = files.number(battery + "current_now");
    const auto voltage = files.number(battery + "voltage_now");
    if (power)
      watts = watts.value_or(0) + std::abs(static_cast<double>(*power)) * 1e-6;
    else if (current && voltage)
      watts = watts.value_or(0) +
              std::abs(static_cast<double>(*current)) * 1e-6 * static_cast<double>(*voltage) * 1e-6;
  }
  return watts;
}

}  // namespace

bool has_battery(const MachineFiles& files) { return !batteries(files).empty(); }

std::optional<double> processor_temperature(const MachineFiles& files) {
  const auto chips = by_chips(files);
  return chips ? chips : by_zones(files);
}

std::optional<double> power(const MachineFiles& files,
                            const std::function<std::chrono::nanoseconds()>& wait) {
  const auto counters = by_energy(files, wait);
  return counters ? counters : by_batteries(files);
}

}  // namespace squall::agents
