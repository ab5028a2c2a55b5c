#pragma once
// A machine and a model's demands as JSON, the same in `squall hardware --json` and in every report
// of a run, and read back from there. What is not known is null, never 0. Sizes in bytes, rates per
// second.

#include <nlohmann/json_fwd.hpp>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::scenarios {

/// With its class, why it is that, and its fingerprint.
nlohmann::ordered_json hardware_json(const HardwareFacts& facts);

nlohmann::ordered_json model_facts_json(const ModelFacts& model);

/// Of an object that the two above wrote, in whatever release: what is missing or of another kind
/// stays unknown.
HardwareFacts hardware_from_json(const nlohmann::json& from);
ModelFacts model_facts_from_json(const nlohmann::json& from);

}  // namespace squall::scenarios
