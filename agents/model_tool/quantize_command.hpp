#pragma once
// `squall model quantize`: writes a model again with its matrices in smaller formats.

#include <cstdint>
#include <filesystem>
#include <string>

namespace squall::agents {

struct QuantizeOptions {
  std::string input;
  std::filesystem::path output;
  std::string format;          // of the matrices, or a mixture; empty with `dynamic`
  bool dynamic = false;        // a format for each tensor, by measured error
  std::uint64_t budget = 0;    // bytes that all matrices may have, for `dynamic`
  double bits_per_weight = 0;  // the same, otherwise said
  bool requantize = false;     // take matrices that are quantized already
  bool force = false;          // replace a file that is there
  std::size_t threads = 1;
};

/// Metadata and vectors stay as they are. Prints what became of each tensor. Throws ModelError.
int quantize_command(const QuantizeOptions& options);

}  // namespace squall::agents
