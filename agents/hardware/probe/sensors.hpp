#pragma once
// Battery, temperature and power, as far as the machine lets this process read them.

#include <chrono>
#include <functional>
#include <optional>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

/// Of the machine itself, not of a mouse.
bool has_battery(const MachineFiles& files);

/// A sensor that is off or broken tells nonsense.
constexpr bool is_plausible_temperature(double thousandths_of_a_degree) {
  return thousandths_of_a_degree >= -40'000 && thousandths_of_a_degree <= 150'000 &&
         thousandths_of_a_degree != 0;
}

/// Degrees Celsius, the hottest of the processor's sensors.
std::optional<double> processor_temperature(const MachineFiles& files);

/// Watts: by the energy that the processors' counters (RAPL; mostly for root only) tell before and
/// after `wait`, which tells how long it took; else by a battery that is being emptied.
std::optional<double> power(const MachineFiles& files,
                            const std::function<std::chrono::nanoseconds()>& wait);

}  // namespace squall::agents
