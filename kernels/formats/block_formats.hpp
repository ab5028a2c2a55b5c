#pragma once
// How weights lie in memory, byte for byte as in GGUF files (ggml's block formats).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace squall::kernels {

enum class Format : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  tq1_0,
  tq2_0,
  i2_s,
};
constexpr std::size_t format_count = 16;

// Scales are IEEE halves. In the pictures v7:v0 is a byte whose high bits hold value 7.

/// 32 values: value[i] = scale * quants[i].
///   | scale f16 | q0 q1 … q31 (int8) |
struct BlockQ8_0 {
  std::uint16_t scale;
  std::int8_t quants[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

/// 32 values: value[i] = scale * (nibble[i] - 8); low nibbles hold values 0..15, high 16..31.
///   | scale f16 | v16:v0 v17:v1 … v31:v15 |
struct BlockQ4_0 {
  std::uint16_t scale;
  std::uint8_t nibbles[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

/// 32 values: value[i] = scale * nibble[i] + least; nibbles as in q4_0.
///   | scale f16 | least f16 | v16:v0 v17:v1 … v31:v15 |
struct BlockQ4_1 {
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t nibbles[16];
};
static_assert(sizeof(BlockQ4_1) == 20);

/// 32 values: value[i] = scale * (quant[i] - 16), quant = nibble | fifth bit << 4; nibbles as in
/// q4_0, the fifth bit of value i is bit i of `high_bits` (little-endian).
///   | scale f16 | high bits u32 | v16:v0 v17:v1 … v31:v15 |
struct BlockQ5_0 {
  std::uint16_t scale;
  std::uint8_t high_bits[4];
  std::uint8_t nibbles[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

/// 32 values: value[i] = scale * quant[i] + least, quant as in q5_0.
///   | scale f16 | least f16 | high bits u32 | v16:v0 v17:v1 … v31:v15 |
struct BlockQ5_1 {
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t high_bits[4];
  std::uint8_t nibbles[16];
};
static_assert(sizeof(BlockQ5_1) == 24);

/// 256 values in 16 groups of 16: value = scale * (scales[g] & 15) * quant - least * (scales[g] >>
/// 4). Quants have 2 bits; each half of the block (128 values) has 32 bytes, and bits 2s..2s+1 of
/// byte j hold its value 32 * s + j.
///   | scales 16 x (least:scale) | quants 64 | scale f16 | least f16 |
struct BlockQ2_K {
  std::uint8_t scales[16];
  std::uint8_t quants[64];
  std::uint16_t scale;
  std::uint16_t least;
};
static_assert(sizeof(BlockQ2_K) == 84);

/// 256 values in 16 groups of 16: value = scale * (s[g] - 32) * (quant - 4), s of 6 bits, quant of
/// 3: the low two bits lie as in q2_k; bit (4 * half + s) of high_bits[j] is the third of value
/// 32 * s + j of that half (0..1). Low nibbles of s[0..15]: scales[0..7], low then high nibbles;
/// the upper two bits of s[g]: bits 2 * (g / 4) of scales[8 + g % 4].
///   | high bits 32 | quants 64 | scales 12 | scale f16 |
struct BlockQ3_K {
  std::uint8_t high_bits[32];
  std::uint8_t quants[64];
  std::uint8_t scales[12];
  std::uint16_t scale;
};
static_assert(sizeof(BlockQ3_K) == 110);

/// 256 values in 8 groups of 32: value = scale * s[g] * nibble - least * m[g], s and m of 6 bits:
/// for g < 4, s = scales[g] & 63, m = scales[g + 4] & 63; for the others s = low nibble of
/// scales[g + 4] | top two bits of scales[g - 4] << 4, m = high nibble of scales[g + 4] | top two
/// bits of scales[g] << 4. Of each 64 values 32 bytes: low nibbles the first 32, high the others.
///   | scale f16 | least f16 | scales 12 | nibbles 128 |
struct BlockQ4_K {
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t scales[12];
  std::uint8_t nibbles[128];
};
static_assert(sizeof(BlockQ4_K) == 144);

/// As q4_k, with a fifth bit: bit g of high_bits[j] belongs to value j of group g.
///   | scale f16 | least f16 | scales 12 | high bits 32 | nibbles 128 |
struct BlockQ5_K {
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t scales[12];
  std::uint8_t high_bits[32];
  std::uint8_t nibbles[128];
};
static_assert(sizeof(BlockQ5_K) == 176);

/// 256 values in 16 groups of 16: value = scale * scales[g] * (quant - 32), quants of 6 bits. Each
/// half (128 values) has 64 bytes of low nibbles and 32 of upper bits: value j of its quarters 0,
/// 1: low nibbles of low[j], low[32 + j]; of quarters 2, 3: their high nibbles; upper two bits of
/// quarter q: bits 2q of high[j].
///   | low 128 | high 64 | scales 16 x int8 | scale f16 |
struct BlockQ6_K {
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint16_t scale;
};
static_assert(sizeof(BlockQ6_K) == 210);

/// 256 values: value = scale * (digit - 1), digits 0 to 2, five to a byte. A byte is a fraction in
/// base 3: digit n is what leaves it at the top when byte * 3^n (mod 256) is multiplied by 3. Digit
/// n of the first 32 bytes: value 32 * n + j; of the next 16: 160 + 16 * n + j; of the last four,
/// which hold four digits each: 240 + 4 * n + j.
///   | digits 48 | last digits 4 | scale f16 |
struct BlockTQ1_0 {
  std::uint8_t digits[48];
  std::uint8_t last_digits[4];
  std::uint16_t scale;
};
static_assert(sizeof(BlockTQ1_0) == 54);

/// 256 values: value = scale * (quant - 1), quants of 2 bits laid out as in q2_k.
///   | quants 64 | scale f16 |
struct BlockTQ2_0 {
  std::uint8_t quants[64];
  std::uint16_t scale;
};
static_assert(sizeof(BlockTQ2_0) == 66);

/// 128 values: value = tensor scale * (quant - 1); bits 6 - 2s.. of byte j hold value 32 * s + j
/// (as bitnet.cpp writes it on x86). One scale for the whole tensor: an f32 right after its last
/// block, in 32 bytes of their own.
///   | quants 32 |
struct BlockI2_S {
  std::uint8_t quants[32];
};
static_assert(sizeof(BlockI2_S) == 32);
constexpr std::size_t i2_s_scale_bytes = 32;

std::size_t values_per_block(Format format);  // 1 for floats
std::size_t bytes_per_block(Format format);
std::string_view name(Format format);  // "q8_0"
std::optional<Format> format_named(std::string_view name);

/// Bytes of one row; `columns` must be a multiple of values_per_block(format).
std::size_t bytes_per_row(Format format, std::size_t columns);

/// Bytes of a matrix in a file, the scale of i2_s included.
std::size_t bytes_per_matrix(Format format, std::size_t rows, std::size_t columns);

}  // namespace squall::kernels
