// What each format loses: on ordinary weights, at scales that halves cannot hold, and nothing where
// it can hold the values exactly.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/quantize.hpp"

namespace squall::kernels {
namespace {

constexpr std::size_t rows = 16;
constexpr std::size_t columns = 2048;

std::array<Format, format_count> every_format() {
  std::array<Format, format_count> formats;
  for (std::size_t i = 0; i < format_count; ++i) formats[i] = static_cast<Format>(i);
  return formats;
}

/// Standard normal numbers by Box and Muller: the standard library's differ between libraries.
std::vector<float> gaussian(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const double u = (static_cast<double>(generator()) + 1.0) * 0x1p-32;
    const double angle = static_cast<double>(generator()) * 0x1p-32 * 2.0 * std::numbers::pi;
    value = static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(angle));
  }
  return values;
}

std::vector<float> there_and_back(Format format, const std::vector<float>& values) {
  std::vector<std::byte> bytes(bytes_per_matrix(format, rows, columns));
  const TensorView matrix = quantize_matrix(format, values, rows, columns, bytes);
  std::vector<float> result(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    dequantize_row(matrix, r, std::span(result).subspan(r * columns, columns));
  }
  return result;
}

std::vector<float> scaled(std::vector<float> values, double factor) {
  for (float& value : values) value = static_cast<float>(value * factor);
  return values;
}

/// Root mean square of the differences, relative to that of the values.
double relative_error(const std::vector<float>& exact, const std::vector<float>& found) {
  double differences = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(exact[i]) - static_cast<double>(found[i]);
    differences += difference * difference;
    squares += static_cast<double>(exact[i]) * static_cast<double>(exact[i]);
  }
  return std::sqrt(differences / squares);
}

/// On normal weights, measured and rounded up by 2 %. llama.cpp's quantizers lose 0.296 with q2_k,
/// 0.151 with q3_k, 0.0714 with q4_k, 0.0366 with q5_k and 0.0178 with q6_k of such weights
/// (tests/agents/engine/model_formats_test.cpp), and of the simple formats the same. With three
/// values for all normal weights 0.436 is the best possible.
struct Loss {
  Format format;
  double most;
};
constexpr Loss losses[] = {{Format::f32, 0.0},     {Format::f16, 2.12e-4},  {Format::bf16, 1.7e-3},
                           {Format::q8_0, 5.5e-3}, {Format::q4_0, 0.0875},  {Format::q4_1, 0.08},
                           {Format::q5_0, 0.0437}, {Format::q5_1, 0.0388},  {Format::q2_k, 0.274},
                           {Format::q3_k, 0.1485}, {Format::q4_k, 0.0723},  {Format::q5_k, 0.0357},
                           {Format::q6_k, 0.0174}, {Format::tq1_0, 0.4435}, {Format::tq2_0, 0.4435},
                           {Format::i2_s, 0.445}};

BOOST_AUTO_TEST_CASE(normal_weights_lose_no_more_than_their_format_must) {
  static_assert(std::size(losses) == format_count);
  const std::vector<float> values = gaussian(rows * columns, 1);
  BOOST_TEST_MESSAGE("format  bits a weight  relative error");
  for (const auto& [format, most] : losses) {
    const double error = relative_error(values, there_and_back(format, values));
    const double bits = 8.0 * static_cast<double>(bytes_per_row(format, columns)) / columns;
    BOOST_TEST_MESSAGE(std::left << std::setw(8) << name(format) << std::setw(15) << bits << error);
    BOOST_TEST(error <= most, name(format) << ": " << error);
  }
}

bool has_half_scale(Format format) {
  return format != Format::f32 && format != Format::bf16 && format != Format::i2_s;
}

BOOST_AUTO_TEST_CASE(at_any_scale_results_are_finite_and_no_worse_than_zeros) {
  const std::vector<float> values = gaussian(rows * columns, 2);
  for (const Format format : every_format()) {
    const double usual = relative_error(values, there_and_back(format, values));
    for (int power = -30; power <= 30; ++power) {
      const std::vector<float> wanted = scaled(values, std::pow(10.0, power));
      const std::vector<float> found = there_and_back(format, wanted);
      BOOST_REQUIRE(std::ranges::all_of(found, [](float value) { return std::isfinite(value); }));
      const double error = relative_error(wanted, found);
      // Halves have their full precision from 6.1e-5 to 65504.
      const bool fits = !has_half_scale(format) || (power >= -3 && power <= 4);
      BOOST_TEST(error <= (fits ? 1.1 * usual : 1.0 + 1e-6),
                 name(format) << " at 1e" << power << ": " << error << ", usually " << usual);
    }
  }
}

BOOST_AUTO_TEST_CASE(tensors_of_tiny_weights_keep_most_of_their_precision) {
  const std::vector<float> values = gaussian(rows * columns, 2);
  for (const Format format : every_format()) {
    const double usual = relative_error(values, there_and_back(format, values));
    const std::vector<float> wanted = scaled(values, 1e-5);
    const double error = relative_error(wanted, there_and_back(format, wanted));
    BOOST_TEST(error <= usual + 0.02, name(format) << ": " << error << ", usually " << usual);
  }
}

