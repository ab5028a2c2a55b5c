#pragma once
// `squall model synth`: writes a model of random weights, of any shape and format, as a GGUF file.

#include <cstdint>
#include <filesystem>
#include <string>

namespace squall::agents {

/// Numbers left at 0 are those of the named shape.
struct SynthOptions {
  std::string shape = "llama-135m";
  std::string format = "q8_0";
  std::filesystem::path output;
  std::size_t layers = 0, dimension = 0, feed_forward = 0, heads = 0, kv_heads = 0;
  std::size_t vocabulary = 0, context = 0;
  std::uint64_t seed = 1;
  bool force = false;  // replace a file that is there
};

/// The same options give the same bytes on every machine; nothing larger than a few MiB is held in
/// memory. Throws ModelError.
int synth_command(const SynthOptions& options);

}  // namespace squall::agents
