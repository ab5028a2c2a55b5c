#pragma once
// Compressed bytes in, plain bytes out, a piece at a time and without end limits of its own:
// decompressed_model sets those.

#include <cstddef>
#include <memory>
#include <span>

namespace squall::agents {

class Decompressor {
 public:
  struct Step {
    std::size_t consumed = 0, produced = 0;
  };

  virtual ~Decompressor() = default;

  /// Does what fits into `out`. Throws ModelError when the input is damaged.
  virtual Step run(std::span<const std::byte> in, std::span<std::byte> out) = 0;

  /// Whether the input may end here: what has begun is complete.
  virtual bool complete() const = 0;
};

/// gzip (RFC 1952), of one or several members.
std::unique_ptr<Decompressor> make_gzip_decompressor();

/// Zstandard (RFC 8878), of one or several frames.
std::unique_ptr<Decompressor> make_zstd_decompressor();

}  // namespace squall::agents