BOOST_AUTO_TEST_CASE(values_beyond_a_format_become_the_greatest_of_their_block) {
  std::vector<float> values(rows * columns, 1e30F);
  values[1] = -1e30F;
  BOOST_TEST(there_and_back(Format::f16, values)[1] == -65504.0F);
  BOOST_TEST(there_and_back(Format::q8_0, values)[0] == 127.0F * 65504.0F);
  BOOST_TEST(there_and_back(Format::q8_0, values)[1] == -127.0F * 65504.0F);
  BOOST_TEST(there_and_back(Format::tq2_0, values)[1] == -65504.0F);
  BOOST_TEST(there_and_back(Format::q6_k, values)[0] > 31.0F * 127.0F * 65000.0F);
  BOOST_TEST(there_and_back(Format::q6_k, values)[1] < -31.0F * 127.0F * 65000.0F);
  const std::vector<float> greatest(rows * columns, std::numeric_limits<float>::max());
  for (const Format format : every_format()) {
    const std::vector<float> found = there_and_back(format, greatest);
    BOOST_TEST(std::ranges::all_of(found, [](float v) { return std::isfinite(v) && v > 0.0F; }),
               name(format));
  }
}

BOOST_AUTO_TEST_CASE(zeros_and_the_least_floats_become_zeros) {
  for (const Format format : every_format()) {
    for (const float value : {0.0F, -0.0F, 1e-44F, -1e-38F}) {
      if (value != 0.0F && !has_half_scale(format)) continue;  // they hold it
      for (const float result : there_and_back(format, std::vector<float>(rows * columns, value))) {
        BOOST_REQUIRE_EQUAL(result, 0.0F);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(one_value_for_a_whole_block_is_kept_nearly) {
  for (const Format format : every_format()) {
    for (const float value : {0.0371F, -0.0371F, 123.4F, -123.4F}) {
      const std::vector<float> values(rows * columns, value);
      // A scale of 11 bits, and a multiple of it of 6 or 4 bits that is one of the whole numbers.
      const double error = relative_error(values, there_and_back(format, values));
      BOOST_TEST(error <= 0.005, name(format) << " of " << value << ": " << error);
    }
  }
}

BOOST_AUTO_TEST_CASE(ternary_weights_are_kept_exactly_by_ternary_formats) {
  std::mt19937 generator(4);
  for (const float scale : {0.375F, 0x1p-14F, 1000.0F}) {
    std::vector<float> values(rows * columns);
    for (float& value : values)
      value = scale * static_cast<float>(static_cast<int>(generator() % 3) - 1);
    for (const Format format : {Format::tq1_0, Format::tq2_0, Format::i2_s}) {
      BOOST_TEST((there_and_back(format, values) == values), name(format) << " of " << scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_a_format_has_made_of_values_it_keeps) {
  const std::vector<float> values = gaussian(rows * columns, 3);
  for (const Format format : every_format()) {
    const std::vector<float> once = there_and_back(format, values);
    const double change = relative_error(once, there_and_back(format, once));
    // The search for two numbers at once, scale and least, does not try all pairs.
    const bool searches_both =
        format == Format::q2_k || format == Format::q4_k || format == Format::q5_k;
    const double most = searches_both ? 0.25 * relative_error(values, once) : 1e-6;
    BOOST_TEST(change <= most, name(format) << ": " << change);
  }
}

BOOST_AUTO_TEST_CASE(rows_are_written_the_same_at_any_alignment_and_nothing_around_them) {
  const std::vector<float> values = gaussian(columns, 5);
  for (const Format format : every_format()) {
    const std::size_t bytes = bytes_per_row(format, columns);
    std::vector<std::byte> aligned(bytes);
    quantize_row(format, values, aligned.data());
    for (const std::size_t misalignment : {1, 2, 3, 7}) {
      std::vector<std::byte> memory(bytes + 16, std::byte{0xEE});
      quantize_row(format, values, memory.data() + misalignment);
      BOOST_TEST(std::memcmp(memory.data() + misalignment, aligned.data(), bytes) == 0);
      BOOST_TEST((memory[misalignment - 1] == std::byte{0xEE}));
      BOOST_TEST((memory[misalignment + bytes] == std::byte{0xEE}));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_matrix_of_i2_s_ends_with_its_scale_and_zeros) {
  const std::vector<float> values = scaled(gaussian(2 * 128, 6), 0.25);
  std::vector<std::byte> bytes(bytes_per_matrix(Format::i2_s, 2, 128), std::byte{0xEE});
  BOOST_TEST(bytes.size() == 2 * 32U + 32U);
  const TensorView matrix = quantize_matrix(Format::i2_s, values, 2, 128, bytes);
  float stored = 0.0F;
  std::memcpy(&stored, bytes.data() + 64, sizeof stored);
  BOOST_TEST(stored == matrix.scale);
  BOOST_TEST(stored > 0.25F);  // 1.22 deviations is the best scale for normal weights
  BOOST_TEST(stored < 0.36F);
  BOOST_TEST(std::all_of(bytes.begin() + 68, bytes.end(),
                         [](std::byte byte) { return byte == std::byte{0}; }));
}

}  // namespace
}  // namespace squall::kernels
