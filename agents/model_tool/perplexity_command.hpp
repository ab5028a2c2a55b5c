#pragma once
// `squall model perplexity`: how surprised a model is by a text; the lower, the better it knows it.

#include <filesystem>
#include <string>

#include "agents/model_tool/engine_setup.hpp"

namespace squall::agents {

struct PerplexityOptions {
  std::string model;
  std::filesystem::path text;
  std::size_t window = 0;  // tokens that are predicted from one another; 0: 512, or the model's
                           // context if that is shorter
  ComputeOptions compute;
  std::string kv_format = "f16";
  bool json = false;
};

/// exp(mean of -ln p) over all tokens but the first of each window. Throws ModelError.
int perplexity_command(const PerplexityOptions& options);

}  // namespace squall::agents
