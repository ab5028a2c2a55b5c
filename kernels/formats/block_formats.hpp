#pragma once
// How weights lie in memory, byte for byte as in GGUF files (ggml's block formats).

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace squall::kernels {

enum class Format : std::uint8_t { f32, f16, q8_0, q4_0 };

/// 32 values: value[i] = scale * quants[i].
///   | scale f16 | q0 q1 … q31 (int8) |
struct BlockQ8_0 {
  std::uint16_t scale;  // IEEE half
  std::int8_t quants[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

/// 32 values: value[i] = scale * (nibble[i] - 8); low nibbles hold values 0..15, high 16..31.
///   | scale f16 | v16:v0 v17:v1 … v31:v15 |
struct BlockQ4_0 {
  std::uint16_t scale;  // IEEE half
  std::uint8_t nibbles[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

std::size_t values_per_block(Format format);  // 1 for floats
std::size_t bytes_per_block(Format format);
std::string_view name(Format format);  // "q8_0"

/// Bytes of one row; `columns` must be a multiple of values_per_block(format).
std::size_t bytes_per_row(Format format, std::size_t columns);

}  // namespace squall::kernels
