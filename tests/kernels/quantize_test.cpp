#include "kernels/formats/quantize.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>

#include "kernels/formats/float16.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels {
namespace {

std::vector<float> there_and_back(Format format, const std::vector<float>& values) {
  std::vector<std::byte> row(bytes_per_row(format, values.size()));
  quantize_row(format, values, row.data());
  std::vector<float> result(values.size());
  dequantize_row(format, row.data(), result);
  return result;
}

/// Checks what dequantize_row returns against the format's formula in double precision. Only the
/// product is rounded, to float: relative to the block's greatest that is below 1e-7.
template <class Block, class Formula>
void check_meaning(Format format, Formula formula) {
  const RandomMatrix matrix(format, 5, 32 * 7, 11, 3);
  for (std::size_t r = 0; r < 5; ++r) {
    const std::vector<float> values = matrix.row(r);
    const std::byte* row = matrix.view().data + r * bytes_per_row(format, values.size());
    for (std::size_t k = 0; k < 7; ++k) {
      Block block;
      std::memcpy(&block, row + k * sizeof block, sizeof block);
      std::array<double, 32> expected;
      double greatest = 0.0;
      for (std::size_t i = 0; i < 32; ++i) {
        expected[i] = static_cast<double>(half_to_float(block.scale)) * formula(block, i);
        greatest = std::max(greatest, std::abs(expected[i]));
      }
      BOOST_REQUIRE_GT(greatest, 0.0);
      for (std::size_t i = 0; i < 32; ++i) {
        const double error = std::abs(static_cast<double>(values[k * 32 + i]) - expected[i]);
        BOOST_REQUIRE_LE(error, 1e-5 * greatest);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_block_of_q8_0_means_scale_times_quant) {
  check_meaning<BlockQ8_0>(Format::q8_0, [](const BlockQ8_0& block, std::size_t i) {
    return static_cast<double>(block.quants[i]);
  });
}

BOOST_AUTO_TEST_CASE(a_block_of_q4_0_holds_its_first_half_in_the_low_nibbles) {
  check_meaning<BlockQ4_0>(Format::q4_0, [](const BlockQ4_0& block, std::size_t i) {
    const int nibble = i < 16 ? block.nibbles[i] & 0x0F : block.nibbles[i - 16] >> 4;
    return static_cast<double>(nibble - 8);
  });
}

BOOST_AUTO_TEST_CASE(floats_survive_f32_unchanged_and_f16_up_to_half_a_step) {
  const std::vector<float> values = random_floats(1001, 5);
  BOOST_TEST(there_and_back(Format::f32, values) == values, boost::test_tools::per_element());
  const std::vector<float> halves = there_and_back(Format::f16, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    // 11 significant bits; below 2^-14 the step is constant.
    const float bound = std::max(std::abs(values[i]) * 0x1p-11F, 0x1p-25F);
    BOOST_REQUIRE_LE(std::abs(halves[i] - values[i]), bound);
  }
}

/// |value - what was stored| <= steps * scale, plus the scale's own rounding to a half.
void check_round_trip(Format format, double quants_on_a_side, double steps) {
  const std::vector<float> values = random_floats(32 * 100, 6);
  const std::vector<float> result = there_and_back(format, values);
  for (std::size_t start = 0; start < values.size(); start += 32) {
    double greatest = 0.0;
    for (std::size_t i = start; i < start + 32; ++i) {
      greatest = std::max(greatest, static_cast<double>(std::abs(values[i])));
    }
    const double bound = steps * greatest / quants_on_a_side + greatest * 0x1p-11 + 1e-6 * greatest;
    for (std::size_t i = start; i < start + 32; ++i) {
      BOOST_REQUIRE_LE(std::abs(static_cast<double>(result[i] - values[i])), bound);
    }
  }
}

BOOST_AUTO_TEST_CASE(q8_0_is_off_by_half_a_step_at_most) {
  check_round_trip(Format::q8_0, 127.0, 0.5);
}

BOOST_AUTO_TEST_CASE(q4_0_is_off_by_a_step_at_most_since_7_stands_in_for_8) {
  check_round_trip(Format::q4_0, 8.0, 1.0);
}

BOOST_AUTO_TEST_CASE(quantizing_what_was_dequantized_changes_nothing) {
  for (const Format format : all_formats) {
    const std::vector<float> once = there_and_back(format, random_floats(32 * 50, 7));
    const std::vector<float> twice = there_and_back(format, once);
    for (std::size_t i = 0; i < once.size(); ++i) {
      // A block's extreme is its scale times a whole number, but dividing it rounds once more.
      BOOST_REQUIRE_LE(std::abs(twice[i] - once[i]), 1e-3F * std::abs(once[i]));
    }
  }
}

BOOST_AUTO_TEST_CASE(known_values_give_the_bytes_that_gguf_files_hold) {
  std::vector<float> values(32);
  for (std::size_t i = 0; i < 32; ++i) values[i] = static_cast<float>(i) - 16.0F;

  BlockQ8_0 q8;
  quantize_row(Format::q8_0, values, reinterpret_cast<std::byte*>(&q8));
  BOOST_TEST(q8.scale == float_to_half(16.0F / 127.0F));
  BOOST_TEST(int{q8.quants[0]} == -127);
  BOOST_TEST(int{q8.quants[15]} == -8);   // -7.9375
  BOOST_TEST(int{q8.quants[31]} == 119);  // 119.0625

  BlockQ4_0 q4;
  quantize_row(Format::q4_0, values, reinterpret_cast<std::byte*>(&q4));
  BOOST_TEST(q4.scale == float_to_half(2.0F));  // -16 / -8
  // x / 2 + 8.5 cut off: -16 -> 0, 0 -> 8; -15 -> 1, 1 -> 9; -1 -> 8, 15 -> 15 (16 is cut to 15)
  BOOST_TEST(int{q4.nibbles[0]} == 0x80);
  BOOST_TEST(int{q4.nibbles[1]} == 0x91);
  BOOST_TEST(int{q4.nibbles[15]} == 0xF8);
}

BOOST_AUTO_TEST_CASE(blocks_of_zeros_and_of_the_least_floats_become_zeros) {
  for (const float value : {0.0F, 1e-44F, -1e-38F}) {
    for (const Format format : {Format::q8_0, Format::q4_0}) {
      for (const float result : there_and_back(format, std::vector<float>(32, value))) {
        BOOST_REQUIRE_EQUAL(result, 0.0F);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_take_the_bytes_that_their_blocks_take) {
  BOOST_TEST(bytes_per_row(Format::f32, 7) == 28U);
  BOOST_TEST(bytes_per_row(Format::f16, 7) == 14U);
  BOOST_TEST(bytes_per_row(Format::q8_0, 96) == 102U);
  BOOST_TEST(bytes_per_row(Format::q4_0, 96) == 54U);
  BOOST_TEST(name(Format::q4_0) == "q4_0");
}

}  // namespace
}  // namespace squall::kernels
