#pragma once
// The options of a command line that say which device computes.

#include <CLI/CLI.hpp>

#include "agents/engine/devices/device_wishes.hpp"

namespace squall::agents {

/// --device, --device-index, --gpu-memory and --require-gpu. `wishes` outlives the parsing.
void add_device_options(CLI::App& command, DeviceWishes& wishes);

}  // namespace squall::agents
