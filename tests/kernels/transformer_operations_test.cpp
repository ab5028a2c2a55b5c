// Normalization, activation and rotation on every instruction set of this machine,
// against their formulas in double precision.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "kernels/backend_selection.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels {
namespace {

template <class Check>
void on_every_instruction_set(Check check) {
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    BOOST_TEST_CONTEXT(instruction_set) { check(*make_cpu_backend(1, instruction_set)); }
  }
}

void require_close(float actual, double expected, double tolerance) {
  BOOST_REQUIRE_SMALL(static_cast<double>(actual) - expected, tolerance);
}

BOOST_AUTO_TEST_CASE(rms_norm_divides_by_the_root_of_the_mean_square) {
  on_every_instruction_set([](Backend& backend) {
    for (const std::size_t dimension : {1, 7, 8, 64, 171, 2048}) {
      for (const std::size_t batch : {1, 3}) {
        std::vector<float> values = random_floats(batch * dimension, 1);
        const std::vector<float> input = values;
        const std::vector<float> weight = random_floats(dimension, 2);
        // In place, as the engine may do it.
        backend.rms_norm(values.data(), weight.data(), values.data(), batch, dimension, 1e-5F);
        for (std::size_t b = 0; b < batch; ++b) {
          const float* row = input.data() + b * dimension;
          const double squares = std::inner_product(row, row + dimension, row, 0.0);
          const double root = std::sqrt(squares / static_cast<double>(dimension) + 1e-5);
          for (std::size_t i = 0; i < dimension; ++i) {
            const double expected = static_cast<double>(row[i]) / root * weight[i];
            // A float sum of n squares in 8 lanes: n / 8 roundings, halved by the root.
            const double tolerance = (static_cast<double>(dimension) / 16.0 + 8.0) * 0x1p-24;
            require_close(values[b * dimension + i], expected, tolerance * std::abs(expected));
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(swiglu_gates_one_vector_by_the_other) {
  on_every_instruction_set([](Backend& backend) {
    for (const std::size_t count : {1, 7, 8, 9, 1000}) {
      std::vector<float> gate = random_floats(count, 3);
      gate[0] = -100.0F;  // its exponential overflows
      gate[count / 2] = 100.0F;
      const std::vector<float> input = gate;
      const std::vector<float> up = random_floats(count, 4);
      backend.swiglu(gate.data(), up.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        const double x = static_cast<double>(input[i]);
        const double expected = x / (1.0 + std::exp(-x)) * static_cast<double>(up[i]);
        // The exponential's 3e-7 and four roundings; below e^-87 it is clamped.
        require_close(gate[i], expected, 6e-7 * std::abs(expected) + 1e-30);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(add_adds_element_by_element) {
  on_every_instruction_set([](Backend& backend) {
    std::vector<float> sum = random_floats(37, 5);
    const std::vector<float> before = sum;
    const std::vector<float> addend = random_floats(37, 6);
    backend.add(sum.data(), addend.data(), sum.size());
    for (std::size_t i = 0; i < sum.size(); ++i) BOOST_REQUIRE_EQUAL(sum[i], before[i] + addend[i]);
  });
}

BOOST_AUTO_TEST_CASE(embed_copies_the_rows_of_the_tokens) {
  on_every_instruction_set([](Backend& backend) {
    for (const Format format : all_formats) {
      const RandomMatrix table(format, 10, 64, 7, 1);
      const std::vector<std::int32_t> tokens = {9, 0, 3, 3};
      std::vector<float> output(tokens.size() * 64);
      backend.embed(*backend.load_table(table.view()), tokens, output.data());
      for (std::size_t b = 0; b < tokens.size(); ++b) {
        const std::vector<float> expected = table.row(static_cast<std::size_t>(tokens[b]));
        const auto actual = std::span(output).subspan(b * 64, 64);
        BOOST_TEST(actual == expected, boost::test_tools::per_element());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(rope_turns_neighbouring_pairs_by_the_position) {
  on_every_instruction_set([](Backend& backend) {
    RopeOptions options{.heads = 3, .head_dimension = 20, .rotated_dimensions = 16};
    for (const float scale : {1.0F, 0.25F}) {
      options.scale = scale;
      const std::vector<std::int32_t> positions = {0, 1, 5, 4000};
      std::vector<float> values = random_floats(positions.size() * 60, 8);
      const std::vector<float> before = values;
      backend.rope(values.data(), positions, options);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t in_head = i % 20;
        double expected = before[i];
        if (in_head < 16) {
          const double pair = static_cast<double>(in_head / 2 * 2);
          const double angle =
              positions[i / 60] * static_cast<double>(scale) * std::pow(10000.0, -pair / 16.0);
          const double other = before[i ^ 1U];
          expected = in_head % 2 == 0 ? expected * std::cos(angle) - other * std::sin(angle)
                                      : other * std::sin(angle) + expected * std::cos(angle);
        }
        // Values reach 30; the products and their sum are rounded to float.
        require_close(values[i], expected, 30.0 * 4.0 * 0x1p-24);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(rope_forgets_the_angles_of_earlier_positions) {
  on_every_instruction_set([](Backend& backend) {
    const RopeOptions options{.heads = 1, .head_dimension = 8, .rotated_dimensions = 8};
    const std::vector<float> start = random_floats(8, 9);
    const std::vector<std::int32_t> three = {3};
    const std::vector<std::int32_t> minus_three = {-3};
    std::vector<float> values = start;
    backend.rope(values.data(), three, options);
    BOOST_REQUIRE_GT(std::abs(values[0] - start[0]), 1e-3F);
    backend.rope(values.data(), minus_three, options);
    for (std::size_t i = 0; i < 8; ++i) {
      require_close(values[i], start[i], 30.0 * 8.0 * 0x1p-24);
    }
  });
}

BOOST_AUTO_TEST_CASE(rope_turns_halves_and_divides_frequencies_with_the_same_bits_everywhere) {
  std::vector<float> divisors;
  for (std::size_t i = 0; i < 40; ++i) divisors.push_back(1.0F + static_cast<float>(i % 5));
  const std::vector<std::int32_t> positions = {0, 7, 131};
  for (const std::size_t rotated : {2, 6, 16, 20, 64, 80}) {
    for (const RopePairs pairs : {RopePairs::neighbours, RopePairs::halves}) {
      RopeOptions options{.heads = 2,
                          .head_dimension = rotated + 3,
                          .rotated_dimensions = rotated,
                          .base = 500.0F,
                          .pairs = pairs,
                          .frequency_divisors = divisors.data()};
      const std::vector<float> before =
          random_floats(positions.size() * 2 * options.head_dimension, 20);
      std::vector<float> expected = before;
      make_cpu_backend(1, "reference")->rope(expected.data(), positions, options);
      for (std::size_t i = 0; i < before.size(); ++i) {
        const std::size_t in_head = i % options.head_dimension;
        const std::size_t half = rotated / 2;
        double turned = before[i];
        if (in_head < rotated) {
          const bool halves = pairs == RopePairs::halves;
          const std::size_t pair = halves ? in_head % half : in_head / 2;
          const bool first = halves ? in_head < half : in_head % 2 == 0;
          const std::size_t step = halves ? half : 1;
          const double other = before[first ? i + step : i - step];
          const double angle =
              positions[i / (2 * options.head_dimension)] *
              std::pow(500.0, -2.0 * static_cast<double>(pair) / static_cast<double>(rotated)) /
              static_cast<double>(divisors[pair]);
          turned = turned * std::cos(angle) + (first ? -other : other) * std::sin(angle);
        }
        require_close(expected[i], turned, 30.0 * 4.0 * 0x1p-24);
      }
      on_every_instruction_set([&](Backend& backend) {
        std::vector<float> values = before;
        backend.rope(values.data(), positions, options);
        BOOST_TEST(values == expected, boost::test_tools::per_element());
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bias_is_added_to_every_row) {
  on_every_instruction_set([](Backend& backend) {
    std::vector<float> values = random_floats(3 * 21, 30);
    const std::vector<float> before = values;
    const std::vector<float> bias = random_floats(21, 31);
    backend.add_bias(values.data(), bias.data(), 3, 21);
    for (std::size_t i = 0; i < values.size(); ++i) {
      BOOST_REQUIRE_EQUAL(values[i], before[i] + bias[i % 21]);
    }
  });
}

BOOST_AUTO_TEST_CASE(memory_is_zeroed_and_aligned_and_written_and_read) {
  on_every_instruction_set([](Backend& backend) {
    for (const std::size_t count : {1, 63, 5000}) {
      // Twice, so that the second may get what the first has used.
      for (int round = 0; round < 2; ++round) {
        const auto memory = backend.allocate(count * sizeof(float));
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(memory->data()) % 256 == 0U);
        const auto fresh = backend.read(memory->floats(), count);
        BOOST_REQUIRE_EQUAL(fresh.size(), count);
        BOOST_TEST(std::ranges::all_of(fresh, [](float value) { return value == 0.0F; }));
        const std::vector<float> values = random_floats(count, 40);
        backend.write(values, memory->floats());
        BOOST_TEST(backend.read(memory->floats(), count) == values,
                   boost::test_tools::per_element());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(rows_are_gathered_in_the_order_asked_for) {
  on_every_instruction_set([](Backend& backend) {
    const std::vector<float> values = random_floats(6 * 13, 41);
    const std::vector<std::size_t> rows = {5, 0, 3, 3};
    std::vector<float> output(rows.size() * 13 + 1, -77.0F);
    backend.gather_rows(values.data(), rows, 13, output.data());
    for (std::size_t i = 0; i < rows.size() * 13; ++i) {
      BOOST_REQUIRE_EQUAL(output[i], values[rows[i / 13] * 13 + i % 13]);
    }
    BOOST_TEST(output.back() == -77.0F);
  });
}

BOOST_AUTO_TEST_CASE(the_greatest_come_in_order_of_value_then_of_index) {
  on_every_instruction_set([](Backend& backend) {
    std::mt19937 generator(42);
    for (const std::size_t columns : {1, 7, 64, 1000}) {
      std::vector<float> values(3 * columns);
      // Few different values, so that many are equal.
      for (float& value : values) value = static_cast<float>(generator() % 9) - 4.0F;
      for (const std::size_t count : {std::size_t{1}, std::min<std::size_t>(columns, 64)}) {
        const auto found = backend.greatest(values.data(), 3, columns, count);
        BOOST_REQUIRE_EQUAL(found.size(), 3 * count);
        for (std::size_t row = 0; row < 3; ++row) {
          std::vector<std::int32_t> order(columns);
          std::iota(order.begin(), order.end(), 0);
          std::ranges::stable_sort(order, [&](std::int32_t a, std::int32_t b) {
            return values[row * columns + static_cast<std::size_t>(a)] >
                   values[row * columns + static_cast<std::size_t>(b)];
          });
          for (std::size_t i = 0; i < count; ++i) {
            const Candidate& one = found[row * count + i];
            BOOST_REQUIRE_EQUAL(one.index, order[i]);
            BOOST_REQUIRE_EQUAL(one.value,
                                values[row * columns + static_cast<std::size_t>(one.index)]);
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_never_greater_than_one) {
  on_every_instruction_set([](Backend& backend) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> values = {std::nanf(""), -infinity, -1e30F, -std::nanf(""), infinity};
    const auto found = backend.greatest(values.data(), 1, 5, 5);
    const std::int32_t order[] = {4, 2, 0, 1, 3};
    for (std::size_t i = 0; i < 5; ++i) BOOST_TEST(found[i].index == order[i]);
    for (std::size_t i = 2; i < 5; ++i) BOOST_TEST(found[i].value == -infinity);
  });
}

}  // namespace
}  // namespace squall::kernels
