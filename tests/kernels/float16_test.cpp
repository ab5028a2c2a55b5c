#include "kernels/formats/float16.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

namespace squall::kernels {
namespace {

constexpr std::uint32_t halves = 65536;

bool is_nan(std::uint16_t half) { return (half & 0x7C00U) == 0x7C00U && (half & 0x3FFU) != 0; }

/// The number that IEEE 754 assigns to the bits of a finite half.
double meaning(std::uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const double fraction = half & 0x3FF;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0 + fraction, exponent - 25);
  return (half & 0x8000U) != 0 ? -magnitude : magnitude;
}

BOOST_AUTO_TEST_CASE(every_half_has_the_value_that_the_standard_assigns_to_it) {
  for (std::uint32_t bits = 0; bits < halves; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (is_nan(half)) {
      BOOST_REQUIRE(std::isnan(value));
    } else if ((half & 0x7C00U) == 0x7C00U) {
      BOOST_REQUIRE(std::isinf(value));
    } else {
      BOOST_REQUIRE_EQUAL(static_cast<double>(value), meaning(half));
    }
    BOOST_REQUIRE_EQUAL(std::signbit(value), (half & 0x8000U) != 0);
  }
}

BOOST_AUTO_TEST_CASE(every_half_survives_the_way_to_float_and_back) {
  for (std::uint32_t bits = 0; bits < halves; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::uint16_t back = float_to_half(half_to_float(half));
    const std::uint32_t expected = is_nan(half) ? bits | 0x200U : bits;  // NaNs become quiet
    BOOST_REQUIRE_EQUAL(back, expected);
  }
}

BOOST_AUTO_TEST_CASE(between_two_neighbours_the_nearer_is_taken_and_the_even_one_in_the_middle) {
  for (std::uint32_t bits = 0; bits < 0x7BFFU; ++bits) {
    const auto lower = static_cast<std::uint16_t>(bits);
    const auto upper = static_cast<std::uint16_t>(bits + 1);
    // Exact: a float has more than one bit more than a half.
    const float middle = (half_to_float(lower) + half_to_float(upper)) / 2.0F;
    const std::uint16_t even = bits % 2 == 0 ? lower : upper;
    for (const std::uint16_t sign : {std::uint16_t{0}, std::uint16_t{0x8000}}) {
      const float signed_middle = sign == 0 ? middle : -middle;
      const float outwards = std::nextafter(signed_middle, signed_middle * 2.0F);
      const float inwards = std::nextafter(signed_middle, 0.0F);
      BOOST_REQUIRE_EQUAL(float_to_half(signed_middle), even | sign);
      BOOST_REQUIRE_EQUAL(float_to_half(inwards), lower | sign);
      BOOST_REQUIRE_EQUAL(float_to_half(outwards), upper | sign);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_great_for_a_half_becomes_infinite) {
  BOOST_TEST(float_to_half(65504.0F) == 0x7BFF);
  BOOST_TEST(float_to_half(std::nextafter(65520.0F, 0.0F)) == 0x7BFF);
  BOOST_TEST(float_to_half(65520.0F) == 0x7C00);
  BOOST_TEST(float_to_half(-1e30F) == 0xFC00);
  BOOST_TEST(float_to_half(std::numeric_limits<float>::infinity()) == 0x7C00);
  BOOST_TEST(is_nan(float_to_half(std::numeric_limits<float>::quiet_NaN())));
  BOOST_TEST(is_nan(float_to_half(std::numeric_limits<float>::signaling_NaN())));
}

BOOST_AUTO_TEST_CASE(what_is_too_small_for_a_half_becomes_a_zero_of_the_same_sign) {
  BOOST_TEST(float_to_half(0x1p-25F) == 0x0000);  // half of the least half: ties to even
  BOOST_TEST(float_to_half(-0x1p-25F) == 0x8000);
  BOOST_TEST(float_to_half(std::numeric_limits<float>::denorm_min()) == 0x0000);
  BOOST_TEST(float_to_half(-0.0F) == 0x8000);
}

BOOST_AUTO_TEST_CASE(finite_halves_stop_at_the_greatest) {
  BOOST_TEST(float_to_finite_half(65520.0F) == 0x7BFF);
  BOOST_TEST(float_to_finite_half(-1e30F) == 0xFBFF);
  BOOST_TEST(float_to_finite_half(1.5F) == 0x3E00);
  BOOST_TEST(float_to_finite_half(1e-30F) == 0);
}

BOOST_AUTO_TEST_CASE(a_bfloat16_is_the_nearest_upper_half_of_a_float) {
  for (std::uint32_t bits = 0; bits < 0x7F7FU; ++bits) {
    const auto lower = static_cast<std::uint16_t>(bits);
    const auto upper = static_cast<std::uint16_t>(bits + 1);
    BOOST_REQUIRE_EQUAL(float_to_bfloat16(bfloat16_to_float(lower)), lower);
    const float middle = std::bit_cast<float>(bits << 16 | 0x8000U);
    BOOST_REQUIRE_EQUAL(float_to_bfloat16(middle), bits % 2 == 0 ? lower : upper);
    BOOST_REQUIRE_EQUAL(float_to_bfloat16(-std::nextafter(middle, 0.0F)), lower | 0x8000U);
    BOOST_REQUIRE_EQUAL(float_to_bfloat16(std::nextafter(middle, HUGE_VALF)), upper);
  }
}

BOOST_AUTO_TEST_CASE(a_bfloat16_knows_infinity_and_what_is_no_number) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float greatest = std::numeric_limits<float>::max();
  BOOST_TEST(float_to_bfloat16(infinity) == 0x7F80);
  BOOST_TEST(float_to_bfloat16(-greatest) == 0xFF80);
  BOOST_TEST(float_to_finite_bfloat16(-greatest) == 0xFF7F);
  BOOST_TEST(float_to_finite_bfloat16(1.5F) == 0x3FC0);
  BOOST_TEST(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7F800001U)))));
}

}  // namespace
}  // namespace squall::kernels
