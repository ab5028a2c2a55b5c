#pragma once
// IEEE 754 half precision (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (1, 8, 7) to and from
// float, on any machine.

#include <bit>
#include <cstdint>

namespace squall::kernels {

/// Exact: every half is a float. NaNs keep their payload and become quiet, as the hardware does it.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) {
    const std::uint32_t quiet = fraction != 0 ? 0x400000U : 0U;
    return std::bit_cast<float>(sign | 0x7F800000U | quiet | (fraction << 13));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

/// Rounds to the nearest half, ties to even; what is beyond 65504 by half a step becomes infinite.
inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {  // NaN
    return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  }
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // >= 65520
  if (magnitude < 0x38800000U) {  // below 2^-14: subnormal or zero
    // Adding 0.5 puts the unit in the last place at 2^-24, so the addition itself rounds.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(rounded) - 0x3F000000U));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  const std::uint32_t rounded = magnitude + 0xFFFU + odd - (112U << 23);
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

/// The nearest half that is a number: what is beyond the greatest becomes it, 65504.
inline std::uint16_t float_to_finite_half(float value) {
  const std::uint16_t half = float_to_half(value);
  const bool infinite = (half & 0x7FFFU) == 0x7C00U;
  return infinite ? static_cast<std::uint16_t>((half & 0x8000U) | 0x7BFFU) : half;
}

/// Exact: a bfloat16 is the upper half of a float.
inline float bfloat16_to_float(std::uint16_t upper) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
}

/// Rounds to the nearest, ties to even; the greatest floats become infinite. NaNs become quiet.
inline std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// The nearest bfloat16 that is a number: what is beyond the greatest becomes it.
inline std::uint16_t float_to_finite_bfloat16(float value) {
  const std::uint16_t upper = float_to_bfloat16(value);
  const bool infinite = (upper & 0x7FFFU) == 0x7F80U;
  return infinite ? static_cast<std::uint16_t>((upper & 0x8000U) | 0x7F7FU) : upper;
}

}  // namespace squall::kernels
