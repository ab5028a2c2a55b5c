// Multiplications by floats and by weights in blocks of 32, against double precision.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/cpu_backend.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/formats/float16.hpp"
#include "tests/kernels/random_matrix.hpp"
#include "tests/kernels/tables_under_test.hpp"

namespace squall::kernels {
namespace {

/// The greatest quant that a kernel makes of an activation; 0: it takes them as they are.
float greatest_quant(const KernelTable& table, Format format) {
  switch (table.multiply[index_of(format)].form) {
    case ActivationForm::exact:
      return 0.0F;
    case ActivationForm::int8_blocks:
      return 127.0F;
    case ActivationForm::int16_blocks:
      return 32767.0F;
  }
  throw std::logic_error("no such form");
}

/// One thread that multiplies with these kernels.
CpuBackend backend_of(const KernelTable& table) { return CpuBackend(table, ThreadPoolOptions{}); }

float greatest_magnitude(std::span<const float> values) {
  float greatest = 0.0F;
  for (const float value : values) greatest = std::max(greatest, std::abs(value));
  return greatest;
}

/// What blocks of integers make of a row of activations: most / greatest in float, rounded to even.
std::vector<float> after_quantization(std::span<const float> activations, float most) {
  std::vector<float> result;
  for (std::size_t start = 0; start < activations.size(); start += 32) {
    const auto block = activations.subspan(start, 32);
    const float greatest = greatest_magnitude(block);
    for (const float value : block) {
      const float quant = greatest > 0.0F ? std::nearbyint(value * (most / greatest)) : 0.0F;
      result.push_back(quant * (greatest / most));
    }
  }
  return result;
}

struct Dot {
  double sum = 0.0;
  double magnitude = 0.0;  // of everything that is added up on the way
};

/// `offset`: how far a kernel may shift the weights to make them unsigned, in the weights' unit.
Dot dot(std::span<const float> weights, std::span<const float> activations, double offset) {
  Dot result;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = static_cast<double>(weights[i]);
    const double activation = static_cast<double>(activations[i]);
    result.sum += weight * activation;
    result.magnitude += (std::abs(weight) + offset) * std::abs(activation);
  }
  return result;
}

/// By how many scales a weight may be off while a row is added up: what a kernel adds to make
/// weights unsigned, or the distance to the block's least value and back.
double offset_in_scales(Format format) {
  switch (format) {
    case Format::q8_0:
      return 128.0;
    case Format::q4_0:
      return 8.0;
    case Format::q4_1:
      return 30.0;
    case Format::q5_0:
      return 16.0;
    case Format::q5_1:
      return 62.0;
    default:
      return 0.0;
  }
}

/// The greatest scale of the row bounds them all.
double greatest_offset(const RandomMatrix& matrix, std::size_t row) {
  const TensorView view = matrix.view();
  if (values_per_block(view.format) == 1) return 0.0;
  const std::size_t row_bytes = bytes_per_row(view.format, view.columns);
  float greatest = 0.0F;
  for (std::size_t at = 0; at < row_bytes; at += bytes_per_block(view.format)) {
    std::uint16_t half = 0;
    std::memcpy(&half, view.data + row * row_bytes + at, sizeof half);
    greatest = std::max(greatest, std::abs(half_to_float(half)));
  }
  return static_cast<double>(greatest) * offset_in_scales(view.format);
}

struct Case {
  const KernelTable* table;
  Format format;
  std::size_t rows;
  std::size_t columns;
  std::size_t batch;
  std::size_t misalignment;
};

void check(const Case& c) {
  BOOST_TEST_CONTEXT(c.table->name << " " << name(c.format) << " [" << c.rows << " x " << c.columns
                                   << "] batch " << c.batch << " misaligned " << c.misalignment) {
    const RandomMatrix matrix(c.format, c.rows, c.columns, 21, c.misalignment);
    // Activations begin at any float; what lies around the output must stay.
    const std::vector<float> storage = random_floats(c.batch * c.columns + 1, 22);
    const std::span<const float> input = std::span(storage).subspan(1);
    std::vector<float> output(c.batch * c.rows + 2, -77.0F);
    CpuBackend backend = backend_of(*c.table);
    const auto weights = backend.load(matrix.view());
    backend.multiply(*weights, input.data(), output.data() + 1, c.batch);
    BOOST_REQUIRE_EQUAL(output.front(), -77.0F);
    BOOST_REQUIRE_EQUAL(output.back(), -77.0F);

    const float most = greatest_quant(*c.table, c.format);
    for (std::size_t b = 0; b < c.batch; ++b) {
      const auto exact = input.subspan(b * c.columns, c.columns);
      std::vector<float> seen(exact.begin(), exact.end());
      if (most > 0.0F) seen = after_quantization(exact, most);
      for (std::size_t r = 0; r < c.rows; ++r) {
        const std::vector<float> row = matrix.row(r);
        const Dot expected = dot(row, seen, greatest_offset(matrix, r));
        // Each lane adds at most columns / 8 rounded products, then 8 lanes are added; every
        // rounding is off by 2^-24 of at most the whole magnitude. Two more for scales and cast.
        const double roundings = static_cast<double>(c.columns) / 8.0 + 8.0 + 2.0;
        const auto result = static_cast<double>(output[1 + b * c.rows + r]);
        BOOST_REQUIRE_LE(std::abs(result - expected.sum),
                         roundings * 0x1p-24 * expected.magnitude + 1e-30);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_kernel_agrees_with_double_precision_at_every_batch_and_odd_size) {
  for (const KernelTable* table : tables_under_test()) {
    for (const Format format : all_formats) {
      const bool blocks = values_per_block(format) == 32;
      const std::vector<std::size_t> columns = blocks ? std::vector<std::size_t>{32, 96, 352}
                                                      : std::vector<std::size_t>{1, 7, 8, 43, 172};
      for (const std::size_t column_count : columns) {
        for (const std::size_t rows : {1, 2, 3, 7, 8, 9, 15, 16, 17, 37}) {
          for (const std::size_t batch : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 17, 33}) {
            check({.table = table,
                   .format = format,
                   .rows = rows,
                   .columns = column_count,
                   .batch = batch,
                   .misalignment = (rows + batch) % 4});
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_kernel_agrees_with_double_precision_on_wide_matrices) {
  for (const KernelTable* table : tables_under_test()) {
    for (const Format format : all_formats) {
      check({table, format, 13, 8192, 3, 1});
      // More blocks than are unpacked at a time, in rounds of unequal length.
      for (const std::size_t batch : {5, 8, 34}) check({table, format, 37, 1312, batch, 2});
    }
  }
}

// Rounding an activation to one of 255 steps of its block moves it by half a step at most.
BOOST_AUTO_TEST_CASE(fast_kernels_stay_within_half_a_quantization_step_of_the_reference) {
  constexpr std::size_t rows = 33;
  constexpr std::size_t columns = 32 * 9;
  const std::vector<float> input = random_floats(columns, 31);
  for (const Format format :
       {Format::q8_0, Format::q4_0, Format::q4_1, Format::q5_0, Format::q5_1}) {
    const RandomMatrix matrix(format, rows, columns, 32);
    const auto multiply = [&](const KernelTable& table) {
      CpuBackend backend = backend_of(table);
      std::vector<float> output(rows);
      backend.multiply(*backend.load(matrix.view()), input.data(), output.data(), 1);
      return output;
    };
    const std::vector<float> exact = multiply(reference_kernels);
    for (const KernelTable* table : tables_under_test()) {
      const std::vector<float> fast = multiply(*table);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::vector<float> row = matrix.row(r);
        double bound = 1e-4;  // for the rounding of sums, checked more closely above
        for (std::size_t i = 0; i < columns; ++i) {
          const float greatest = greatest_magnitude(std::span(input).subspan(i / 32 * 32, 32));
          bound += static_cast<double>(std::abs(row[i]) * greatest) / 254.0;
        }
        BOOST_REQUIRE_LE(std::abs(static_cast<double>(fast[r] - exact[r])), bound);
      }
    }
  }
}

/// A row of q8_0 whose quants are all `quant` and whose scale is 1.
std::vector<std::byte> constant_q8_0_row(std::int8_t quant, std::size_t blocks) {
  BlockQ8_0 block{.scale = float_to_half(1.0F), .quants = {}};
  std::fill(std::begin(block.quants), std::end(block.quants), quant);
  std::vector<std::byte> row(blocks * sizeof block);
  for (std::size_t k = 0; k < blocks; ++k) {
    std::memcpy(row.data() + k * sizeof block, &block, sizeof block);
  }
  return row;
}

BOOST_AUTO_TEST_CASE(extreme_weights_and_activations_overflow_no_intermediate_sum) {
  constexpr std::size_t blocks = 6;
  constexpr std::size_t columns = 32 * blocks;
  for (const KernelTable* table : tables_under_test()) {
    CpuBackend backend = backend_of(*table);
    for (const int quant : {-128, -127, 127}) {
      const std::vector<std::byte> row = constant_q8_0_row(static_cast<std::int8_t>(quant), blocks);
      const auto weights =
          backend.load({.format = Format::q8_0, .rows = 1, .columns = columns, .data = row.data()});
      for (const float activation : {-127.0F, 127.0F}) {
        const std::vector<float> input(columns, activation);
        float output = 0.0F;
        backend.multiply(*weights, input.data(), &output, 1);
        BOOST_TEST_CONTEXT(table->name << " " << quant << " * " << activation)
        BOOST_TEST(output == static_cast<float>(quant) * activation * columns,
                   boost::test_tools::tolerance(1e-6F));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_in_the_activations_is_not_finite_in_the_result) {
  constexpr std::size_t columns = 96;
  for (const KernelTable* table : tables_under_test()) {
    CpuBackend backend = backend_of(*table);
    for (const Format format : all_formats) {
      const RandomMatrix matrix(format, 5, columns, 41);
      const auto weights = backend.load(matrix.view());
      for (const float poison :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        for (const std::size_t at : {0, 31, 50, 95}) {
          std::vector<float> input = random_floats(columns, 42);
          input[at] = poison;
          std::vector<float> output(5);
          backend.multiply(*weights, input.data(), output.data(), 1);
          for (std::size_t r = 0; r < 5; ++r) {
            // Zero times infinity is not a number either; no weight makes it finite.
            BOOST_REQUIRE(!std::isfinite(output[r]));
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(activations_of_zero_and_of_the_least_floats_give_no_surprises) {
  constexpr std::size_t columns = 64;
  for (const KernelTable* table : tables_under_test()) {
    CpuBackend backend = backend_of(*table);
    for (const Format format : all_formats) {
      const RandomMatrix matrix(format, 3, columns, 51);
      const auto weights = backend.load(matrix.view());
      for (const float value : {0.0F, 1e-44F, 1e-36F}) {
        const std::vector<float> input(columns, value);
        std::vector<float> output(3, 1.0F);
        backend.multiply(*weights, input.data(), output.data(), 1);
        for (const float result : output) BOOST_REQUIRE_LE(std::abs(result), 1e-32F);
      }
    }
  }
}

}  // namespace
}  // namespace squall::kernels
