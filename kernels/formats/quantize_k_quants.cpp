// Writes q2_k to q6_k: first each group's best scale as a real number, then the block's scale in
// half precision, of which each group takes the whole multiple that loses least.

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"
#include "kernels/formats/k_quant_scales.hpp"
#include "kernels/formats/scale_search.hpp"

namespace squall::kernels {
namespace {

/// The half nearest to `wanted`; where halves are coarse the next one away from 0, so that
/// multiples of it reach as far as they should.
std::uint16_t half_unit(double wanted) {
  constexpr double greatest = 65504.0;
  const auto exact = static_cast<float>(std::clamp(wanted, -greatest, greatest));
  const std::uint16_t half = float_to_finite_half(exact);
  const bool coarse = std::abs(exact) < 0x1p-14F;
  const bool short_of = std::abs(half_to_float(half)) < std::abs(exact);
  return coarse && short_of ? static_cast<std::uint16_t>(half + 1) : half;
}

/// How many units are nearest to `wanted`, within the range.
int multiple(double wanted, double unit, QuantRange range) {
  if (unit == 0.0) return 0;
  return static_cast<int>(std::nearbyint(std::clamp(
      wanted / unit, static_cast<double>(range.lowest), static_cast<double>(range.highest))));
}

/// One multiple fewer and one more as well.
QuantRange around(int multiple, QuantRange range) {
  return {std::max(multiple - 1, range.lowest), std::min(multiple + 1, range.highest)};
}

struct SymmetricBlock {
  std::uint16_t scale;
  std::array<int, 16> multiples;  // by group
  std::array<int, 256> quants;
};

/// value = scale * multiple * quant
SymmetricBlock quantize_symmetric(const float* values, QuantRange quants, QuantRange multiples) {
  std::array<GroupOfWeights, 16> groups;
  std::array<double, 16> scales;
  double extreme = 0.0;
  for (std::size_t g = 0; g < 16; ++g) {
    groups[g] = GroupOfWeights({values + g * 16, 16});
    scales[g] = groups[g].best_symmetric(quants).scale;
    if (std::abs(scales[g]) > std::abs(extreme)) extreme = scales[g];
  }
  SymmetricBlock block;
  block.scale = half_unit(extreme / multiples.lowest);
  const auto unit = static_cast<double>(half_to_float(block.scale));
  for (std::size_t g = 0; g < 16; ++g) {
    const QuantRange tried = around(multiple(scales[g], unit, multiples), multiples);
    double best_error = HUGE_VAL;
    for (int m = tried.lowest; m <= tried.highest; ++m) {
      const double error = groups[g].error({.scale = unit * m}, quants);
      if (error >= best_error) continue;
      best_error = error;
      block.multiples[g] = m;
    }
    groups[g].round({.scale = unit * block.multiples[g]}, quants, &block.quants[g * 16]);
  }
  return block;
}

struct AffineBlock {
  std::uint16_t scale;
  std::uint16_t least;
  std::array<int, 16> scale_multiples;  // by group
  std::array<int, 16> least_multiples;
  std::array<int, 256> quants;
};

struct AffineLayout {
  std::size_t group;  // values
  QuantRange quants;
  QuantRange multiples;
};

/// value = scale * multiple of the scale * quant - least * multiple of the least
AffineBlock quantize_affine(const float* values, const AffineLayout& layout) {
  const std::size_t count = 256 / layout.group;
  std::array<GroupOfWeights, 16> groups;
  std::array<Steps, 16> wanted;
  Steps greatest;
  for (std::size_t g = 0; g < count; ++g) {
    groups[g] = GroupOfWeights({values + g * layout.group, layout.group});
    wanted[g] = groups[g].best_affine(layout.quants);
    greatest.scale = std::max(greatest.scale, wanted[g].scale);
    greatest.least = std::max(greatest.least, wanted[g].least);
  }
  AffineBlock block;
  block.scale = half_unit(greatest.scale / layout.multiples.highest);
  block.least = half_unit(greatest.least / layout.multiples.highest);
  const auto scale = static_cast<double>(half_to_float(block.scale));
  const auto least = static_cast<double>(half_to_float(block.least));
  for (std::size_t g = 0; g < count; ++g) {
    const QuantRange scales =
        around(multiple(wanted[g].scale, scale, layout.multiples), layout.multiples);
    const QuantRange leasts =
        around(multiple(wanted[g].least, least, layout.multiples), layout.multiples);
    double best_error = HUGE_VAL;
    Steps best;
    for (int s = scales.lowest; s <= scales.highest; ++s) {
      for (int l = leasts.lowest; l <= leasts.highest; ++l) {
        const Steps steps{.scale = scale * s, .least = least * l};
        const double error = groups[g].error(steps, layout.quants);
        if (error >= best_error) continue;
        best_error = error;
        best = steps;
        block.scale_multiples[g] = s;
        block.least_multiples[g] = l;
      }
    }
    groups[g].round(best, layout.quants, &block.quants[g * layout.group]);
  }
  return block;
}

GroupScales group_scales(const AffineBlock& block) {
  GroupScales scales;
  for (std::size_t g = 0; g < 8; ++g) {
    scales.scale[g] = static_cast<std::uint8_t>(block.scale_multiples[g]);
    scales.least[g] = static_cast<std::uint8_t>(block.least_multiples[g]);
  }
  return scales;
}

/// Puts bits into a byte that has none there yet.
void set_bits(std::uint8_t& byte, unsigned bits, std::size_t shift) {
  byte = static_cast<std::uint8_t>(byte | bits << shift);
}

}  // namespace

void quantize_block(const float* values, BlockQ2_K& block) {
  const AffineBlock affine =
      quantize_affine(values, {.group = 16, .quants = {0, 3}, .multiples = {0, 15}});
  block = {};
  block.scale = affine.scale;
  block.least = affine.least;
  for (std::size_t g = 0; g < 16; ++g) {
    set_bits(block.scales[g], static_cast<unsigned>(affine.scale_multiples[g]), 0);
    set_bits(block.scales[g], static_cast<unsigned>(affine.least_multiples[g]), 4);
  }
  for (std::size_t i = 0; i < 256; ++i) {
    set_bits(block.quants[i / 128 * 32 + i % 32], static_cast<unsigned>(affine.quants[i]),
             i % 128 / 32 * 2);
  }
}

void quantize_block(const float* values, BlockQ3_K& block) {
  const SymmetricBlock symmetric = quantize_symmetric(values, {-4, 3}, {-32, 31});
  block = {};
  block.scale = symmetric.scale;
  SignedGroupScales scales;
  for (std::size_t g = 0; g < 16; ++g) {
    scales.scale[g] = static_cast<std::int8_t>(symmetric.multiples[g]);
  }
  pack_signed_group_scales(scales, block.scales);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto quant = static_cast<unsigned>(symmetric.quants[i] + 4);
    set_bits(block.quants[i / 128 * 32 + i % 32], quant & 3U, i % 128 / 32 * 2);
    set_bits(block.high_bits[i % 32], quant >> 2, i / 32);
  }
}

