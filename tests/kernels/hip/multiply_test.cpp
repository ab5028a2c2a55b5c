// Packing, both kinds of products and embedding of every format, against double precision. Where
// there is no GPU the kernels run on emulated threads, in waves of 32 and of 64.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/hip/gpu_runtime.hpp"
#include "kernels/hip/multiply/packed_launches.hpp"
#include "kernels/hip/multiply/packed_weights.hpp"
#include "tests/kernels/hip/device_array.hpp"
#include "tests/kernels/hip/every_order.hpp"
#include "tests/kernels/random_blocks.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels::hip {
namespace {

/// Waves of 32 forwards, of 64 backwards; one multiprocessor, so that few rows make large tiles.
template <class Check>
void on_emulated_devices(const Check& check) {
#if defined(SQUALL_GPU_EMULATION)
  for (const unsigned wave_size : {32U, 64U}) {
    const EmulatedOrder order(wave_size, wave_size == 64);
    emulation::settings().multiprocessors = 1;
    BOOST_TEST_CONTEXT("waves of " << wave_size) check();
  }
#else
  check();
#endif
}

/// A matrix packed on the device, as a backend has it.
class LoadedMatrix {
 public:
  explicit LoadedMatrix(const TensorView& view)
      : view_(view), packed_(packed_bytes(view.format, view.rows, view.columns)) {
    std::vector<std::byte> bytes(packed_bytes(view.format, view.rows, view.columns));
    pack(view, 0, view.rows, bytes.data());
    packed_.write(bytes);
  }
  DeviceMatrix matrix() const {
    return {.format = view_.format,
            .rows = view_.rows,
            .columns = view_.columns,
            .scale = view_.scale,
            .data = packed_.data()};
  }

