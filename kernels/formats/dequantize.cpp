#include "kernels/formats/dequantize.hpp"

#include <cassert>
#include <cstring>

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

// Files promise no alignment that would allow to use the structs in place.
template <class Value>
Value load(const std::byte* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// Two values a byte: low nibbles hold values 0 to 15, high ones the others; value i of a block is
/// scale * (quant + offset) + least.
struct NibbleBlock {
  const std::uint8_t* nibbles;
  std::uint32_t fifth_bits;  // bit i belongs to value i
  float scale;
  int offset;
  float least;
};

void spread_nibbles(const NibbleBlock& block, float* values) {
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned nibble = (block.nibbles[i % 16] >> (i / 16 * 4)) & 15U;
    const unsigned quant = nibble | ((block.fifth_bits >> i) & 1U) << 4;
    const float whole = static_cast<float>(static_cast<int>(quant) + block.offset);
    values[i] = whole * block.scale + block.least;
  }
}

}  // namespace

void dequantize_block(const BlockQ8_0& block, float* values) {
  const float scale = half_to_float(block.scale);
  for (std::size_t i = 0; i < 32; ++i) values[i] = scale * static_cast<float>(block.quants[i]);
}

void dequantize_block(const BlockQ4_0& block, float* values) {
  spread_nibbles({block.nibbles, 0, half_to_float(block.scale), -8, 0.0F}, values);
}

void dequantize_block(const BlockQ4_1& block, float* values) {
  spread_nibbles({block.nibbles, 0, half_to_float(block.scale), 0, half_to_float(block.least)},
                 values);
}

void dequantize_block(const BlockQ5_0& block, float* values) {
  std::uint32_t fifth_bits = 0;
  std::memcpy(&fifth_bits, block.high_bits, sizeof fifth_bits);
  spread_nibbles({block.nibbles, fifth_bits, half_to_float(block.scale), -16, 0.0F}, values);
}

void dequantize_block(const BlockQ5_1& block, float* values) {
  std::uint32_t fifth_bits = 0;
  std::memcpy(&fifth_bits, block.high_bits, sizeof fifth_bits);
  spread_nibbles(
      {block.nibbles, fifth_bits, half_to_float(block.scale), 0, half_to_float(block.least)},
      values);
}

namespace {

void dequantize_f16(const std::byte* row, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = half_to_float(load<std::uint16_t>(row + i * sizeof(std::uint16_t)));
  }
}

void dequantize_bf16(const std::byte* row, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = bfloat16_to_float(load<std::uint16_t>(row + i * sizeof(std::uint16_t)));
  }
}

template <class Block, std::size_t values_of_block>
void dequantize_blocks(const std::byte* row, std::span<float> values) {
  for (std::size_t start = 0; start < values.size(); start += values_of_block) {
    dequantize_block(load<Block>(row), values.data() + start);
    row += sizeof(Block);
  }
}

}  // namespace

void dequantize_row(Format format, const std::byte* row, std::span<float> values) {
  assert(values.size() % values_per_block(format) == 0);
  switch (format) {
    case Format::f32:
      std::memcpy(values.data(), row, values.size_bytes());
      return;
    case Format::f16:
      return dequantize_f16(row, values);
    case Format::bf16:
      return dequantize_bf16(row, values);
    case Format::q8_0:
      return dequantize_blocks<BlockQ8_0, 32>(row, values);
    case Format::q4_0:
      return dequantize_blocks<BlockQ4_0, 32>(row, values);
    case Format::q4_1:
      return dequantize_blocks<BlockQ4_1, 32>(row, values);
    case Format::q5_0:
      return dequantize_blocks<BlockQ5_0, 32>(row, values);
    case Format::q5_1:
      return dequantize_blocks<BlockQ5_1, 32>(row, values);
    case Format::q2_k:
      return dequantize_blocks<BlockQ2_K, 256>(row, values);
    case Format::q3_k:
      return dequantize_blocks<BlockQ3_K, 256>(row, values);
    case Format::q4_k:
      return dequantize_blocks<BlockQ4_K, 256>(row, values);
    case Format::q5_k:
      return dequantize_blocks<BlockQ5_K, 256>(row, values);
    case Format::q6_k:
      return dequantize_blocks<BlockQ6_K, 256>(row, values);
    case Format::tq1_0:
      return dequantize_blocks<BlockTQ1_0, 256>(row, values);
    case Format::tq2_0:
      return dequantize_blocks<BlockTQ2_0, 256>(row, values);
    case Format::i2_s:
      return dequantize_blocks<BlockI2_S, 128>(row, values);
  }
  assert(false && "every format is listed above");
}

void dequantize_row(const TensorView& tensor, std::size_t row, std::span<float> values) {
  assert(row < tensor.rows && values.size() == tensor.columns);
  const std::size_t row_bytes = bytes_per_row(tensor.format, tensor.columns);
  dequantize_row(tensor.format, tensor.data + row * row_bytes, values);
  if (tensor.scale == 1.0F) return;
  for (float& value : values) value *= tensor.scale;
}

}  // namespace squall::kernels
