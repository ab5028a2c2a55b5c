#pragma once
// Picks the instruction set that this machine runs fastest, or the one that was asked for.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.hpp"

namespace squall::kernels {

/// Names of the CPU kernels that this machine can run, best first; the last is "reference".
std::vector<std::string_view> runnable_instruction_sets();

struct CpuBackendOptions {
  std::size_t threads = 1;           // the caller's included; at least 1
  bool pin_threads = false;          // the backend's own, each to a core, the fastest first
  std::string_view instruction_set;  // as below
};

/// Throws as the function below does.
std::unique_ptr<Backend> make_cpu_backend(const CpuBackendOptions& options);

/// `instruction_set`: one of runnable_instruction_sets(), or empty for the environment's
/// SQUALL_INSTRUCTION_SET, else the best. `threads`: at least 1.
/// Throws std::invalid_argument naming what can be had when the wish cannot be met.
std::unique_ptr<Backend> make_cpu_backend(std::size_t threads,
                                          std::string_view instruction_set = {});

}  // namespace squall::kernels
