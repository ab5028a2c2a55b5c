// Writes tq1_0, tq2_0 and i2_s.
//
// Weights of a ternary model are one scale times -1, 0 or 1 already, and every rule finds that
// scale. For other weights the scale of least squares is far better than the greatest magnitude,
// which leaves most of them 0.

#include <algorithm>
#include <cmath>

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

/// 0, 1 or 2 for -scale, 0 or scale, whichever is nearest.
unsigned digit(float value, float scale) {
  if (std::abs(value) <= 0.5F * scale) return 1;
  return value > 0.0F ? 2 : 0;
}

/// A half, and what it stands for.
struct HalfScale {
  std::uint16_t half;
  float value;
};

HalfScale half_scale(const float* values) {
  const std::uint16_t half = float_to_finite_half(best_ternary_scale(values, 256));
  return {half, half_to_float(half)};
}

/// Digits of values start + n * bytes + j, n from 0, as a fraction in base 3, rounded up so that
/// cutting it off brings every digit back.
void gather_digits(const float* values, std::size_t bytes, std::size_t digits, float scale,
                   std::uint8_t* packed) {
  for (std::size_t j = 0; j < bytes; ++j) {
    unsigned number = 0;
    for (std::size_t n = 0; n < 5; ++n) {
      number = number * 3 + (n < digits ? digit(values[n * bytes + j], scale) : 0U);
    }
    packed[j] = static_cast<std::uint8_t>((number * 256 + 242) / 243);
  }
}

}  // namespace

float best_ternary_scale(const float* values, std::size_t count) {
  double scale = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(values[i])));
  }
  // Lloyd's iteration: the mean of what rounds to the scale is a better one.
  for (int step = 0; step < 100 && scale > 0.0; ++step) {
    double sum = 0.0;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double magnitude = std::abs(static_cast<double>(values[i]));
      if (magnitude <= 0.5 * scale) continue;
      sum += magnitude;
      ++kept;
    }
    const double better = sum / static_cast<double>(kept);
    if (std::abs(better - scale) <= 1e-7 * scale) break;
    scale = better;
  }
  return static_cast<float>(scale);
}

void quantize_block(const float* values, BlockTQ1_0& block) {
  const HalfScale scale = half_scale(values);
  block.scale = scale.half;
  gather_digits(values, 32, 5, scale.value, block.digits);
  gather_digits(values + 160, 16, 5, scale.value, block.digits + 32);
  gather_digits(values + 240, 4, 4, scale.value, block.last_digits);
}

void quantize_block(const float* values, BlockTQ2_0& block) {
  const HalfScale scale = half_scale(values);
  block = {};
  block.scale = scale.half;
  for (std::size_t i = 0; i < 256; ++i) {
    std::uint8_t& byte = block.quants[i / 128 * 32 + i % 32];
    byte = static_cast<std::uint8_t>(byte | digit(values[i], scale.value) << (i % 128 / 32 * 2));
  }
}

void quantize_block(const float* values, float scale, BlockI2_S& block) {
  block = {};
  for (std::size_t i = 0; i < 128; ++i) {
    std::uint8_t& byte = block.quants[i % 32];
    byte = static_cast<std::uint8_t>(byte | digit(values[i], scale) << (6 - i / 32 * 2));
  }
}

}  // namespace squall::kernels
