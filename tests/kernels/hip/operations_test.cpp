// The GPU's normalization, rotation, activation, sums and the choice of the greatest: against their
// formulas in double precision or exactly, at odd sizes and misaligned.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "kernels/hip/kernel_launches.hpp"
#include "tests/kernels/hip/device_array.hpp"
#include "tests/kernels/hip/every_order.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels::hip {
namespace {

constexpr float outside = -77.0F;

/// Values on the device, `offset` floats behind a multiple of 16 bytes, between two that nothing
/// may touch.
class Guarded {
 public:
  Guarded(const std::vector<float>& values, std::size_t offset)
      : offset_(offset + 4), count_(values.size()), array_(surrounded(values, offset_)) {}

  float* data() const { return array_.data() + offset_; }
  std::vector<float> read() const {
    const std::vector<float> all = array_.read();
    BOOST_REQUIRE_EQUAL(all[offset_ - 1], outside);
    BOOST_REQUIRE_EQUAL(all[offset_ + count_], outside);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(offset_);
    return {first, first + static_cast<std::ptrdiff_t>(count_)};
  }

 private:
  static std::vector<float> surrounded(const std::vector<float>& values, std::size_t offset) {
    std::vector<float> all(offset, outside);
    all.insert(all.end(), values.begin(), values.end());
    all.push_back(outside);
    return all;
  }

