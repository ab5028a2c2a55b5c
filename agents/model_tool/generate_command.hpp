#pragma once
// `squall model generate`: lets a model write, one prompt, to standard output as it comes.

#include <cstdint>
#include <string>

#include "agents/engine/sampler.hpp"
#include "agents/model_tool/engine_setup.hpp"

namespace squall::agents {

struct GenerateOptions {
  std::string model;
  std::string prompt;
  bool chat = false;          // the prompt is a user's message; in the model's own template
  std::string chat_template;  // instead of the model's own
  std::string system;         // message before it
  std::uint32_t max_tokens = 128;
  SamplerOptions sampling;
  ComputeOptions compute;
  bool ignore_end = false;
  bool ids = false;  // print token ids instead of text
};

/// The text goes to standard output, figures to standard error. Throws ModelError.
int generate_command(const GenerateOptions& options);

}  // namespace squall::agents
