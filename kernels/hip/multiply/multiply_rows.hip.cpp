// Decode: matrix-vector products for 1 to 8 rows of input.
//
// A block is a pack of 16 rows; a thread has one row and every n-th unit of 32 columns, with its
// sums in registers. A row's number is built in one order whatever the batch: its threads' units
// from left to right, then the threads of a wave, then the waves; each step is one rounding that no
// compiler may choose otherwise.

#include <algorithm>
#include <array>

#include "kernels/hip/multiply/packed_launches.hpp"
#include "kernels/hip/multiply/unit_values.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned most_threads = 256;

/// Four of the integers of a unit: word s of its eight.
struct UnitInput {
  std::uint32_t words[8];
};

__device__ __forceinline__ UnitInput load_input(const std::int8_t* values, std::size_t unit) {
  UnitInput input;
  GPU_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    const Word4 four = load_word4(values + unit * values_per_unit + half * 16);
    GPU_UNROLL
    for (unsigned i = 0; i < 4; ++i) input.words[half * 4 + i] = four.words[i];
  }
  return input;
}

/// Of the four words from `first` on, on top of `sum`.
template <Format format>
__device__ __forceinline__ std::int32_t dot_half(const UnitPart<format, 2>& weights,
                                                 const UnitInput& input, unsigned first,
                                                 std::int32_t sum) {
  GPU_UNROLL
  for (unsigned s = first; s < first + 4; ++s) {
    sum = dot4(static_cast<std::int32_t>(weights.four(s)),
               static_cast<std::int32_t>(input.words[s]), sum);
  }
  return sum;
}

/// sum + weights * activations of a unit, weights of up to 8 bits. Integers stay exact: 32 products
/// of 8 bits times 254 are below 2^27.
template <Format format>
__device__ __forceinline__ float add_integers(const UnitPart<format, 2>& weights,
                                              const DecodeInput& input, std::size_t unit,
                                              float sum) {
  constexpr UnitShape shape = shape_of(format);
  const UnitFacts facts = input.facts[unit];
  const UnitInput coarse = load_input(input.coarse, unit);
  if constexpr (shape.bits == 8) {
    const UnitInput fine = load_input(input.fine, unit);
    std::int32_t dot = dot_half(weights, coarse, 4, dot_half(weights, coarse, 0, 0)) * fine_steps;
    dot = dot_half(weights, fine, 4, dot_half(weights, fine, 0, dot));
    const float scale = weights.group(0).scale * (1.0F / fine_steps);
    return fmaf(facts.scale, scale * static_cast<float>(dot), sum);
  } else if constexpr (shape.groups == 1) {
    const std::int32_t input_sum = facts.sums[0] + facts.sums[1];
    const std::int32_t dot = dot_half(weights, coarse, 4, dot_half(weights, coarse, 0, 0));
    const GroupScale group = weights.group(0);
    float value = group.scale * static_cast<float>(dot - shape.offset * input_sum);
    if constexpr (has_least(shape)) {
      value = fmaf(group.least, static_cast<float>(input_sum), value);
    }
    return fmaf(facts.scale, value, sum);
  } else {
    float value = 0.0F;
    GPU_UNROLL
    for (unsigned g = 0; g < 2; ++g) {
      const std::int32_t input_sum = facts.sums[g];
      const std::int32_t dot = dot_half(weights, coarse, 4 * g, 0);
      const GroupScale group = weights.group(g);
      value = fmaf(group.scale, static_cast<float>(dot - shape.offset * input_sum), value);
      if constexpr (has_least(shape)) {
        value = fmaf(group.least, static_cast<float>(input_sum), value);
      }
    }
    return fmaf(facts.scale, value, sum);
  }
}

template <Format format>
__device__ __forceinline__ float add_floats(const UnitPart<format, 2>& weights,
                                            const DecodeInput& input, std::size_t unit, float sum) {
  const float* values = input.floats + unit * values_per_unit;
  GPU_UNROLL
  for (unsigned word = 0; word < 8; ++word) {
    const Word4 four = load_word4(values + 4 * word);
    GPU_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      sum = fmaf(weights.float_at(4 * word + i), __builtin_bit_cast(float, four.words[i]), sum);
    }
  }
  return sum;
}

template <Format format, unsigned most_batch>
struct RowSums {
  float sums[most_batch] = {};

  __device__ __forceinline__ void add(const UnitPart<format, 2>& weights, const DecodeInput& input,
                                      std::uint32_t unit, std::uint32_t units,
                                      std::uint32_t batch) {
    GPU_UNROLL
    for (unsigned b = 0; b < most_batch; ++b) {
      if (b >= batch) continue;
      const std::size_t at = std::size_t{b} * units + unit;
      if constexpr (is_float(shape_of(format))) {
        sums[b] = add_floats(weights, input, at, sums[b]);
      } else {
        sums[b] = add_integers(weights, input, at, sums[b]);
      }
    }
  }
};

/// How many units a thread loads before it uses the first: enough bytes have to be on their way,
/// and the registers have to hold them.
template <Format format, unsigned most_batch>
constexpr unsigned units_ahead() {
  const UnitShape shape = shape_of(format);
  if (is_float(shape) || most_batch == 8) return 1;
  if (shape.bits == 8) return most_batch == 1 ? 2 : 1;
  return most_batch <= 2 ? 4 : 2;
}

