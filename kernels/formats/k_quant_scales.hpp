#pragma once
// The 6-bit scales of k-quants' groups, packed into 12 bytes; the pictures are in
// block_formats.hpp.

#include <cstddef>
#include <cstdint>

namespace squall::kernels {

/// Of q4_k and q5_k: 8 groups, each with a scale and what is subtracted; all 0 to 63.
struct GroupScales {
  std::uint8_t scale[8];
  std::uint8_t least[8];
};

inline GroupScales unpack_group_scales(const std::uint8_t (&packed)[12]) {
  GroupScales unpacked;
  for (std::size_t g = 0; g < 4; ++g) {
    const unsigned first = packed[g];
    const unsigned second = packed[g + 4];
    const unsigned third = packed[g + 8];
    unpacked.scale[g] = static_cast<std::uint8_t>(first & 63U);
    unpacked.least[g] = static_cast<std::uint8_t>(second & 63U);
    unpacked.scale[g + 4] = static_cast<std::uint8_t>((third & 15U) | (first >> 6) << 4);
    unpacked.least[g + 4] = static_cast<std::uint8_t>((third >> 4) | (second >> 6) << 4);
  }
  return unpacked;
}

inline void pack_group_scales(const GroupScales& scales, std::uint8_t (&packed)[12]) {
  for (std::size_t g = 0; g < 4; ++g) {
    const unsigned late_scale = scales.scale[g + 4];
    const unsigned late_least = scales.least[g + 4];
    packed[g] = static_cast<std::uint8_t>(scales.scale[g] | (late_scale >> 4) << 6);
    packed[g + 4] = static_cast<std::uint8_t>(scales.least[g] | (late_least >> 4) << 6);
    packed[g + 8] = static_cast<std::uint8_t>((late_scale & 15U) | (late_least & 15U) << 4);
  }
}

/// Of q3_k: 16 groups, each with a scale of -32 to 31.
struct SignedGroupScales {
  std::int8_t scale[16];
};

inline SignedGroupScales unpack_signed_group_scales(const std::uint8_t (&packed)[12]) {
  SignedGroupScales unpacked;
  for (std::size_t g = 0; g < 16; ++g) {
    const unsigned low = g < 8 ? packed[g] & 15U : packed[g - 8] >> 4U;
    const unsigned high = (packed[8 + g % 4] >> (2 * (g / 4))) & 3U;
    unpacked.scale[g] = static_cast<std::int8_t>(static_cast<int>(low | high << 4) - 32);
  }
  return unpacked;
}

inline void pack_signed_group_scales(const SignedGroupScales& scales, std::uint8_t (&packed)[12]) {
  for (std::uint8_t& byte : packed) byte = 0;
  for (std::size_t g = 0; g < 16; ++g) {
    const auto biased = static_cast<unsigned>(scales.scale[g] + 32);
    std::uint8_t& low = packed[g % 8];
    low = static_cast<std::uint8_t>(low | (biased & 15U) << (g < 8 ? 0 : 4));
    std::uint8_t& high = packed[8 + g % 4];
    high = static_cast<std::uint8_t>(high | (biased >> 4) << (2 * (g / 4)));
  }
}

}  // namespace squall::kernels
