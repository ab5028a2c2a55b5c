#pragma once
// What `squall hardware` prints: for people, or as JSON.

#include <string>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::agents {

/// Aligned lines; what is not known is left out, and what limits this process says so.
std::string hardware_text(const scenarios::HardwareFacts& facts);

/// Schema "squall-hardware/1": as agents[].hardware of a run's report.
std::string hardware_json_text(const scenarios::HardwareFacts& facts);

}  // namespace squall::agents