 private:
  TensorView view_;
  DeviceArray<std::byte> packed_;
};

/// Calls check(matrix) with random weights of the format. halves: scales, of formats with
/// superblocks; the others' come from quantization.
template <class Check>
void with_random_matrix(Format format, std::size_t rows, std::size_t columns,
                        const std::vector<float>& halves, const Check& check) {
  if (std::find(std::begin(all_formats), std::end(all_formats), format) != std::end(all_formats)) {
    check(RandomMatrix(format, rows, columns, 71, rows % 4));
  } else {
    check(RandomBlocks(format, rows, columns, 72, rows % 4, halves));
  }
}

std::vector<Format> every_format() {
  std::vector<Format> formats;
  for (std::size_t i = 0; i < format_count; ++i) formats.push_back(static_cast<Format>(i));
  return formats;
}

/// [batch, rows], and that of each of several matrices with the same columns.
std::vector<std::vector<float>> products_of(const std::vector<TensorView>& views,
                                            std::span<const float> input) {
  const std::size_t columns = views.front().columns;
  const std::size_t batch = input.size() / columns;
  const TestDevice device;
  const DeviceArray<float> device_input(std::vector<float>(input.begin(), input.end()));
  std::vector<std::unique_ptr<LoadedMatrix>> loaded;
  std::vector<std::unique_ptr<DeviceArray<float>>> outputs;
  std::vector<DeviceProduct> products;
  for (const TensorView& view : views) {
    loaded.push_back(std::make_unique<LoadedMatrix>(view));
    outputs.push_back(std::make_unique<DeviceArray<float>>(batch * view.rows));
    products.push_back({.weights = loaded.back()->matrix(), .output = outputs.back()->data()});
  }
  const DeviceArray<std::byte> scratch(prepared_bytes(batch, columns));
  multiply(device.queue(), products, device_input.data(), batch, scratch.data());
  device.finish();
  std::vector<std::vector<float>> results;
  for (const auto& output : outputs) results.push_back(output->read());
  return results;
}

std::vector<float> product_of(const TensorView& view, std::span<const float> input) {
  return products_of({view}, input).front();
}

float greatest_magnitude(std::span<const float> values) {
  float greatest = 0.0F;
  for (const float value : values) greatest = std::max(greatest, std::abs(value));
  return greatest;
}

/// What blocks of 32 int8 make of activations.
std::vector<float> after_quantization(std::span<const float> activations) {
  std::vector<float> result;
  for (std::size_t start = 0; start < activations.size(); start += 32) {
    const auto block = activations.subspan(start, 32);
    const float greatest = greatest_magnitude(block);
    for (const float value : block) {
      result.push_back(std::nearbyint(value * (127.0F / greatest)) * (greatest / 127.0F));
    }
  }
  return result;
}

/// The greatest least value of row r: what is added to scaled quants and may cancel them.
double greatest_least(const RandomBlocks& matrix, std::size_t r) {
  return 63.0 * matrix.greatest_least(r);
}
double greatest_least(const RandomMatrix& matrix, std::size_t r) {
  const TensorView view = matrix.view();
  if (view.format != Format::q4_1 && view.format != Format::q5_1) return 0.0;
  const std::byte* row = view.data + r * bytes_per_row(view.format, view.columns);
  double greatest = 0.0;
  for (std::size_t k = 0; k < view.columns / 32; ++k) {
    std::uint16_t half = 0;  // the second in both blocks
    std::memcpy(&half, row + k * bytes_per_block(view.format) + 2, sizeof half);
    greatest = std::max(greatest, std::abs(static_cast<double>(kernels::half_to_float(half))));
  }
  return greatest;
}

struct Expected {
  double sum = 0.0;
  double tolerance = 0.0;
};

/// Of decode. Within a unit of 32 columns integers are exact; a unit costs at most five roundings
/// (its scales, its one or two groups with their least values), and its addition one; at the end
/// the sums of at most 32 threads are added, and activations and weights have rounded scales. Each
/// rounding is off by 2^-24 of at most all that is added up, least values apart. Floats: one
/// rounding a product. Weights of 8 bits see activations in 64516 steps of their unit's greatest.
Expected expect_decode(const std::vector<float>& weights, double least,
                       std::span<const float> activations, UnitShape shape) {
  const bool rounded = shape.bits < 8;
  std::vector<float> seen(activations.begin(), activations.end());
  if (rounded) seen = after_quantization(activations);
  Expected expected;
  double magnitude = 0.0;
  double steps = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = static_cast<double>(weights[i]);
    const double activation = static_cast<double>(seen[i]);
    expected.sum += weight * activation;
    magnitude += (std::abs(weight) + 2.0 * least) * std::abs(activation);
    const auto unit =
        activations.subspan(i / 32 * 32, std::min<std::size_t>(32, weights.size() - i / 32 * 32));
    steps += std::abs(weight) * static_cast<double>(greatest_magnitude(unit)) / 64516.0;
  }
  const double columns = static_cast<double>(weights.size());
  const double roundings = is_float(shape) ? columns + 10.0 : columns / 32.0 + 5.0 + 10.0;
  expected.tolerance = roundings * 0x1p-24 * magnitude + 1e-30;
  if (shape.bits == 8) expected.tolerance += 1.001 * steps;
  return expected;
}

/// Of tiles: weight and activation are rounded to halves, each within 2^-11 of itself or, where the
/// half is subnormal, 2^-39 of its row's greatest (a bound of it in quantized rows, at most 16
/// times as much here); sums of floats as above, one rounding a product.
Expected expect_tiles(const std::vector<float>& weights, double least,
                      std::span<const float> activations) {
  Expected expected;
  double products = 0.0;
  double magnitude = 0.0;
  double weight_sum = 0.0;
  double activation_sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = std::abs(static_cast<double>(weights[i]));
    const double activation = std::abs(static_cast<double>(activations[i]));
    expected.sum += static_cast<double>(weights[i]) * static_cast<double>(activations[i]);
    products += weight * activation;
    magnitude += (weight + 2.0 * least) * activation;
    weight_sum += weight;
    activation_sum += activation;
  }
  const double most_weight = static_cast<double>(greatest_magnitude(weights)) + 2.0 * least;
  const double most_activation = static_cast<double>(greatest_magnitude(activations));
  const double columns = static_cast<double>(weights.size());
  expected.tolerance = 1.01 * 0x1p-10 * products + (columns + 16.0) * 0x1p-24 * magnitude +
                       0x1p-35 * (most_weight * activation_sum + most_activation * weight_sum);
  return expected;
}

