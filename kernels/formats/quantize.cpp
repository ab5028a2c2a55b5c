#include "kernels/formats/quantize.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

// Below this a half has less than 7 significant bits.
constexpr float least_good_half = 0x1p-18F;

/// A number as a half, and as quants are chosen with it: exact, but where halves do not hold it
/// well the quants make the best of what is stored.
struct HalfNumber {
  explicit HalfNumber(float exact) : HalfNumber(exact, float_to_finite_half(exact)) {}
  HalfNumber(float exact, std::uint16_t stored) : half(stored), value(exact) {
    const float magnitude = std::abs(exact);
    if (magnitude < least_good_half || magnitude > 65504.0F) value = half_to_float(half);
  }
  float inverse() const { return value != 0.0F ? 1.0F / value : 0.0F; }

  std::uint16_t half;
  float value;
};

/// Small scales are rounded away from 0, so that the quants' range covers the values.
HalfNumber scale_number(float exact) {
  std::uint16_t half = float_to_finite_half(exact);
  const float magnitude = std::abs(exact);
  if (magnitude < least_good_half && std::abs(half_to_float(half)) < magnitude) ++half;
  return {exact, half};
}

struct Extremes {
  float least, greatest;
  float farthest;  // from 0, with its sign
};

Extremes extremes(const float* values) {
  const auto [least, greatest] = std::minmax_element(values, values + 32);
  float farthest = 0.0F;  // the first of equals
  for (std::size_t i = 0; i < 32; ++i) {
    if (std::abs(values[i]) > std::abs(farthest)) farthest = values[i];
  }
  return {*least, *greatest, farthest};
}

/// The least float is at most as far below the greatest as a float can tell.
float width(const Extremes& range) {
  return std::min(range.greatest - range.least, std::numeric_limits<float>::max());
}

/// Cut off to a whole number within 0 to highest.
unsigned cut_off(float value, int highest) {
  return static_cast<unsigned>(std::clamp(value, 0.0F, static_cast<float>(highest)));
}

/// The low nibbles of quants 0 to 15 beside those of quants 16 to 31.
void pack_nibbles(const unsigned* quants, std::uint8_t (&nibbles)[16]) {
  for (std::size_t i = 0; i < 16; ++i) {
    nibbles[i] = static_cast<std::uint8_t>((quants[i] & 15U) | (quants[i + 16] & 15U) << 4);
  }
}

void pack_fifth_bits(const unsigned* quants, std::uint8_t (&bits)[4]) {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < 32; ++i) all |= quants[i] >> 4 << i;
  std::memcpy(bits, &all, sizeof all);
}

/// quant = value / scale + middle, rounded; the value farthest from 0 is at the range's lower end,
/// the longer side, and so exact.
HalfNumber quantize_around_zero(const float* values, int middle, unsigned* quants) {
  const HalfNumber scale = scale_number(extremes(values).farthest / static_cast<float>(-middle));
  const float inverse = scale.inverse();
  for (std::size_t i = 0; i < 32; ++i) {
    quants[i] = cut_off(values[i] * inverse + static_cast<float>(middle) + 0.5F, 2 * middle - 1);
  }
  return scale;
}

struct ScaleAndLeast {
  HalfNumber scale;
  HalfNumber least;
};

/// quant = (value - least) / scale, rounded
ScaleAndLeast quantize_from_least(const float* values, int highest, unsigned* quants) {
  const Extremes range = extremes(values);
  const HalfNumber scale = scale_number(width(range) / static_cast<float>(highest));
  const HalfNumber least(range.least);
  const float inverse = scale.inverse();
  for (std::size_t i = 0; i < 32; ++i) {
    quants[i] = cut_off((values[i] - least.value) * inverse + 0.5F, highest);
  }
  return {scale, least};
}

}  // namespace

void quantize_block(const float* values, BlockQ8_0& block) {
  const HalfNumber scale = scale_number(std::abs(extremes(values).farthest) / 127.0F);
  const float inverse = scale.inverse();
  block.scale = scale.half;
  for (std::size_t i = 0; i < 32; ++i) {
    block.quants[i] =
        static_cast<std::int8_t>(std::round(std::clamp(values[i] * inverse, -127.0F, 127.0F)));
  }
}

void quantize_block(const float* values, BlockQ4_0& block) {
  unsigned quants[32];
  block.scale = quantize_around_zero(values, 8, quants).half;
  pack_nibbles(quants, block.nibbles);
}

