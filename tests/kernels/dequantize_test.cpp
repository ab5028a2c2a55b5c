// Blocks made by hand, bit by bit, and what they mean by the formats' definitions in ggml.

#include "kernels/formats/dequantize.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/backend_selection.hpp"
#include "kernels/formats/k_quant_scales.hpp"

namespace squall::kernels {
namespace {

// Halves.
constexpr std::uint16_t quarter = 0x3400;
constexpr std::uint16_t half = 0x3800;
constexpr std::uint16_t one = 0x3C00;
constexpr std::uint16_t two = 0x4000;
constexpr std::uint16_t minus_one = 0xBC00;

/// Through bytes at an odd address, as rows of a file may lie.
template <class Block>
std::vector<float> meaning(Format format, const Block& block) {
  std::vector<std::byte> bytes(sizeof block + 1);
  std::memcpy(bytes.data() + 1, &block, sizeof block);
  std::vector<float> values(values_per_block(format));
  dequantize_row(format, bytes.data() + 1, values);
  return values;
}

BOOST_AUTO_TEST_CASE(floats_of_16_bits_mean_what_their_standards_say) {
  const std::uint16_t halves[] = {0x3E00, 0xC000, 0x0001, 0x7BFF};
  std::vector<float> values(4);
  dequantize_row(Format::f16, reinterpret_cast<const std::byte*>(halves), values);
  BOOST_TEST(values == (std::vector<float>{1.5F, -2.0F, 0x1p-24F, 65504.0F}));
  const std::uint16_t uppers[] = {0x3FC0, 0xC000, 0x0001, 0x7F7F};
  dequantize_row(Format::bf16, reinterpret_cast<const std::byte*>(uppers), values);
  BOOST_TEST(values == (std::vector<float>{1.5F, -2.0F, 0x1p-133F, 0x1.FEp127F}));
}

BOOST_AUTO_TEST_CASE(q8_0_is_scale_times_quant) {
  BlockQ8_0 block{.scale = half, .quants = {}};
  block.quants[0] = -127;
  block.quants[31] = 3;
  const auto values = meaning(Format::q8_0, block);
  BOOST_TEST(values[0] == -63.5F);
  BOOST_TEST(values[31] == 1.5F);
}

BOOST_AUTO_TEST_CASE(q4_0_and_q4_1_have_their_second_half_in_the_high_nibbles) {
  BlockQ4_0 block{.scale = two, .nibbles = {}};
  block.nibbles[0] = 0xF1;
  block.nibbles[15] = 0x80;
  const auto values = meaning(Format::q4_0, block);
  BOOST_TEST(values[0] == -14.0F);  // (1 - 8) * 2
  BOOST_TEST(values[16] == 14.0F);  // (15 - 8) * 2
  BOOST_TEST(values[15] == -16.0F);
  BOOST_TEST(values[31] == 0.0F);

  BlockQ4_1 shifted{.scale = half, .least = minus_one, .nibbles = {}};
  shifted.nibbles[3] = 0x9C;
  const auto shifted_values = meaning(Format::q4_1, shifted);
  BOOST_TEST(shifted_values[3] == 5.0F);   // 12 / 2 - 1
  BOOST_TEST(shifted_values[19] == 3.5F);  // 9 / 2 - 1
  BOOST_TEST(shifted_values[4] == -1.0F);
}

BOOST_AUTO_TEST_CASE(q5_0_and_q5_1_have_the_fifth_bit_of_value_i_in_bit_i) {
  BlockQ5_0 block{.scale = one, .high_bits = {0x01, 0x00, 0x02, 0x80}, .nibbles = {}};
  block.nibbles[0] = 0x21;
  block.nibbles[1] = 0x30;
  block.nibbles[15] = 0xF0;
  const auto values = meaning(Format::q5_0, block);
  BOOST_TEST(values[0] == 1.0F);     // bit 0: (1 | 16) - 16
  BOOST_TEST(values[16] == -14.0F);  // 2 - 16
  BOOST_TEST(values[1] == -16.0F);
  BOOST_TEST(values[17] == 3.0F);   // bit 17: (3 | 16) - 16
  BOOST_TEST(values[31] == 15.0F);  // bit 31

  BlockQ5_1 shifted{.scale = quarter, .least = two, .high_bits = {0, 0x04, 0, 0}, .nibbles = {}};
  shifted.nibbles[10] = 0x43;
  const auto shifted_values = meaning(Format::q5_1, shifted);
  BOOST_TEST(shifted_values[10] == 6.75F);  // bit 10: (3 | 16) / 4 + 2
  BOOST_TEST(shifted_values[26] == 3.0F);   // 4 / 4 + 2
  BOOST_TEST(shifted_values[0] == 2.0F);
}

BOOST_AUTO_TEST_CASE(q2_k_spreads_a_byte_over_values_32_apart) {
  BlockQ2_K block{.scales = {}, .quants = {}, .scale = one, .least = half};
  block.quants[0] = 0b11'10'01'00;
  block.scales[0] = 0x23;
  block.scales[2] = 0x01;
  block.scales[4] = 0x10;
  block.scales[6] = 0x1F;
  block.quants[32 + 17] = 0b10;
  block.scales[9] = 0x32;
  const auto values = meaning(Format::q2_k, block);
  BOOST_TEST(values[0] == -1.0F);   // 3 * 0 - 2 / 2
  BOOST_TEST(values[32] == 1.0F);   // 1 * 1
  BOOST_TEST(values[64] == -0.5F);  // 0 * 2 - 1 / 2
  BOOST_TEST(values[96] == 44.5F);  // 15 * 3 - 1 / 2
  BOOST_TEST(values[145] == 2.5F);  // 2 * 2 - 3 / 2
  BOOST_TEST(values[144] == -1.5F);
  BOOST_TEST(values[255] == 0.0F);
}

BOOST_AUTO_TEST_CASE(q3_k_has_signed_scales_and_its_third_bits_apart) {
  BlockQ3_K block{.high_bits = {}, .quants = {}, .scales = {}, .scale = half};
  block.scales[0] = 0x71;  // low nibbles of groups 0 (1) and 8 (7)
  block.scales[8] = 0x12;  // upper bits of groups 0 (2) and 8 (1): 33 - 32 = 1 and 23 - 32 = -9
  block.quants[0] = 0b11;
  block.high_bits[0] = 0x01;
  block.high_bits[1] = 0x10;
  block.quants[2] = 0b11;
  const auto values = meaning(Format::q3_k, block);
  BOOST_TEST(values[0] == 1.5F);     // 1 / 2 * (7 - 4)
  BOOST_TEST(values[1] == -2.0F);    // 1 / 2 * (0 - 4)
  BOOST_TEST(values[2] == -0.5F);    // 1 / 2 * (3 - 4)
  BOOST_TEST(values[16] == 64.0F);   // -32 / 2 * (0 - 4)
  BOOST_TEST(values[128] == 18.0F);  // -9 / 2 * (0 - 4)
  BOOST_TEST(values[129] == 0.0F);   // -9 / 2 * (4 - 4)
}

/// Groups 0 (scale 5, least 3) and 4 (22, 41), which is in the upper bits of the former.
constexpr std::uint8_t six_bit_scales[12] = {0x45, 0, 0, 0, 0x83, 0, 0, 0, 0x96, 0, 0, 0};

BOOST_AUTO_TEST_CASE(q4_k_has_scales_of_6_bits_and_nibbles_32_apart) {
  BlockQ4_K block{.scale = two, .least = half, .scales = {}, .nibbles = {}};
  std::memcpy(block.scales, six_bit_scales, sizeof six_bit_scales);
  block.nibbles[0] = 0x72;
  block.nibbles[64] = 0x0A;
  const auto values = meaning(Format::q4_k, block);
  BOOST_TEST(values[0] == 18.5F);  // 2 * 5 * 2 - 3 / 2
  BOOST_TEST(values[1] == -1.5F);
  BOOST_TEST(values[32] == 0.0F);     // group 1 has no scale
  BOOST_TEST(values[128] == 419.5F);  // 2 * 22 * 10 - 41 / 2
  BOOST_TEST(values[129] == -20.5F);
}

BOOST_AUTO_TEST_CASE(q5_k_has_the_fifth_bit_of_group_g_in_bit_g) {
  BlockQ5_K block{.scale = two, .least = half, .scales = {}, .high_bits = {}, .nibbles = {}};
  std::memcpy(block.scales, six_bit_scales, sizeof six_bit_scales);
  block.nibbles[0] = 0x72;
  block.nibbles[64] = 0x0A;
  block.high_bits[0] = 0b00010001;
  block.high_bits[1] = 0b00010000;
  const auto values = meaning(Format::q5_k, block);
  BOOST_TEST(values[0] == 178.5F);  // 2 * 5 * (2 + 16) - 3 / 2
  BOOST_TEST(values[1] == -1.5F);
  BOOST_TEST(values[128] == 1123.5F);  // 2 * 22 * (10 + 16) - 41 / 2
  BOOST_TEST(values[129] == 683.5F);   // 2 * 22 * 16 - 41 / 2
}

BOOST_AUTO_TEST_CASE(q6_k_has_quarters_in_nibbles_and_their_upper_bits_in_pairs) {
  BlockQ6_K block{.low = {}, .high = {}, .scales = {}, .scale = quarter};
  for (std::int8_t& scale : block.scales) scale = 1;
  block.scales[0] = 3;
  block.scales[6] = -2;
  block.low[0] = 0xA5;
  block.high[0] = 0b11'10'01'00;
  block.low[64 + 33] = 0xF0;
  const auto values = meaning(Format::q6_k, block);
  BOOST_TEST(values[0] == -20.25F);   // 3 / 4 * (5 - 32)
  BOOST_TEST(values[32] == -4.0F);    // 1 / 4 * (16 - 32)
  BOOST_TEST(values[64] == 2.5F);     // 1 / 4 * (10 + 32 - 32)
  BOOST_TEST(values[96] == -8.0F);    // -2 / 4 * (48 - 32)
  BOOST_TEST(values[225] == -4.25F);  // 1 / 4 * (15 - 32)
  BOOST_TEST(values[161] == -8.0F);
}

BOOST_AUTO_TEST_CASE(tq1_0_has_five_digits_of_base_3_in_a_byte) {
  BlockTQ1_0 block{.digits = {}, .last_digits = {}, .scale = half};
  // Digits 2 1 0 2 1 are 196 of 243; 196 / 243 of 256, rounded up, is 207.
  block.digits[0] = 207;
  block.digits[32] = 207;
  // Digits 2 0 1 1 0 are 174 of 243: 184.
  block.last_digits[1] = 184;
  const auto values = meaning(Format::tq1_0, block);
  const float first[] = {values[0], values[32], values[64], values[96], values[128]};
  const float second[] = {values[160], values[176], values[192], values[208], values[224]};
  const float expected[] = {0.5F, 0.0F, -0.5F, 0.5F, 0.0F};
  BOOST_TEST(first == expected, boost::test_tools::per_element());
  BOOST_TEST(second == expected, boost::test_tools::per_element());
  const float last[] = {values[241], values[245], values[249], values[253]};
  const float expected_last[] = {0.5F, -0.5F, 0.0F, 0.0F};
  BOOST_TEST(last == expected_last, boost::test_tools::per_element());
  BOOST_TEST(values[1] == -0.5F);
}

BOOST_AUTO_TEST_CASE(tq2_0_begins_at_the_low_bits_and_i2_s_at_the_high_ones) {
  BlockTQ2_0 block{.quants = {}, .scale = half};
  block.quants[0] = 0b10'01'00'10;
  block.quants[63] = 0b01'00'00'00;
  const auto values = meaning(Format::tq2_0, block);
  const float first[] = {values[0], values[32], values[64], values[96]};
  const float expected[] = {0.5F, -0.5F, 0.0F, 0.5F};
  BOOST_TEST(first == expected, boost::test_tools::per_element());
  BOOST_TEST(values[255] == 0.0F);
  BOOST_TEST(values[159] == -0.5F);

  BlockI2_S other{};
  other.quants[0] = 0b10'01'00'10;
  const auto other_values = meaning(Format::i2_s, other);
  const float other_first[] = {other_values[0], other_values[32], other_values[64],
                               other_values[96]};
  const float other_expected[] = {1.0F, 0.0F, -1.0F, 1.0F};
  BOOST_TEST(other_first == other_expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(packed_group_scales_unpack_to_what_was_packed) {
  GroupScales scales;
  SignedGroupScales signed_scales;
  for (int shift = 0; shift < 64; ++shift) {
    for (int g = 0; g < 8; ++g) {
      scales.scale[g] = static_cast<std::uint8_t>((g * 9 + shift) % 64);
      scales.least[g] = static_cast<std::uint8_t>((g * 23 + 5 * shift) % 64);
    }
    for (int g = 0; g < 16; ++g) {
      signed_scales.scale[g] = static_cast<std::int8_t>((g * 7 + shift) % 64 - 32);
    }
    std::uint8_t packed[12];
    pack_group_scales(scales, packed);
    const GroupScales unpacked = unpack_group_scales(packed);
    BOOST_TEST(std::memcmp(&unpacked, &scales, sizeof scales) == 0);
    pack_signed_group_scales(signed_scales, packed);
    const SignedGroupScales signed_unpacked = unpack_signed_group_scales(packed);
    BOOST_TEST(std::memcmp(&signed_unpacked, &signed_scales, sizeof signed_scales) == 0);
  }
}

/// 2 rows: all -1 but for a 1 in the first row, all 0 in the second.
std::vector<BlockI2_S> two_rows_of_i2_s() {
  std::vector<BlockI2_S> rows(2);
  rows[0].quants[5] = 0b10'00'00'00;
  for (std::uint8_t& quants : rows[1].quants) quants = 0b01'01'01'01;
  return rows;
}

BOOST_AUTO_TEST_CASE(a_row_of_a_tensor_includes_the_scale_of_the_tensor) {
  const auto rows = two_rows_of_i2_s();
  const TensorView tensor{Format::i2_s, 2, 128, reinterpret_cast<const std::byte*>(rows.data()),
                          0.75F};
  std::vector<float> values(128);
  dequantize_row(tensor, 0, values);
  BOOST_TEST(values[5] == 0.75F);
  BOOST_TEST(values[6] == -0.75F);
  dequantize_row(tensor, 1, values);
  BOOST_TEST(values[5] == 0.0F);
}

BOOST_AUTO_TEST_CASE(backends_embed_and_multiply_with_the_scale_of_the_tensor) {
  const auto rows = two_rows_of_i2_s();
  const TensorView tensor{Format::i2_s, 2, 128, reinterpret_cast<const std::byte*>(rows.data()),
                          0.75F};
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    const auto backend = make_cpu_backend(1, instruction_set);
    std::vector<float> embedding(128);
    const std::int32_t token = 0;
    backend->embed(*backend->load_table(tensor), {&token, 1}, embedding.data());
    BOOST_TEST(embedding[5] == 0.75F);
    BOOST_TEST(embedding[127] == -0.75F);
    std::vector<float> input(2 * 128, 127.0F);  // whole numbers, which no kernel rounds
    input[128 + 5] = -127.0F;
    std::vector<float> output(4, -1.0F);
    backend->multiply(*backend->load(tensor), input.data(), output.data(), 2);
    const std::vector<float> expected{0.75F * 127 * (1 - 127), 0.0F, 0.75F * 127 * (-1 - 127),
                                      0.0F};
    BOOST_TEST_CONTEXT(instruction_set) {
      for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(std::abs(output[i] - expected[i]) <= 1e-2F, output[i] << " for " << expected[i]);
      }
    }
  }
}

}  // namespace
}  // namespace squall::kernels
