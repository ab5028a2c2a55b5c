// The kernels that multiply packed k-quants and ternary weights, against double precision.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "tests/kernels/random_blocks.hpp"
#include "tests/kernels/random_matrix.hpp"
#include "tests/kernels/tables_under_test.hpp"

namespace squall::kernels {
namespace {

/// Bytes that begin at a cache line.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t bytes) : storage_((bytes + 63) / 64 + 1) {}
  std::byte* data() { return storage_.front().bytes; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> storage_;
};

/// One format's kernel of one instruction set, with the weights packed as it wants them.
class PackedProduct {
 public:
  PackedProduct(const KernelTable& table, const TensorView& weights)
      : table_(table),
        kernel_(table.multiply[index_of(weights.format)]),
        weights_(weights),
        group_bytes_(kernel_.layout->group_bytes(weights.columns)),
        packed_(groups() * group_bytes_) {
    BOOST_REQUIRE_EQUAL(group_bytes_ % 64, 0);
    for (std::size_t group = 0; group < groups(); ++group) {
      kernel_.layout->pack_group(weights, group * kernel_.layout->rows_of_group,
                                 packed_.data() + group * group_bytes_);
    }
  }

  /// `input`: [batch, columns]; returns [batch, rows], from row `first_row` on, a group's first.
  std::vector<float> multiply(std::span<const float> input, std::size_t first_row = 0) {
    const std::size_t columns = weights_.columns;
    const std::size_t batch = input.size() / columns;
    const std::size_t stride = quantized_activation_bytes(columns);
    AlignedBytes activations(batch * stride);
    for (std::size_t b = 0; b < batch; ++b) {
      table_.quantize_activations(input.subspan(b * columns, columns),
                                  activations.data() + b * stride);
    }
    const std::size_t rows = weights_.rows - first_row;
    const std::size_t output_stride = rows + 3;  // what lies between must stay
    std::vector<float> output(batch * output_stride, untouched);
    kernel_.multiply(
        {.weights = packed_.data() + first_row / kernel_.layout->rows_of_group * group_bytes_,
         .rows = rows,
         .columns = columns,
         .activations = activations.data(),
         .activation_stride = stride,
         .batch = batch,
         .output = output.data(),
         .output_stride = output_stride});
    std::vector<float> result;
    for (std::size_t b = 0; b < batch; ++b) {
      const auto row = std::span(output).subspan(b * output_stride, output_stride);
      result.insert(result.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(rows));
      for (std::size_t i = rows; i < output_stride; ++i) BOOST_REQUIRE_EQUAL(row[i], untouched);
    }
    for (float& value : result) value *= weights_.scale;  // as the backend does
    return result;
  }

  /// What the kernels see of a row of activations.
  std::vector<float> after_quantization(std::span<const float> row) {
    AlignedBytes bytes(quantized_activation_bytes(row.size()));
    table_.quantize_activations(row, bytes.data());
    const QuantizedActivations quantized = quantized_activations(bytes.data(), row.size());
    std::vector<float> seen(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      seen[i] = quantized.scales[i / activations_per_block] * quantized.quants[i];
    }
    return seen;
  }

 private:
  static constexpr float untouched = -77.0F;
  std::size_t groups() const {
    return (weights_.rows + kernel_.layout->rows_of_group - 1) / kernel_.layout->rows_of_group;
  }