void quantize_block(const float* values, BlockQ4_1& block) {
  unsigned quants[32];
  const ScaleAndLeast found = quantize_from_least(values, 15, quants);
  block.scale = found.scale.half;
  block.least = found.least.half;
  pack_nibbles(quants, block.nibbles);
}

void quantize_block(const float* values, BlockQ5_0& block) {
  unsigned quants[32];
  block.scale = quantize_around_zero(values, 16, quants).half;
  pack_nibbles(quants, block.nibbles);
  pack_fifth_bits(quants, block.high_bits);
}

void quantize_block(const float* values, BlockQ5_1& block) {
  unsigned quants[32];
  const ScaleAndLeast found = quantize_from_least(values, 31, quants);
  block.scale = found.scale.half;
  block.least = found.least.half;
  pack_nibbles(quants, block.nibbles);
  pack_fifth_bits(quants, block.high_bits);
}

namespace {

template <class Block, std::size_t values_of_block>
void write_blocks(std::span<const float> values, std::byte* row) {
  for (std::size_t start = 0; start < values.size(); start += values_of_block) {
    Block block;
    quantize_block(values.data() + start, block);
    std::memcpy(row, &block, sizeof block);
    row += sizeof block;
  }
}

void write_i2_s(std::span<const float> values, float scale, std::byte* row) {
  for (std::size_t start = 0; start < values.size(); start += 128) {
    BlockI2_S block;
    quantize_block(values.data() + start, scale, block);
    std::memcpy(row, &block, sizeof block);
    row += sizeof block;
  }
}

template <std::uint16_t (*convert)(float)>
void write_halves(std::span<const float> values, std::byte* row) {
  for (const float value : values) {
    const std::uint16_t half = convert(value);
    std::memcpy(row, &half, sizeof half);
    row += sizeof half;
  }
}

}  // namespace

void quantize_row(Format format, std::span<const float> values, std::byte* row) {
  assert(values.size() % values_per_block(format) == 0);
  assert(std::ranges::all_of(values, [](float value) { return std::isfinite(value); }));
  switch (format) {
    case Format::f32:
      std::memcpy(row, values.data(), values.size_bytes());
      return;
    case Format::f16:
      return write_halves<float_to_finite_half>(values, row);
    case Format::bf16:
      return write_halves<float_to_finite_bfloat16>(values, row);
    case Format::q8_0:
      return write_blocks<BlockQ8_0, 32>(values, row);
    case Format::q4_0:
      return write_blocks<BlockQ4_0, 32>(values, row);
    case Format::q4_1:
      return write_blocks<BlockQ4_1, 32>(values, row);
    case Format::q5_0:
      return write_blocks<BlockQ5_0, 32>(values, row);
    case Format::q5_1:
      return write_blocks<BlockQ5_1, 32>(values, row);
    case Format::q2_k:
      return write_blocks<BlockQ2_K, 256>(values, row);
    case Format::q3_k:
      return write_blocks<BlockQ3_K, 256>(values, row);
    case Format::q4_k:
      return write_blocks<BlockQ4_K, 256>(values, row);
    case Format::q5_k:
      return write_blocks<BlockQ5_K, 256>(values, row);
    case Format::q6_k:
      return write_blocks<BlockQ6_K, 256>(values, row);
    case Format::tq1_0:
      return write_blocks<BlockTQ1_0, 256>(values, row);
    case Format::tq2_0:
      return write_blocks<BlockTQ2_0, 256>(values, row);
    case Format::i2_s:
      return write_i2_s(values, best_ternary_scale(values.data(), values.size()), row);
  }
  assert(false && "every format is listed above");
}

TensorView quantize_matrix(Format format, std::span<const float> values, std::size_t rows,
                           std::size_t columns, std::span<std::byte> bytes) {
  assert(values.size() == rows * columns);
  assert(bytes.size() == bytes_per_matrix(format, rows, columns));
  TensorView matrix{.format = format, .rows = rows, .columns = columns, .data = bytes.data()};
  if (format == Format::i2_s) {
    matrix.scale = best_ternary_scale(values.data(), values.size());
    write_i2_s(values, matrix.scale, bytes.data());
    const std::span<std::byte> tail = bytes.last(i2_s_scale_bytes);
    std::ranges::fill(tail, std::byte{0});
    std::memcpy(tail.data(), &matrix.scale, sizeof matrix.scale);
    return matrix;
  }
  const std::size_t row_bytes = bytes_per_row(format, columns);
  for (std::size_t r = 0; r < rows; ++r) {
    quantize_row(format, values.subspan(r * columns, columns), bytes.data() + r * row_bytes);
  }
  return matrix;
}

}  // namespace squall::kernels
