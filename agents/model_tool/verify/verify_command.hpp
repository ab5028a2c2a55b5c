#pragma once
// `squall model verify`: does the engine compute what another one recorded, or says beside it?

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agents/model_tool/engine_setup.hpp"

namespace squall::agents {

/// Limits left out are chosen by the model's formats and the kernels; docs/models.md has the table.
struct VerifyOptions {
  std::string model;
  std::optional<std::filesystem::path> expected;  // recorded outputs, JSON
  std::string reference;                          // a program to run beside; a path
  std::string reference_arguments;  // words; {model}, {prompt}, {tokens} and {threads} are replaced
  std::vector<std::string> prompts{"Once upon a time", "The best way to"};
  std::size_t tokens = 64;  // of each answer
  ComputeOptions compute;
  bool random_weights = false;            // they amplify what quantized activations change
  std::optional<double> log_probability;  // mean absolute difference
  std::optional<double> perplexity;       // relative difference
  std::optional<double> logits;           // greatest absolute difference
  std::optional<double> gap;              // above it, the likeliest token must be the same
  std::optional<double> speed_ratio;      // of the reference's decode rate, at least
  bool json = false;
};

/// 0: within all limits; 10: not. Throws ModelError.
int verify_command(const VerifyOptions& options);

}  // namespace squall::agents
