#pragma once
// `squall model inspect`: what a GGUF file holds, and what it will need in memory.

#include <cstdint>
#include <string>

namespace squall::agents {

struct InspectOptions {
  std::string model;
  bool tensors = false;       // list them all
  bool json = false;          // to standard output, instead of the text
  std::size_t sequences = 1;  // for which memory for keys and values is reckoned
  std::size_t context = 0;    // positions of each; 0: the model's
};

/// Works for models of any architecture; says so when it could not be run. Throws ModelError.
int inspect_command(const InspectOptions& options);

}  // namespace squall::agents