template <class Matrix>
void check_product(const Matrix& matrix, std::span<const float> input) {
  const TensorView view = matrix.view();
  const std::size_t batch = input.size() / view.columns;
  BOOST_TEST_CONTEXT(name(view.format)
                     << " [" << view.rows << " x " << view.columns << "] batch " << batch) {
    const std::vector<float> output = product_of(view, input);
    for (std::size_t r = 0; r < view.rows; ++r) {
      const std::vector<float> weights = matrix.row(r);
      const double least = greatest_least(matrix, r);
      for (std::size_t b = 0; b < batch; ++b) {
        const auto activations = input.subspan(b * view.columns, view.columns);
        const Expected expected =
            batch <= most_rows_of_decode
                ? expect_decode(weights, least, activations, shape_of(view.format))
                : expect_tiles(weights, least, activations);
        const auto result = static_cast<double>(output[b * view.rows + r]);
        // Not BOOST_REQUIRE_LE: a result that is no number has to fail.
        if (std::abs(result - expected.sum) <= expected.tolerance) continue;
        BOOST_FAIL("row " << r << " of input " << b << ": " << result << " instead of "
                          << expected.sum << " within " << expected.tolerance);
      }
    }
  }
}

const std::vector<float> usual_halves = {1.0F, -0.37F, 0.0042F, 3.7F};
const std::vector<float> extreme_halves = {65504.0F,  -65504.0F, 0x1p-24F,
                                           -0x1p-24F, 0.0F,      0x1p-14F};

/// One block, three, and sizes as small models have them; floats have no blocks.
std::vector<std::size_t> column_counts(Format format) {
  switch (values_per_block(format)) {
    case 1:
      return {1, 43, 288};
    case 32:
      return {32, 96, 576};
    case 128:
      return {128, 384, 640};
    default:
      return {256, 768, 1024};
  }
}

BOOST_AUTO_TEST_CASE(products_agree_with_double_precision_at_odd_sizes_and_every_batch) {
  on_emulated_devices([] {
    for (const Format format : every_format()) {
      const std::vector<std::size_t> columns = column_counts(format);
      const auto check = [&](std::size_t rows, std::size_t column_count,
                             std::vector<std::size_t> batches) {
        with_random_matrix(format, rows, column_count, usual_halves, [&](const auto& matrix) {
          for (const std::size_t batch : batches) {
            check_product(matrix, random_floats(batch * column_count, 73));
          }
        });
      };
      check(1, columns[0], {1, 2, 3, 5, 9, 17});
      check(7, columns[1], {1, 4, 7, 8, 33});
      check(33, columns[1], {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 64});
      check(100, columns[2], {1, 3, 8});
    }
  });
}

BOOST_AUTO_TEST_CASE(products_take_the_most_extreme_scales_of_blocks) {
  on_emulated_devices([] {
    for (const Format format : k_quants_and_ternary) {
      with_random_matrix(format, 19, 768, extreme_halves, [&](const auto& matrix) {
        for (const std::size_t batch : {3, 10}) {
          check_product(matrix, random_floats(batch * 768, 74));
        }
      });
    }
  });
}

