// The meaning of q2_k to q6_k. A product's order is (scale of the block * scale of the group) *
// quant in single precision, as everybody evaluates it.

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"
#include "kernels/formats/k_quant_scales.hpp"

namespace squall::kernels {
namespace {

/// Value i of 256 whose quants of 2 bits lie four to a byte, 32 apart.
unsigned two_bits(const std::uint8_t (&quants)[64], std::size_t i) {
  const std::size_t half = i / 128;
  return (quants[half * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3U;
}

/// Value i of 256 whose quants of 4 bits lie two to a byte, 32 apart.
unsigned nibble(const std::uint8_t (&nibbles)[128], std::size_t i) {
  return (nibbles[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4)) & 15U;
}

}  // namespace

void dequantize_block(const BlockQ2_K& block, float* values) {
  const float scale = half_to_float(block.scale);
  const float least = half_to_float(block.least);
  for (std::size_t g = 0; g < 16; ++g) {
    const float group_scale = scale * static_cast<float>(block.scales[g] & 15U);
    const float group_least = least * static_cast<float>(block.scales[g] >> 4U);
    for (std::size_t i = g * 16; i < g * 16 + 16; ++i) {
      values[i] = group_scale * static_cast<float>(two_bits(block.quants, i)) - group_least;
    }
  }
}

void dequantize_block(const BlockQ3_K& block, float* values) {
  const float scale = half_to_float(block.scale);
  const SignedGroupScales scales = unpack_signed_group_scales(block.scales);
  for (std::size_t g = 0; g < 16; ++g) {
    const float group_scale = scale * static_cast<float>(scales.scale[g]);
    for (std::size_t i = g * 16; i < g * 16 + 16; ++i) {
      const unsigned third = (block.high_bits[i % 32] >> (i / 32)) & 1U;
      const int quant = static_cast<int>(two_bits(block.quants, i) | third << 2) - 4;
      values[i] = group_scale * static_cast<float>(quant);
    }
  }
}

void dequantize_block(const BlockQ4_K& block, float* values) {
  const float scale = half_to_float(block.scale);
  const float least = half_to_float(block.least);
  const GroupScales scales = unpack_group_scales(block.scales);
  for (std::size_t g = 0; g < 8; ++g) {
    const float group_scale = scale * static_cast<float>(scales.scale[g]);
    const float group_least = least * static_cast<float>(scales.least[g]);
    for (std::size_t i = g * 32; i < g * 32 + 32; ++i) {
      values[i] = group_scale * static_cast<float>(nibble(block.nibbles, i)) - group_least;
    }
  }
}

void dequantize_block(const BlockQ5_K& block, float* values) {
  const float scale = half_to_float(block.scale);
  const float least = half_to_float(block.least);
  const GroupScales scales = unpack_group_scales(block.scales);
  for (std::size_t g = 0; g < 8; ++g) {
    const float group_scale = scale * static_cast<float>(scales.scale[g]);
    const float group_least = least * static_cast<float>(scales.least[g]);
    for (std::size_t i = g * 32; i < g * 32 + 32; ++i) {
      const unsigned fifth = (block.high_bits[i % 32] >> g) & 1U;
      const unsigned quant = nibble(block.nibbles, i) | fifth << 4;
      values[i] = group_scale * static_cast<float>(quant) - group_least;
    }
  }
}

void dequantize_block(const BlockQ6_K& block, float* values) {
  const float scale = half_to_float(block.scale);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t half = i / 128;
    const std::size_t quarter = i % 128 / 32;
    const std::size_t j = i % 32;
    const unsigned byte = block.low[half * 64 + quarter % 2 * 32 + j];
    const unsigned low = (byte >> (quarter / 2 * 4)) & 15U;
    const unsigned high = (block.high[half * 32 + j] >> (quarter * 2)) & 3U;
    const int quant = static_cast<int>(low | high << 4) - 32;
    values[i] = scale * static_cast<float>(block.scales[i / 16]) * static_cast<float>(quant);
  }
}

}  // namespace squall::kernels
