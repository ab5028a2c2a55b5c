// The choice of formats keeps to its budget and spends it where it gains most.

#include "agents/model_tool/format_choice.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace squall::agents;
using squall::kernels::Format;

namespace {

using Options = std::vector<FormatOption>;

std::uint64_t bytes_of(const std::vector<Options>& tensors,
                       const std::vector<std::size_t>& chosen) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) bytes += tensors[i][chosen[i]].bytes;
  return bytes;
}

double error_of(const std::vector<Options>& tensors, const std::vector<std::size_t>& chosen) {
  double error = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) error += tensors[i][chosen[i]].error;
  return error;
}

/// The least error of all choices within the budget, by trying every one.
double best_error(const std::vector<Options>& tensors, std::uint64_t budget) {
  double best = INFINITY;
  std::vector<std::size_t> chosen(tensors.size(), 0);
  for (;;) {
    if (bytes_of(tensors, chosen) <= budget) best = std::min(best, error_of(tensors, chosen));
    std::size_t i = 0;
    while (i < chosen.size() && ++chosen[i] == tensors[i].size()) chosen[i++] = 0;
    if (i == chosen.size()) return best;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_small_sensitive_tensor_gets_its_bits_first) {
  const Options small{{Format::q2_k, 10, 0.10}, {Format::q8_0, 30, 0.01}};
  const Options large{{Format::q2_k, 1000, 0.10}, {Format::q8_0, 3000, 0.01}};
  const std::vector<Options> tensors{large, small};
  BOOST_TEST((choose_formats(tensors, 1500) == std::vector<std::size_t>{0, 1}));
  BOOST_TEST((choose_formats(tensors, 3030) == std::vector<std::size_t>{1, 1}));
  BOOST_TEST((choose_formats(tensors, 5) == std::vector<std::size_t>{0, 0}));
}

BOOST_AUTO_TEST_CASE(an_option_that_is_larger_and_no_better_is_never_taken) {
  const std::vector<Options> tensors{
      {{Format::q3_k, 10, 0.10}, {Format::q4_0, 20, 0.15}, {Format::q4_k, 20, 0.05}}};
  BOOST_TEST((choose_formats(tensors, 1000) == std::vector<std::size_t>{2}));
}

BOOST_AUTO_TEST_CASE(random_choices_keep_the_budget_and_come_close_to_the_best) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Options> tensors(1 + random() % 5);
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    for (Options& options : tensors) {
      std::uint64_t bytes = 1 + random() % 50;
      double error = 1;
      for (int i = 0; i < 4; ++i) {
        options.push_back({Format::q4_0, bytes, error});
        bytes += 1 + random() % 50;
        error *= 0.3 + 0.6 * static_cast<double>(random() % 100) / 100;
      }
      least += options.front().bytes;
      most += options.back().bytes;
    }
    const std::uint64_t budget = least + random() % (most - least + 1);
    const auto chosen = choose_formats(tensors, budget);
    BOOST_TEST(bytes_of(tensors, chosen) <= budget);
    // A greedy walk may miss the last step that would still fit, never more than one tensor's
    // error.
    BOOST_TEST(error_of(tensors, chosen) <= best_error(tensors, budget) + 1.0);
    if (budget == most) BOOST_TEST(bytes_of(tensors, chosen) == most);
  }
}

BOOST_AUTO_TEST_CASE(measured_errors_fall_with_more_bits_and_unfitting_formats_are_left_out) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(64 * 64);
  for (float& value : values) value = normal(random);
  const squall::kernels::TensorView matrix{Format::f32, 64, 64,
                                           reinterpret_cast<const std::byte*>(values.data())};
  const Format candidates[] = {Format::q8_0, Format::q4_k, Format::q4_0, Format::f16};
  const auto options = measure_formats(matrix, candidates);
  BOOST_REQUIRE(options.size() == 3U);  // rows of 64 hold no block of 256
  BOOST_TEST((options[0].format == Format::q4_0 && options[1].format == Format::q8_0));
  BOOST_TEST(options[0].error > 10 * options[1].error);
  BOOST_TEST(options[1].error > options[2].error);
  BOOST_TEST(options[0].error < 0.02);  // 4 bits of normal weights lose about 0.8 %
  BOOST_TEST(options[0].bytes == 64U * 36U);
}