// Far beyond what halves hold on either side, and rows of input of very different greatness.
BOOST_AUTO_TEST_CASE(activations_of_any_greatness_neither_overflow_nor_vanish) {
  constexpr std::size_t columns = 256;
  for (const Format format : every_format()) {
    with_random_matrix(format, 17, columns, usual_halves, [&](const auto& matrix) {
      for (const std::size_t batch : {std::size_t{6}, std::size_t{12}}) {
        std::vector<float> input = random_floats(batch * columns, 75);
        for (std::size_t b = 0; b < batch; ++b) {
          const float factor = std::pow(10.0F, static_cast<float>(b % 6) * 12.0F - 30.0F);
          for (std::size_t c = 0; c < columns; ++c) input[b * columns + c] *= factor;
        }
        check_product(matrix, input);
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(weights_beyond_what_halves_hold_are_multiplied_in_tiles_too) {
  constexpr std::size_t columns = 96;
  for (const Format format : {Format::f32, Format::bf16}) {
    for (const float factor : {1e30F, 1e-30F}) {
      std::vector<float> values = random_floats(5 * columns, 76);
      for (float& value : values) value *= factor;
      std::vector<std::byte> bytes(5 * bytes_per_row(format, columns));
      for (std::size_t r = 0; r < 5; ++r) {
        quantize_row(format, std::span(values).subspan(r * columns, columns),
                     bytes.data() + r * bytes_per_row(format, columns));
      }
      const TensorView view{.format = format, .rows = 5, .columns = columns, .data = bytes.data()};
      const std::vector<float> input = random_floats(9 * columns, 77);
      const std::vector<float> output = product_of(view, input);
      for (std::size_t r = 0; r < 5; ++r) {
        std::vector<float> weights(columns);
        dequantize_row(view, r, weights);
        for (std::size_t b = 0; b < 9; ++b) {
          const Expected expected =
              expect_tiles(weights, 0.0, std::span(input).subspan(b * columns, columns));
          BOOST_REQUIRE_LE(std::abs(static_cast<double>(output[b * 5 + r]) - expected.sum),
                           expected.tolerance);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(large_tiles_agree_with_double_precision_at_their_edges) {
  on_emulated_devices([] {
    for (const Format format : {Format::q4_k, Format::f16}) {
      with_random_matrix(format, 131, 256, usual_halves, [&](const auto& matrix) {
        const TestDevice device;
#if defined(SQUALL_GPU_EMULATION)
        BOOST_REQUIRE(tile_cut_for(device.queue(), 131, 130) == TileCut::large);
#endif
        check_product(matrix, random_floats(130 * std::size_t{256}, 78));
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(a_row_of_input_gives_the_same_bits_in_every_batch_up_to_eight) {
  constexpr std::size_t rows = 21;
  on_emulated_devices([] {
    for (const Format format : every_format()) {
      // More units than one turn of a block's threads takes, and no multiple of it.
      const std::size_t columns = values_per_block(format) <= 32 ? 32 * 19 : 256 * 5;
      with_random_matrix(format, rows, columns, usual_halves, [&](const auto& matrix) {
        const std::vector<float> input = random_floats(8 * columns, 79);
        const std::vector<float> all = product_of(matrix.view(), input);
        for (std::size_t batch = 1; batch < 8; ++batch) {
          const std::size_t first = 8 - batch;
          const std::vector<float> some =
              product_of(matrix.view(), std::span(input).subspan(first * columns));
          BOOST_REQUIRE(std::memcmp(some.data(), all.data() + first * rows,
                                    some.size() * sizeof(float)) == 0);
        }
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(products_that_share_an_input_equal_those_of_one_matrix_at_a_time) {
  constexpr std::size_t columns = 256;
  std::vector<RandomMatrix> matrices;
  std::uint32_t seed = 80;
  for (const std::size_t rows : {5, 40, 16, 1, 17, 33}) {
    matrices.emplace_back(Format::q4_0, rows, columns, ++seed);
  }
  matrices.emplace_back(Format::f16, 18, columns, 90);
  matrices.emplace_back(Format::q8_0, 20, columns, 91);
  std::vector<TensorView> views;
  for (const RandomMatrix& matrix : matrices) views.push_back(matrix.view());
  for (const std::size_t batch : {2, 20}) {
    const std::vector<float> input = random_floats(batch * columns, 92);
    const auto together = products_of(views, input);
    for (std::size_t i = 0; i < views.size(); ++i) {
      BOOST_TEST(together[i] == product_of(views[i], input), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(packs_are_the_same_whatever_pieces_they_are_made_in) {
  for (const Format format : every_format()) {
    with_random_matrix(format, 41, 256, usual_halves, [&](const auto& matrix) {
      const TensorView view = matrix.view();
      std::vector<std::byte> whole(packed_bytes(format, 41, 256), std::byte{1});
      pack(view, 0, 41, whole.data());
      std::vector<std::byte> pieces(whole.size(), std::byte{2});
      pack(view, 32, 41, pieces.data() + packed_bytes(format, 32, 256));
      pack(view, 0, 32, pieces.data());
      BOOST_REQUIRE(whole == pieces);
    });
  }
}

/// A packed matrix may be little bigger than the file's: reading it is what decode costs.
BOOST_AUTO_TEST_CASE(packs_take_few_more_bytes_than_the_file) {
  for (const Format format : every_format()) {
    const double file = static_cast<double>(bytes_per_row(format, 4096) * 64);
    // Digits of tq1_0 become two bits.
    const double most = format == Format::tq1_0 ? 1.24 : 1.05;
    BOOST_TEST(static_cast<double>(packed_bytes(format, 64, 4096)) <= most * file,
               name(format) << " grows to " << packed_bytes(format, 64, 4096));
  }
}

BOOST_AUTO_TEST_CASE(inputs_that_are_no_numbers_make_no_finite_results) {
  constexpr std::size_t columns = 256;
  for (const Format format : every_format()) {
    with_random_matrix(format, 3, columns, usual_halves, [&](const auto& matrix) {
      for (const float poison :
           {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
            std::numeric_limits<float>::quiet_NaN()}) {
        for (const std::size_t batch : {std::size_t{2}, std::size_t{9}}) {
          std::vector<float> input = random_floats(batch * columns, 93);
          input[columns + 77] = poison;
          const std::vector<float> output = product_of(matrix.view(), input);
          for (std::size_t r = 0; r < 3; ++r) {
            BOOST_REQUIRE(std::isfinite(output[r]));
            BOOST_REQUIRE(!std::isfinite(output[3 + r]));
          }
        }
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(inputs_of_zero_and_of_the_least_floats_give_no_surprises) {
  constexpr std::size_t columns = 256;
  for (const Format format : every_format()) {
    with_random_matrix(format, 3, columns, {1.0F}, [&](const auto& matrix) {
      for (const float value : {0.0F, 1e-44F, 1e-38F}) {
        for (const std::size_t batch : {std::size_t{1}, std::size_t{9}}) {
          const std::vector<float> input(batch * columns, value);
          for (const float result : product_of(matrix.view(), input)) {
            // 256 weights of at most 63 * 63
            BOOST_REQUIRE_LE(std::abs(result), 2e-32F);
          }
        }
      }
    });
  }
}

/// The host's values, but for one rounding where a device adds and multiplies at once.
BOOST_AUTO_TEST_CASE(embedding_gives_the_rows_of_the_tokens) {
  constexpr std::size_t rows = 9;
  constexpr std::size_t columns = 512;
  const std::vector<std::int32_t> tokens = {8, 0, 3, 3, 5};
  for (const Format format : every_format()) {
    with_random_matrix(format, rows, columns, usual_halves, [&](const auto& matrix) {
      const TensorView view = matrix.view();
      const std::size_t bytes = rows * bytes_per_row(format, columns);
      const DeviceArray<std::byte> table(std::vector<std::byte>(view.data, view.data + bytes));
      const DeviceArray<std::int32_t> device_tokens(tokens);
      const DeviceArray<float> output(tokens.size() * columns);
      const TestDevice device;
      embed(device.queue(),
            {.format = format,
             .rows = rows,
             .columns = columns,
             .scale = view.scale,
             .data = table.data()},
            device_tokens.data(), tokens.size(), output.data());
      device.finish();
      const std::vector<float> result = output.read();
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto token = static_cast<std::size_t>(tokens[i]);
        const std::vector<float> row = matrix.row(token);
        for (std::size_t c = 0; c < columns; ++c) {
          const double tolerance =
              0x1p-23 * (std::abs(static_cast<double>(row[c])) + greatest_least(matrix, token));
          BOOST_REQUIRE_LE(std::abs(static_cast<double>(result[i * columns + c] - row[c])),
                           tolerance);
        }
      }
    });
  }
}

}  // namespace
}  // namespace squall::kernels::hip
