#pragma once
// Explanations as JSON, and what reports and `squall hardware --json` say of machines and models
// read back.

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/thresholds/explanation.hpp"

namespace squall::coordinator {

std::string explanation_json(const ThresholdExplanation& explanation);
std::string list_json();

struct MachineUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct MachineAndModel {
  std::optional<scenarios::HardwareFacts> hardware;
  std::optional<scenarios::ModelFacts> model;
  std::string agent, host;  // whose; empty: of this machine
  std::string model_fingerprint;
  unsigned engine_threads = 0;  // 0: not known
};

/// Of a run's report, one an agent, or of what `squall hardware --json` printed; never empty.
/// Throws MachineUnreadable for anything else.
std::vector<MachineAndModel> machines_of_json(const std::string& text);

}  // namespace squall::coordinator
