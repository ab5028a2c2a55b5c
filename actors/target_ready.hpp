#pragma once
// What preparing a target told about it. Plain data.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::actors {

struct TargetReady {
  std::string model_name;
  std::string model_fingerprint;
  bool model_is_synthetic = false;
  std::string instruction_set;
  std::uint32_t threads = 0;
  std::chrono::nanoseconds load_time{0};
  std::string model_choice{};  // and who made it: "prefer-real (scenario)"
  std::string model_origin{};  // where the model came from
  std::vector<std::string> warnings{};
  std::string kind{"engine"};                          // "engine", "openai", "simulated"
  bool simulated = false;                              // every output must say so
  std::string origin{};                                // URL without credentials; engine: empty
  std::string token_counts{};                          // how prompt tokens are known
  std::optional<scenarios::ModelFacts> model_facts{};  // none: a server's model
};

}  // namespace squall::actors