template <Format format, unsigned most_batch>
__global__ void __launch_bounds__(most_threads)
    multiply_rows(PackedProducts products, DecodeInput input, std::uint32_t units,
                  std::uint32_t batch) {
  constexpr unsigned most_waves = most_threads / 32;
  constexpr unsigned ahead = units_ahead<format, most_batch>();
  GPU_SHARED(float, sums_of_waves, most_waves* most_batch* rows_per_pack);
  const PackedProduct product = product_of_block(products, blockIdx.x);
  const std::uint32_t number = blockIdx.x - product.first_block;
  const PackLayout layout = layout_of(shape_of(format), units);
  const std::byte* pack = product.packs + static_cast<std::size_t>(number) * layout.bytes;
  const unsigned row = threadIdx.x % rows_per_pack;
  const unsigned step = blockDim.x / rows_per_pack;

  RowSums<format, most_batch> row_sums;
  std::uint32_t unit = threadIdx.x / rows_per_pack;
  if constexpr (ahead > 1) {
    for (; unit + (ahead - 1) * step < units; unit += ahead * step) {
      UnitPart<format, 2> parts[ahead];
      GPU_UNROLL
      for (unsigned i = 0; i < ahead; ++i) {
        parts[i] = load_part<format, 2, true>(pack, layout, unit + i * step, row, 0);
      }
      GPU_UNROLL
      for (unsigned i = 0; i < ahead; ++i) {
        row_sums.add(parts[i], input, unit + i * step, units, batch);
      }
    }
  }
  for (; unit < units; unit += step) {
    const auto part = load_part<format, 2, true>(pack, layout, unit, row, 0);
    row_sums.add(part, input, unit, units, batch);
  }

  const unsigned wave = threadIdx.x / wave_size();
  GPU_UNROLL
  for (unsigned b = 0; b < most_batch; ++b) {
    float sum = row_sums.sums[b];
    for (unsigned mask = rows_per_pack; mask < wave_size(); mask *= 2) {
      sum += shuffle_xor(sum, mask);
    }
    if (lane_of_wave() < rows_per_pack) {
      sums_of_waves[(wave * most_batch + b) * rows_per_pack + row] = sum;
    }
  }
  __syncthreads();
  const unsigned waves = blockDim.x / wave_size();
  for (unsigned i = threadIdx.x; i < batch * rows_per_pack; i += blockDim.x) {
    const std::uint32_t output_row = number * rows_per_pack + i % rows_per_pack;
    float sum = sums_of_waves[i];
    for (unsigned w = 1; w < waves; ++w) sum += sums_of_waves[w * most_batch * rows_per_pack + i];
    if (output_row < product.rows) {
      const std::size_t b = i / rows_per_pack;
      product.output[b * product.rows + output_row] = sum * product.scale;
    }
  }
}

/// Threads of a block: a wave for every four units that each of its threads would have.
unsigned threads_for(const Queue& queue, std::uint32_t units) {
  const unsigned wave = queue.facts->wave_size;
  const unsigned units_of_wave = wave / rows_per_pack * 4;
  return std::clamp(units / units_of_wave, 1U, most_threads / wave) * wave;
}

template <Format format, unsigned most_batch>
void launch(const Queue& queue, const PackedProducts& products, const DecodeInput& input,
            std::uint32_t units, std::uint32_t batch) {
  GPU_LAUNCH((multiply_rows<format, most_batch>), dim3(products.blocks),
             dim3(threads_for(queue, units)), queue, products, input, units, batch);
}

template <Format format>
void launch_for_batch(const Queue& queue, const PackedProducts& products, const DecodeInput& input,
                      std::uint32_t units, std::uint32_t batch) {
  if (batch == 1) return launch<format, 1>(queue, products, input, units, batch);
  if (batch == 2) return launch<format, 2>(queue, products, input, units, batch);
  if (batch <= 4) return launch<format, 4>(queue, products, input, units, batch);
  launch<format, 8>(queue, products, input, units, batch);
}

using Launch = void (*)(const Queue&, const PackedProducts&, const DecodeInput&, std::uint32_t,
                        std::uint32_t);

// In the order of Format; tq1_0 is packed as tq2_0.
constexpr std::array<Launch, format_count> launches = {
    &launch_for_batch<Format::f32>,   &launch_for_batch<Format::f16>,
    &launch_for_batch<Format::bf16>,  &launch_for_batch<Format::q8_0>,
    &launch_for_batch<Format::q4_0>,  &launch_for_batch<Format::q4_1>,
    &launch_for_batch<Format::q5_0>,  &launch_for_batch<Format::q5_1>,
    &launch_for_batch<Format::q2_k>,  &launch_for_batch<Format::q3_k>,
    &launch_for_batch<Format::q4_k>,  &launch_for_batch<Format::q5_k>,
    &launch_for_batch<Format::q6_k>,  &launch_for_batch<Format::tq2_0>,
    &launch_for_batch<Format::tq2_0>, &launch_for_batch<Format::i2_s>};

}  // namespace

void launch_rows(const Queue& queue, Format format, const PackedProducts& products,
                 const DecodeInput& input, InputSize size) {
  launches[static_cast<std::size_t>(format)](queue, products, input,
                                             units_of(static_cast<std::uint32_t>(size.columns)),
                                             static_cast<std::uint32_t>(size.batch));
}

}  // namespace squall::kernels::hip
