// The meaning of tq1_0, tq2_0 and i2_s.

#include "kernels/formats/block_values.hpp"
#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

/// Digit n, 0 to 2, of a byte that holds a fraction in base 3: what 256ths are left after n digits,
/// times 3.
unsigned ternary_digit(std::uint8_t byte, std::size_t n) {
  unsigned rest = byte;
  for (; n > 0; --n) rest = rest * 3 & 255U;
  return rest * 3 >> 8;
}

/// `bytes` bytes hold digits * bytes values: digit n of byte j is value n * bytes + j.
void spread_digits(const std::uint8_t* packed, std::size_t bytes, std::size_t digits, float scale,
                   float* values) {
  for (std::size_t n = 0; n < digits; ++n) {
    for (std::size_t j = 0; j < bytes; ++j) {
      const int digit = static_cast<int>(ternary_digit(packed[j], n)) - 1;
      values[n * bytes + j] = static_cast<float>(digit) * scale;
    }
  }
}

}  // namespace

void dequantize_block(const BlockTQ1_0& block, float* values) {
  const float scale = half_to_float(block.scale);
  spread_digits(block.digits, 32, 5, scale, values);
  spread_digits(block.digits + 32, 16, 5, scale, values + 160);
  spread_digits(block.last_digits, 4, 4, scale, values + 240);
}

void dequantize_block(const BlockTQ2_0& block, float* values) {
  const float scale = half_to_float(block.scale);
  for (std::size_t i = 0; i < 256; ++i) {
    const unsigned byte = block.quants[i / 128 * 32 + i % 32];
    const int quant = static_cast<int>((byte >> (i % 128 / 32 * 2)) & 3U) - 1;
    values[i] = static_cast<float>(quant) * scale;
  }
}

void dequantize_block(const BlockI2_S& block, float* values) {
  for (std::size_t i = 0; i < 128; ++i) {
    const unsigned byte = block.quants[i % 32];
    values[i] = static_cast<float>(static_cast<int>((byte >> (6 - i / 32 * 2)) & 3U) - 1);
  }
}

}  // namespace squall::kernels
