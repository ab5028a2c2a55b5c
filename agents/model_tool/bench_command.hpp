#pragma once
// `squall model bench`: how fast this machine runs a model: prefill, decode, many at once.

#include <cstdint>
#include <string>
#include <vector>

#include "agents/model_tool/engine_setup.hpp"

namespace squall::agents {

struct BenchOptions {
  std::string model;
  ComputeOptions compute;
  std::size_t prompt = 512;          // tokens of the prefill measurement
  std::size_t generate = 128;        // steps of the decode measurement
  std::size_t shared_prompt = 64;    // tokens of each prompt where many decode together
  std::size_t shared_generate = 64;  // steps likewise
  std::vector<std::size_t> concurrency{1, 2, 4, 8, 16, 32, 64};
  std::string kv_format = "f16";
  int repetitions = 5;
  std::string json;  // "-": to standard output instead of the table
};

/// Prints medians with the lowest and highest. Throws ModelError.
int bench_command(const BenchOptions& options);

}  // namespace squall::agents
