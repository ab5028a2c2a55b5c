// Normalization, attention, activation and rotation on every instruction set of this machine,
// against their formulas in double precision.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

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
      backend.embed(*backend.load(table.view()), tokens, output.data());
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

struct AttentionCase {
  std::size_t heads;
  std::size_t kv_heads;
  std::size_t head_dimension;
  std::vector<std::size_t> lengths;  // one query each
};

/// Attention of one head by its formula.
std::vector<double> attend(const float* query, const float* keys, const float* values,
                           std::size_t length, std::size_t stride, std::size_t dimension) {
  std::vector<double> weights(length);
  for (std::size_t t = 0; t < length; ++t) {
    weights[t] = std::inner_product(query, query + dimension, keys + t * stride, 0.0) /
                 std::sqrt(static_cast<double>(dimension));
  }
  const double greatest = *std::max_element(weights.begin(), weights.end());
  double total = 0.0;
  for (double& weight : weights) total += weight = std::exp(weight - greatest);
  std::vector<double> output(dimension, 0.0);
  for (std::size_t t = 0; t < length; ++t) {
    for (std::size_t i = 0; i < dimension; ++i) {
      output[i] += weights[t] / total * static_cast<double>(values[t * stride + i]);
    }
  }
  return output;
}

void check_attention(Backend& backend, const AttentionCase& c) {
  const std::size_t stride = c.kv_heads * c.head_dimension;
  const std::size_t width = c.heads * c.head_dimension;
  const std::size_t longest = *std::ranges::max_element(c.lengths);
  // The first of these floats is skipped, so that nothing is aligned to vectors.
  std::vector<float> queries = random_floats(c.lengths.size() * width + 1, 10);
  for (float& value : queries) value *= 0.1F;
  const std::vector<float> keys = random_floats(longest * stride + 1, 11);
  const std::vector<float> values = random_floats(longest * stride + 1, 12);
  std::vector<float> output(c.lengths.size() * width + 2, -77.0F);

  std::vector<AttentionQuery> batch;
  for (std::size_t q = 0; q < c.lengths.size(); ++q) {
    batch.push_back({.query = queries.data() + 1 + q * width,
                     .keys = keys.data() + 1,
                     .values = values.data() + 1,
                     .length = c.lengths[q],
                     .output = output.data() + 1 + q * width});
  }
  backend.attention(batch,
                    {.heads = c.heads, .kv_heads = c.kv_heads, .head_dimension = c.head_dimension});
  BOOST_REQUIRE_EQUAL(output.front(), -77.0F);
  BOOST_REQUIRE_EQUAL(output.back(), -77.0F);

  for (std::size_t q = 0; q < batch.size(); ++q) {
    for (std::size_t head = 0; head < c.heads; ++head) {
      const std::size_t kv = head / (c.heads / c.kv_heads) * c.head_dimension;
      const std::vector<double> expected =
          attend(batch[q].query + head * c.head_dimension, batch[q].keys + kv, batch[q].values + kv,
                 batch[q].length, stride, c.head_dimension);
      for (std::size_t i = 0; i < c.head_dimension; ++i) {
        // Scores reach 100 and are rounded to float, so their exponentials are off by 1e-5 in the
        // worst case; values reach 30.
        require_close(batch[q].output[head * c.head_dimension + i], expected[i], 30.0 * 2e-5);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(attention_weighs_the_values_by_the_softmax_of_the_scores) {
  on_every_instruction_set([](Backend& backend) {
    for (const std::size_t head_dimension : {1, 5, 8, 24, 64, 75, 128}) {
      for (const std::size_t heads_of_a_group : {1, 3}) {
        check_attention(backend, {.heads = 2 * heads_of_a_group,
                                  .kv_heads = 2,
                                  .head_dimension = head_dimension,
                                  .lengths = {1, 2, 3, 4, 7, 8, 9, 100}});
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(attention_to_a_single_position_returns_its_value) {
  on_every_instruction_set([](Backend& backend) {
    const std::vector<float> query = random_floats(8, 13);
    const std::vector<float> key = random_floats(8, 14);
    const std::vector<float> value = random_floats(8, 15);
    std::vector<float> output(8);
    const AttentionQuery only{query.data(), key.data(), value.data(), 1, output.data()};
    backend.attention({&only, 1}, {.heads = 1, .kv_heads = 1, .head_dimension = 8});
    BOOST_TEST(output == value, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(scores_far_apart_neither_overflow_nor_lose_the_winner) {
  on_every_instruction_set([](Backend& backend) {
    const std::vector<float> query(8, 1000.0F);
    std::vector<float> keys(3 * 8, -1000.0F);
    std::fill(keys.begin() + 8, keys.begin() + 16, 1000.0F);
    const std::vector<float> values = random_floats(3 * 8, 16);
    std::vector<float> output(8);
    const AttentionQuery only{query.data(), keys.data(), values.data(), 3, output.data()};
    backend.attention({&only, 1}, {.heads = 1, .kv_heads = 1, .head_dimension = 8});
    const auto winner = std::span(values).subspan(8, 8);
    BOOST_TEST(output == winner, boost::test_tools::per_element());
  });
}

}  // namespace
}  // namespace squall::kernels
