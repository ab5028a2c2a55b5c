#include "kernels/formats/quantize.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

/// 1 / scale, or 0 where a block is so small that its half-precision scale is 0 anyway.
float inverse_or_zero(float scale) {
  const float inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  return std::isfinite(inverse) ? inverse : 0.0F;
}

BlockQ8_0 quantize_block_q8_0(std::span<const float, 32> values) {
  float greatest = 0.0F;
  for (const float value : values) greatest = std::max(greatest, std::abs(value));
  const float scale = greatest / 127.0F;
  const float inverse = inverse_or_zero(scale);
  BlockQ8_0 block{.scale = float_to_half(scale), .quants = {}};
  for (std::size_t i = 0; i < 32; ++i) {
    block.quants[i] = static_cast<std::int8_t>(std::round(values[i] * inverse));
  }
  return block;
}

BlockQ4_0 quantize_block_q4_0(std::span<const float, 32> values) {
  float extreme = 0.0F;  // keeps its sign, so that -8, the range's longer side, holds it exactly
  for (const float value : values) {
    if (std::abs(value) > std::abs(extreme)) extreme = value;
  }
  const float scale = extreme / -8.0F;
  const float inverse = inverse_or_zero(scale);
  const auto nibble = [&](std::size_t i) {
    return std::min(15, static_cast<int>(values[i] * inverse + 8.5F));
  };
  BlockQ4_0 block{.scale = float_to_half(scale), .nibbles = {}};
  for (std::size_t i = 0; i < 16; ++i) {
    block.nibbles[i] = static_cast<std::uint8_t>(nibble(i) | (nibble(i + 16) << 4));
  }
  return block;
}

template <class Quantize>
void write_blocks(std::span<const float> values, std::byte* row, Quantize quantize_block) {
  for (std::size_t start = 0; start < values.size(); start += 32) {
    const auto block = quantize_block(values.subspan(start).first<32>());
    std::memcpy(row, &block, sizeof block);
    row += sizeof block;
  }
}

}  // namespace

void quantize_row(Format format, std::span<const float> values, std::byte* row) {
  assert(values.size() % values_per_block(format) == 0);
  switch (format) {
    case Format::f32:
      std::memcpy(row, values.data(), values.size_bytes());
      return;
    case Format::f16:
      for (const float value : values) {
        const std::uint16_t half = float_to_half(value);
        std::memcpy(row, &half, sizeof half);
        row += sizeof half;
      }
      return;
    case Format::q8_0:
      return write_blocks(values, row, quantize_block_q8_0);
    case Format::q4_0:
      return write_blocks(values, row, quantize_block_q4_0);
  }
  assert(false && "every format is listed above");
}

}  // namespace squall::kernels
