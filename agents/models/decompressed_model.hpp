#pragma once
// A .gguf.gz or .gguf.zst as a plain file that can be mapped: decompressed once into the cache
// directory, found there the next time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace squall::agents {

/// What the name of a model's file may end in: plain, then compressed.
const std::vector<std::string>& model_endings();

/// Against files made to fill the disk: real weights hardly shrink to a half.
struct DecompressionLimits {
  std::uint64_t most_bytes = std::uint64_t{2} << 40;
  std::uint64_t most_ratio = 100;                         // plain to compressed,
  std::uint64_t free_of_ratio = std::uint64_t{64} << 20;  // beyond this many plain bytes
  std::uint64_t spare_bytes = std::uint64_t{256} << 20;   // stay free on the disk
};

/// `file` itself when it is not compressed (its first bytes say so, not its name) or cannot be
/// read; else the plain copy in `cache`/decompressed. `go_on` is asked every few MiB with the plain
/// bytes written so far. Throws ModelError naming the file when it is damaged, cut off, no model
/// inside, beyond the limits, or the disk does not take it; and when `go_on` said no.
std::filesystem::path decompressed_model(const std::filesystem::path& file,
                                         const std::filesystem::path& cache,
                                         const std::function<bool(std::uint64_t)>& go_on = {},
                                         const DecompressionLimits& limits = {});

}  // namespace squall::agents