  const KernelTable& table_;
  const MultiplyKernel& kernel_;
  TensorView weights_;
  std::size_t group_bytes_;
  AlignedBytes packed_;
};

/// Calls check(table, format) for every packed kernel under test.
template <class Check>
void for_each_packed_kernel(const Check& check) {
  std::size_t kernels = 0;
  for (const KernelTable* table : tables_under_test()) {
    for (const Format format : k_quants_and_ternary) {
      if (table->multiply[index_of(format)].layout == nullptr) continue;
      ++kernels;
      BOOST_TEST_CONTEXT(table->name << " " << name(format)) check(*table, format);
    }
  }
  if (kernels == 0) BOOST_TEST_MESSAGE("this machine runs none of the packed kernels");
}

/// Within a block of 32 everything is exact. A block then costs two roundings (its products as a
/// float, the sum), its least value as many, a superblock two more; each is off by 2^-24 of at most
/// the magnitude of everything added up, with weights and least values apart (63 is the greatest
/// scale of a least value). The last five: scales of blocks and activations, the tensor's scale.
void check_row(const RandomBlocks& matrix, std::size_t r, std::span<const float> activations,
               double result) {
  const std::vector<float> weights = matrix.row(r);
  const double least = 63.0 * matrix.greatest_least(r);
  double sum = 0.0;
  double magnitude = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = static_cast<double>(weights[i]);
    const double activation = static_cast<double>(activations[i]);
    sum += weight * activation;
    magnitude += (std::abs(weight) + 2.0 * least) * std::abs(activation);
  }
  const double superblocks = std::ceil(static_cast<double>(weights.size()) / 256.0);
  const double roundings = 4.0 * 8.0 + 2.0 * superblocks + 5.0;
  BOOST_REQUIRE_LE(std::abs(result - sum), roundings * 0x1p-24 * magnitude);
}

std::vector<std::size_t> column_counts(Format format) {
  if (format == Format::i2_s) return {128, 256, 384, 640};
  return {256, 512, 768, 1024};
}

BOOST_AUTO_TEST_CASE(packed_kernels_agree_with_double_precision_at_odd_sizes_and_every_batch) {
  const std::vector<float> halves = {1.0F, -0.37F, 0.0042F, 3.7F};
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    for (const std::size_t columns : column_counts(format)) {
      for (const std::size_t rows : {1, 7, 8, 16, 17, 31, 40}) {
        const RandomBlocks matrix(format, rows, columns, 61, rows % 4, halves);
        PackedProduct product(table, matrix.view());
        for (const std::size_t batch : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33}) {
          const std::vector<float> input = random_floats(batch * columns, 62);
          const std::vector<float> output = product.multiply(input);
          // The others are the same as in smaller batches, bit by bit: tested below.
          for (std::size_t b = batch > 8 ? batch - 2 : 0; b < batch; ++b) {
            const auto seen =
                product.after_quantization(std::span(input).subspan(b * columns, columns));
            for (std::size_t r = 0; r < rows; ++r) {
              check_row(matrix, r, seen, static_cast<double>(output[b * rows + r]));
            }
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(packed_kernels_take_the_most_extreme_scales_of_blocks) {
  const std::vector<float> halves = {65504.0F, -65504.0F, 0x1p-24F, -0x1p-24F, 0.0F, 0x1p-14F};
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    const RandomBlocks matrix(format, 19, 1024, 63, 1, halves);
    PackedProduct product(table, matrix.view());
    const std::vector<float> input = random_floats(3 * 1024, 64);
    const std::vector<float> output = product.multiply(input);
    for (std::size_t b = 0; b < 3; ++b) {
      const auto seen = product.after_quantization(std::span(input).subspan(b * 1024, 1024));
      for (std::size_t r = 0; r < 19; ++r) {
        check_row(matrix, r, seen, static_cast<double>(output[b * 19 + r]));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(activations_that_int8_holds_exactly_give_what_the_reference_gives) {
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    constexpr std::size_t columns = 768;
    constexpr std::size_t rows = 21;
    const RandomBlocks matrix(format, rows, columns, 65, 3, {1.0F, 0.5F, -2.0F});
    std::vector<float> input = random_floats(columns, 66);
    for (std::size_t i = 0; i < columns; ++i) {  // whole numbers, 127 in every block of 32
      input[i] = i % 32 == 5 ? 127.0F : std::nearbyint(std::clamp(input[i], -1.0F, 1.0F) * 127.0F);
    }
    std::vector<float> reference(rows);
    reference_kernels.multiply[index_of(format)].multiply(
        {.weights = matrix.view().data,
         .rows = rows,
         .columns = columns,
         .activations = reinterpret_cast<const std::byte*>(input.data()),
         .activation_stride = columns * sizeof(float),
         .batch = 1,
         .output = reference.data(),
         .output_stride = rows});
    for (float& value : reference) value *= matrix.view().scale;
    const std::vector<float> output = PackedProduct(table, matrix.view()).multiply(input);
    for (std::size_t r = 0; r < rows; ++r) {
      check_row(matrix, r, input, static_cast<double>(output[r]));
      BOOST_TEST(output[r] == reference[r], boost::test_tools::tolerance(1e-4F));
    }
  });
}

// With all quants at one end and all activations at ±127, sums of 16 bits are as large as they get.
BOOST_AUTO_TEST_CASE(saturated_weights_and_activations_overflow_no_intermediate_sum) {
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    for (const int byte : {0x00, 0xFF, 0xAA, 0x55, 0x0F, 0xF0}) {
      const RandomBlocks matrix(format, 17, 512, static_cast<std::byte>(byte));
      PackedProduct product(table, matrix.view());
      for (const float activation : {-127.0F, 127.0F}) {
        for (const std::size_t batch : {1, 6}) {
          const std::vector<float> input(batch * 512, activation);
          const std::vector<float> output = product.multiply(input);
          for (std::size_t i = 0; i < output.size(); ++i) {
            check_row(matrix, i % 17, std::span(input).first(512), static_cast<double>(output[i]));
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(neither_the_batch_nor_where_rows_begin_changes_a_bit_of_a_packed_product) {
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    for (const std::size_t columns : column_counts(format)) {
      constexpr std::size_t rows = 39;
      constexpr std::size_t batch = 37;
      const RandomBlocks matrix(format, rows, columns, 71, 2, {0.01F, -0.3F, 1.7F});
      PackedProduct product(table, matrix.view());
      const std::vector<float> input = random_floats(batch * columns, 72);
      const std::vector<float> together = product.multiply(input);
      for (std::size_t b = 0; b < batch; ++b) {
        const std::vector<float> alone =
            product.multiply(std::span(input).subspan(b * columns, columns));
        const auto expected = std::span(together).subspan(b * rows, rows);
        BOOST_REQUIRE(std::ranges::equal(alone, expected));
      }
      for (const std::size_t some : {2, 3, 7, 12, 35}) {
        const std::vector<float> few = product.multiply(std::span(input).first(some * columns), 16);
        for (std::size_t b = 0; b < some; ++b) {
          BOOST_REQUIRE(std::ranges::equal(std::span(few).subspan(b * (rows - 16), rows - 16),
                                           std::span(together).subspan(b * rows + 16, rows - 16)));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_in_the_activations_shows_in_a_packed_product) {
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    const RandomBlocks matrix(format, 5, 512, 81, 0, {1.0F});
    PackedProduct product(table, matrix.view());
    for (const float poison :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      for (const std::size_t at : {0, 31, 300, 511}) {
        std::vector<float> input = random_floats(512, 82);
        input[at] = poison;
        for (const float value : product.multiply(input)) BOOST_REQUIRE(!std::isfinite(value));
      }
    }
  });
}

// A file and what is packed of it take the same memory, but for the padding of a group's halves;
// tq1_0 is unpacked to 2 bits.
BOOST_AUTO_TEST_CASE(packed_weights_are_as_large_as_those_of_the_file) {
  for_each_packed_kernel([&](const KernelTable& table, Format format) {
    constexpr std::size_t columns = 2048;
    const PackedLayout& layout = *table.multiply[index_of(format)].layout;
    const Format stored = format == Format::tq1_0 ? Format::tq2_0 : format;
    BOOST_TEST(layout.group_bytes(columns) ==
               layout.rows_of_group * bytes_per_row(stored, columns));
  });
}

}  // namespace
}  // namespace squall::kernels