void quantize_block(const float* values, BlockQ4_K& block) {
  const AffineBlock affine =
      quantize_affine(values, {.group = 32, .quants = {0, 15}, .multiples = {0, 63}});
  block = {};
  block.scale = affine.scale;
  block.least = affine.least;
  pack_group_scales(group_scales(affine), block.scales);
  for (std::size_t i = 0; i < 256; ++i) {
    set_bits(block.nibbles[i / 64 * 32 + i % 32], static_cast<unsigned>(affine.quants[i]),
             i % 64 / 32 * 4);
  }
}

void quantize_block(const float* values, BlockQ5_K& block) {
  const AffineBlock affine =
      quantize_affine(values, {.group = 32, .quants = {0, 31}, .multiples = {0, 63}});
  block = {};
  block.scale = affine.scale;
  block.least = affine.least;
  pack_group_scales(group_scales(affine), block.scales);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto quant = static_cast<unsigned>(affine.quants[i]);
    set_bits(block.nibbles[i / 64 * 32 + i % 32], quant & 15U, i % 64 / 32 * 4);
    set_bits(block.high_bits[i % 32], quant >> 4, i / 32);
  }
}

void quantize_block(const float* values, BlockQ6_K& block) {
  const SymmetricBlock symmetric = quantize_symmetric(values, {-32, 31}, {-128, 127});
  block = {};
  block.scale = symmetric.scale;
  for (std::size_t g = 0; g < 16; ++g) {
    block.scales[g] = static_cast<std::int8_t>(symmetric.multiples[g]);
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const auto quant = static_cast<unsigned>(symmetric.quants[i] + 32);
    const std::size_t half = i / 128;
    const std::size_t quarter = i % 128 / 32;
    set_bits(block.low[half * 64 + quarter % 2 * 32 + i % 32], quant & 15U, quarter / 2 * 4);
    set_bits(block.high[half * 32 + i % 32], quant >> 4, quarter * 2);
  }
}

}  // namespace squall::kernels