  std::size_t offset_;
  std::size_t count_;
  DeviceArray<float> array_;
};

void require_close(float actual, double expected, double tolerance) {
  BOOST_REQUIRE_SMALL(static_cast<double>(actual) - expected, tolerance);
}

constexpr std::size_t offsets[] = {0, 1};

BOOST_AUTO_TEST_CASE(rms_norm_divides_by_the_root_of_the_mean_square) {
  in_every_order([] {
    const TestDevice device;
    for (const std::size_t dimension : {1, 7, 8, 64, 171, 2048, 5000}) {
      for (const std::size_t offset : offsets) {
        const std::vector<float> input = random_floats(3 * dimension, 1);
        const std::vector<float> weight = random_floats(dimension, 2);
        const Guarded values(input, offset);
        const Guarded weights(weight, 0);
        // In place, as the engine may do it.
        rms_norm(device.queue(), values.data(), weights.data(), values.data(), 3, dimension, 1e-5F);
        device.finish();
        const std::vector<float> actual = values.read();
        for (std::size_t b = 0; b < 3; ++b) {
          const float* row = input.data() + b * dimension;
          const double squares = std::inner_product(row, row + dimension, row, 0.0);
          const double root = std::sqrt(squares / static_cast<double>(dimension) + 1e-5);
          for (std::size_t i = 0; i < dimension; ++i) {
            const double expected = static_cast<double>(row[i]) / root * weight[i];
            // Each thread sums a 256th of the squares, then come 12 sums of threads; halved by the
            // root, and five roundings after it.
            const double tolerance = (static_cast<double>(dimension) / 512.0 + 12.0) * 0x1p-24;
            require_close(actual[b * dimension + i], expected, tolerance * std::abs(expected));
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_row_is_normalized_to_the_same_bits_in_any_batch) {
  const TestDevice device;
  const std::size_t dimension = 300;
  const std::vector<float> input = random_floats(40 * dimension, 3);
  const Guarded values(input, 0);
  const Guarded weights(random_floats(dimension, 4), 0);
  const Guarded together(input, 0);
  const Guarded alone(input, 0);
  rms_norm(device.queue(), values.data(), weights.data(), together.data(), 40, dimension, 1e-6F);
  for (std::size_t b = 0; b < 40; ++b) {
    rms_norm(device.queue(), values.data() + b * dimension, weights.data(),
             alone.data() + b * dimension, 1, dimension, 1e-6F);
  }
  device.finish();
  BOOST_TEST(together.read() == alone.read(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(swiglu_gates_one_vector_by_the_other) {
  in_every_order([] {
    const TestDevice device;
    for (const std::size_t count : {1, 7, 8, 1000, 1024, 1030}) {
      for (const std::size_t offset : offsets) {
        std::vector<float> input = random_floats(count, 3);
        input[0] = -100.0F;  // its exponential overflows
        input[count / 2] = 100.0F;
        const std::vector<float> up = random_floats(count, 4);
        const Guarded gate(input, offset);
        const Guarded ups(up, offset);
        swiglu(device.queue(), gate.data(), ups.data(), count);
        device.finish();
        const std::vector<float> actual = gate.read();
        for (std::size_t i = 0; i < count; ++i) {
          const double x = static_cast<double>(input[i]);
          const double expected = x / (1.0 + std::exp(-x)) * static_cast<double>(up[i]);
          // The exponential's 3e-7 and four roundings; above e^88 it is clamped.
          require_close(actual[i], expected, 6e-7 * std::abs(expected) + 1e-30);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(gates_beyond_all_numbers_are_no_trouble) {
  const TestDevice device;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const Guarded gate({infinity, -1e38F, 0.0F, std::nanf(""), -88.5F}, 1);
  const Guarded ups(std::vector<float>(5, 1.0F), 1);
  swiglu(device.queue(), gate.data(), ups.data(), 5);
  device.finish();
  const std::vector<float> actual = gate.read();
  BOOST_TEST(actual[0] == infinity);
  BOOST_TEST(actual[1] <= 0.0F);
  BOOST_TEST(actual[1] >= -1.0F);
  BOOST_TEST(actual[2] == 0.0F);
  BOOST_TEST(std::isnan(actual[3]));
  BOOST_TEST(std::abs(actual[4]) < 1e-30F);
}

BOOST_AUTO_TEST_CASE(sums_and_biases_are_added_element_by_element) {
  const TestDevice device;
  for (const std::size_t count : {37, 256, 1028, 1029}) {
    for (const std::size_t offset : offsets) {
      const std::vector<float> before = random_floats(3 * count, 5);
      const std::vector<float> addend = random_floats(3 * count, 6);
      const Guarded sum(before, offset);
      const Guarded biased(before, offset);
      const Guarded addends(addend, offset);
      add(device.queue(), sum.data(), addends.data(), 3 * count);
      add_bias(device.queue(), biased.data(), addends.data(), 3, count);
      device.finish();
      const std::vector<float> sums = sum.read();
      const std::vector<float> with_bias = biased.read();
      for (std::size_t i = 0; i < sums.size(); ++i) {
        BOOST_REQUIRE_EQUAL(sums[i], before[i] + addend[i]);
        BOOST_REQUIRE_EQUAL(with_bias[i], before[i] + addend[i % count]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_are_gathered_in_the_order_asked_for) {
  const TestDevice device;
  for (const std::size_t dimension : {1, 13, 700}) {
    const std::vector<float> values = random_floats(6 * dimension, 7);
    const std::vector<std::uint32_t> rows = {5, 0, 3, 3};
    const DeviceArray<float> device_values(values);
    const DeviceArray<std::uint32_t> device_rows(rows);
    const Guarded output(std::vector<float>(rows.size() * dimension), 1);
    gather_rows(device.queue(), device_values.data(), device_rows.data(), rows.size(), dimension,
                output.data());
    device.finish();
    const std::vector<float> actual = output.read();
    for (std::size_t i = 0; i < actual.size(); ++i) {
      BOOST_REQUIRE_EQUAL(actual[i], values[rows[i / dimension] * dimension + i % dimension]);
    }
  }
}

/// Rotates, and compares with the formula.
void check_rotation(const RopeOptions& options, const std::vector<float>& divisors,
                    const std::vector<std::int32_t>& positions) {
  const TestDevice device;
  const std::size_t width = options.heads * options.head_dimension;
  const std::vector<float> before = random_floats(positions.size() * width, 20);
  const Guarded values(before, 1);
  const DeviceArray<float> device_divisors(divisors.empty() ? std::vector<float>(1) : divisors);
  const DeviceArray<std::int32_t> device_positions(positions);
  RopeOptions on_device = options;
  if (!divisors.empty()) on_device.frequency_divisors = device_divisors.data();
  rope(device.queue(), values.data(), device_positions.data(), positions.size(), on_device);
  device.finish();
  const std::vector<float> actual = values.read();
  const bool halves = options.pairs == RopePairs::halves;
  const std::size_t half = options.rotated_dimensions / 2;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t in_head = i % options.head_dimension;
    double turned = before[i];
    if (in_head < options.rotated_dimensions) {
      const std::size_t pair = halves ? in_head % half : in_head / 2;
      const bool first = halves ? in_head < half : in_head % 2 == 0;
      const std::size_t step = halves ? half : 1;
      const double other = before[first ? i + step : i - step];
      const double exponent = -static_cast<double>(pair) / static_cast<double>(half);
      const double divisor = divisors.empty() ? 1.0 : static_cast<double>(divisors[pair]);
      const double angle = positions[i / width] * static_cast<double>(options.scale) *
                           std::pow(static_cast<double>(options.base), exponent) / divisor;
      turned = turned * std::cos(angle) + (first ? -other : other) * std::sin(angle);
    }
    // As the CPU's: values reach 30; the products and their sum are rounded to float.
    require_close(actual[i], turned, 30.0 * 4.0 * 0x1p-24);
  }
}

BOOST_AUTO_TEST_CASE(rope_turns_pairs_by_the_position) {
  std::vector<float> divisors;
  for (std::size_t i = 0; i < 128; ++i) divisors.push_back(1.0F + static_cast<float>(i % 5));
  in_every_order([&] {
    for (const std::size_t rotated : {2, 6, 16, 20, 64, 80, 256}) {
      for (const RopePairs pairs : {RopePairs::neighbours, RopePairs::halves}) {
        for (const bool divided : {false, true}) {
          check_rotation({.heads = 5,
                          .head_dimension = rotated + (divided ? 3 : 0),
                          .rotated_dimensions = rotated,
                          .base = divided ? 500.0F : 10000.0F,
                          .scale = divided ? 1.0F : 0.25F,
                          .pairs = pairs},
                         divided ? divisors : std::vector<float>{}, {0, 1, 5, 4000, -3, 1000000});
        }
      }
    }
  });
}

/// Every quarter of a turn from both sides, where the signs and the series change.
BOOST_AUTO_TEST_CASE(rope_turns_by_many_positions_of_either_sign) {
  std::vector<std::int32_t> positions(400);
  std::iota(positions.begin(), positions.end(), -200);
  for (std::int32_t& position : positions) position *= 7919;
  check_rotation({.heads = 1, .head_dimension = 8, .rotated_dimensions = 8}, {}, positions);
}

std::vector<Candidate> greatest_of(const std::vector<float>& values, std::size_t rows,
                                   std::size_t count) {
  const TestDevice device;
  const std::size_t columns = values.size() / rows;
  const DeviceArray<float> device_values(values);
  const DeviceArray<Candidate> result(rows * count);
  const DeviceArray<std::byte> scratch(greatest_scratch_bytes(rows, columns, count));
  greatest(device.queue(), device_values.data(), rows, columns, count, result.data(),
           scratch.data());
  device.finish();
  return result.read();
}

/// Compares with a stable sort: of equals the lower index comes first.
void check_greatest(const std::vector<float>& values, std::size_t rows, std::size_t count) {
  const std::size_t columns = values.size() / rows;
  const std::vector<Candidate> found = greatest_of(values, rows, count);
  const auto number = [&](std::size_t i) {
    return std::isnan(values[i]) ? -std::numeric_limits<float>::infinity() : values[i];
  };
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<std::size_t> order(columns);
    std::iota(order.begin(), order.end(), row * columns);
    std::ranges::stable_sort(order,
                             [&](std::size_t a, std::size_t b) { return number(a) > number(b); });
    for (std::size_t i = 0; i < count; ++i) {
      const Candidate& one = found[row * count + i];
      BOOST_REQUIRE_EQUAL(one.index, static_cast<std::int32_t>(order[i] - row * columns));
      BOOST_REQUIRE_EQUAL(one.value, number(order[i]));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_greatest_come_in_order_of_value_then_of_index) {
  in_every_order([] {
    std::mt19937 generator(42);
    for (const std::size_t columns : {1, 7, 64, 2047, 2048, 2049, 4500}) {
      // Few different values, so that many are equal; then all kinds.
      std::vector<float> few(2 * columns);
      for (float& value : few) value = static_cast<float>(generator() % 9) - 4.0F;
      const std::vector<float> many = random_floats(3 * columns, 9);
      check_greatest(few, 2, std::min<std::size_t>(columns, 40));
      check_greatest(many, 3, 1);
      check_greatest(many, 3, std::min<std::size_t>(columns, 64));
    }
  });
}

BOOST_AUTO_TEST_CASE(the_greatest_of_a_large_vocabulary) {
  std::vector<float> values = random_floats(150001, 10);
  values[150000] = 40.0F;
  values[2048] = 40.0F;
  check_greatest(values, 1, 64);
  check_greatest(values, 1, 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_never_greater_than_one) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {std::nanf(""), -infinity, -1e30F, -std::nanf(""),
                                     infinity,      -0.0F,     0.0F,   -1e-40F};
  check_greatest(values, 1, 8);
  std::vector<float> none(5000, std::nanf(""));
  check_greatest(none, 1, 64);
  none[4999] = -infinity;
  check_greatest(none, 1, 3);
}

}  // namespace
}  // namespace squall::kernels::hip
