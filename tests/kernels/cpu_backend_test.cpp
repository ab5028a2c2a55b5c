// The number of threads and the batch are the machine's business: they change no bit of a result.

#include "kernels/cpu/cpu_backend.hpp"

#include <boost/test/unit_test.hpp>

#include "kernels/backend_selection.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels {
namespace {

std::vector<float> multiply(Backend& backend, const TensorView& view, std::span<const float> input,
                            std::size_t batch) {
  std::vector<float> output(batch * view.rows);
  backend.multiply(*backend.load(view), input.data(), output.data(), batch);
  return output;
}

// Exact comparisons throughout: bit for bit, since nothing here is a NaN or a zero of either sign.
BOOST_AUTO_TEST_CASE(a_row_of_a_batch_gives_the_same_bits_as_the_row_alone) {
  constexpr std::size_t columns = 256;
  constexpr std::size_t rows = 75;
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    const auto backend = make_cpu_backend(1, instruction_set);
    for (const Format format : all_formats) {
      const RandomMatrix matrix(format, rows, columns, 1);
      const std::vector<float> input = random_floats(40 * columns, 2);
      for (const std::size_t batch : {2, 3, 4, 5, 7, 8, 9, 40}) {
        const std::vector<float> together = multiply(*backend, matrix.view(), input, batch);
        for (std::size_t b = 0; b < batch; ++b) {
          const std::vector<float> alone =
              multiply(*backend, matrix.view(), std::span(input).subspan(b * columns, columns), 1);
          const auto row = std::span(together).subspan(b * rows, rows);
          BOOST_REQUIRE_MESSAGE(std::ranges::equal(row, alone),
                                instruction_set << " " << name(format) << " batch " << batch);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_multiplies_to_the_same_bits) {
  constexpr std::size_t columns = 512;
  constexpr std::size_t rows = 999;  // large enough to be shared out, and not in whole chunks
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    for (const Format format : all_formats) {
      const RandomMatrix matrix(format, rows, columns, 3);
      const std::vector<float> input = random_floats(5 * columns, 4);
      const auto single = make_cpu_backend(1, instruction_set);
      const std::vector<float> expected = multiply(*single, matrix.view(), input, 5);
      for (const std::size_t threads : {2, 3, 5}) {
        const auto backend = make_cpu_backend(threads, instruction_set);
        BOOST_REQUIRE_EQUAL(backend->threads(), threads);
        BOOST_REQUIRE(multiply(*backend, matrix.view(), input, 5) == expected);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_gates_normalizes_adds_and_turns_to_the_same_bits) {
  constexpr std::size_t dimension = 2500;
  constexpr std::size_t batch = 60;
  const std::vector<float> input = random_floats(batch * dimension, 8);
  const std::vector<float> weight = random_floats(dimension, 9);
  std::vector<std::int32_t> positions;
  for (std::int32_t b = 0; b < 60; ++b) positions.push_back(b);
  for (const std::string_view instruction_set : runnable_instruction_sets()) {
    const auto transform = [&](std::size_t threads) {
      const auto backend = make_cpu_backend(threads, instruction_set);
      std::vector<float> values = input;
      backend->rms_norm(values.data(), weight.data(), values.data(), batch, dimension, 1e-6F);
      backend->swiglu(values.data(), input.data(), values.size());
      backend->add(values.data(), input.data(), values.size());
      backend->add_bias(values.data(), weight.data(), batch, dimension);
      backend->rope(values.data(), positions,
                    {.heads = 25, .head_dimension = 100, .rotated_dimensions = 96});
      return values;
    };
    const std::vector<float> expected = transform(1);
    BOOST_REQUIRE(transform(2) == expected);
    BOOST_REQUIRE(transform(3) == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_backend_of_one_thread_has_no_thread_of_its_own) {
  const auto backend = make_cpu_backend(1, "reference");
  const RandomMatrix matrix(Format::q8_0, 500, 512, 10);
  multiply(*backend, matrix.view(), random_floats(512, 11), 1);
  BOOST_TEST(backend->worker_cpu_time().count() == 0);
}

BOOST_AUTO_TEST_CASE(empty_batches_are_nothing_to_do) {
  const auto backend = make_cpu_backend(2);
  const RandomMatrix matrix(Format::q8_0, 8, 64, 12);
  backend->multiply(*backend->load(matrix.view()), nullptr, nullptr, 0);
  backend->rope(nullptr, {}, {.heads = 1, .head_dimension = 8, .rotated_dimensions = 8});
  backend->add(nullptr, nullptr, 0);
  backend->rms_norm(nullptr, nullptr, nullptr, 0, 64, 1e-5F);
  backend->swiglu(nullptr, nullptr, 0);
  BOOST_TEST(backend->threads() == 2U);
}

}  // namespace
}  // namespace squall::kernels
