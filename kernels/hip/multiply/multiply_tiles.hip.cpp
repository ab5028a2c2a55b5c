// Larger batches: a block makes a tile of rows times a tile of the batch, 32 columns (or several
// such steps side by side) at a time. Weights become halves in shared memory, activations are
// halves already, sums are floats (matrix_tile.hpp).
//
// No half overflows: a row's weights come times its pack's factor, a row's activations times
// theirs, both powers of two; the results are freed of both. A value loses at most 2^-11 of itself,
// and, far below its row's greatest, at most 2^-39 of that.

#include <algorithm>
#include <array>

#include "kernels/hip/matrix_tile.hpp"
#include "kernels/hip/multiply/packed_launches.hpp"
#include "kernels/hip/multiply/unit_values.hpp"

namespace squall::kernels::hip {
namespace {

/// In halves: 8 rows of 32 that lie 40 apart share no bank when 8 threads store 16 bytes each.
constexpr unsigned shared_stride = 40;

/// waves_deep: so many groups of waves work on different steps of the same tile; their sums are
/// added in the end.
template <unsigned row_tiles_, unsigned batch_tiles_, unsigned waves_down_, unsigned waves_across_,
          unsigned waves_deep_>
struct Cut {
  static constexpr unsigned row_tiles = row_tiles_;      // of a wave
  static constexpr unsigned batch_tiles = batch_tiles_;  // likewise
  static constexpr unsigned waves_down = waves_down_;
  static constexpr unsigned waves_across = waves_across_;
  static constexpr unsigned waves_deep = waves_deep_;
  static constexpr unsigned waves = waves_down * waves_across * waves_deep;
  static constexpr unsigned rows = row_tiles * waves_down * tile_side;
  static constexpr unsigned batch = batch_tiles * waves_across * tile_side;
  static constexpr unsigned step_halves = (rows + batch) * shared_stride;
  static constexpr unsigned stage_halves = waves_deep * step_halves;
};
using NarrowCut = Cut<1, 1, 2, 1, 4>;  // 32 rows, 16 of the batch
using SmallCut = Cut<1, 2, 2, 2, 2>;   // 32 rows, 64
using LargeCut = Cut<2, 4, 4, 2, 1>;   // 128 rows, 128

#if defined(__CUDACC__) && !defined(__HIP__)
constexpr unsigned most_lanes = 32;
#else
constexpr unsigned most_lanes = 64;
#endif

/// What a block works on.
struct TileWork {
  PackedProduct product;
  std::uint32_t first_row;
  std::uint32_t first_input;
  std::uint32_t units;
  std::uint32_t batch;
};

__device__ __forceinline__ std::uint32_t two_halves(float first, float second) {
  return static_cast<std::uint32_t>(float_to_half(first)) |
         static_cast<std::uint32_t>(float_to_half(second)) << 16;
}

/// Half a unit, 16 values, as halves times the row's factor.
template <Format format>
__device__ __forceinline__ void store_half_unit(const UnitPart<format, 1>& part, unsigned half,
                                                float factor, std::uint16_t* to) {
  constexpr UnitShape shape = shape_of(format);
  std::uint32_t words[8];
  if constexpr (is_float(shape)) {
    GPU_UNROLL
    for (unsigned i = 0; i < 8; ++i) {
      words[i] = two_halves(part.float_at(2 * i) * factor, part.float_at(2 * i + 1) * factor);
    }
  } else {
    const GroupScale group = part.group(shape.groups == 2 ? half : 0);
    const float scale = group.scale * factor;
    const float least = group.least * factor;
    const auto value = [&](std::uint32_t byte) {
      const int quant = shape.bits == 8 ? static_cast<int>(static_cast<std::int8_t>(byte & 255U))
                                        : static_cast<int>(byte & 255U) - shape.offset;
      return fmaf(scale, static_cast<float>(quant), least);
    };
    GPU_UNROLL
    for (unsigned s = 0; s < 4; ++s) {
      const std::uint32_t four = part.four(s);
      words[2 * s] = two_halves(value(four), value(four >> 8));
      words[2 * s + 1] = two_halves(value(four >> 16), value(four >> 24));
    }
  }
  store_word4(to, {{words[0], words[1], words[2], words[3]}});
  store_word4(to + 8, {{words[4], words[5], words[6], words[7]}});
}

/// The weights of one stage; neighbouring threads have neighbouring rows.
template <Format format, class Cut>
__device__ __forceinline__ void stage_weights(const TileWork& work, std::uint32_t first_unit,
                                              std::uint16_t* shared) {
  const PackLayout layout = layout_of(shape_of(format), work.units);
  for (unsigned i = threadIdx.x; i < Cut::waves_deep * Cut::rows * 2; i += blockDim.x) {
    const unsigned row = i % Cut::rows;
    const unsigned half = i / Cut::rows % 2;
    const unsigned step = i / (Cut::rows * 2);
    const std::uint32_t unit = first_unit + step;
    const std::uint32_t pack_number = (work.first_row + row) / rows_per_pack;
    std::uint16_t* to = shared + step * Cut::step_halves + row * shared_stride + half * 16;
    // Packs are whole: rows beyond the matrix's end are zeros in the last.
    if (unit < work.units && pack_number * rows_per_pack < work.product.rows) {
      const std::byte* pack =
          work.product.packs + static_cast<std::size_t>(pack_number) * layout.bytes;
      const unsigned in_pack = row % rows_per_pack;
      const float factor = reinterpret_cast<const float*>(pack)[in_pack];
      store_half_unit(load_part<format, 1, false>(pack, layout, unit, in_pack, half), half, factor,
                      to);
    } else {
      store_word4(to, {});
      store_word4(to + 8, {});
    }
  }
}

/// The activations of one stage, 8 halves a thread; four threads read 64 bytes side by side.
template <class Cut>
__device__ __forceinline__ void stage_input(const TileWork& work, const std::uint16_t* halves,
                                            std::uint32_t first_unit, std::uint16_t* shared) {
  for (unsigned i = threadIdx.x; i < Cut::waves_deep * Cut::batch * 4; i += blockDim.x) {
    const unsigned quarter = i % 4;
    const unsigned column = i / 4 % Cut::batch;
    const unsigned step = i / (Cut::batch * 4);
    const std::uint32_t unit = first_unit + step;
    const std::uint32_t b = work.first_input + column;
    Word4 eight{};
    if (unit < work.units && b < work.batch) {
      eight =
          load_word4(halves + (static_cast<std::size_t>(b) * work.units + unit) * values_per_unit +
                     quarter * 8);
    }
    store_word4(
        shared + step * Cut::step_halves + (Cut::rows + column) * shared_stride + quarter * 8,
        eight);
  }
}

/// Where a wave of the block works.
struct WavePlace {
  unsigned wave;
  unsigned down;
  unsigned across;
  unsigned deep;
};

template <class Cut>
__device__ __forceinline__ WavePlace place_of_wave() {
  const unsigned wave = threadIdx.x / wave_size();
  return {wave, wave % Cut::waves_down, wave / Cut::waves_down % Cut::waves_across,
          wave / (Cut::waves_down * Cut::waves_across)};
}

template <class Cut>
__device__ __forceinline__ void multiply_stage(const WavePlace& place, const std::uint16_t* shared,
                                               SumTile (&sums)[Cut::row_tiles][Cut::batch_tiles]) {
  const std::uint16_t* step = shared + place.deep * Cut::step_halves;
  const std::uint16_t* rows = step + place.down * Cut::row_tiles * tile_side * shared_stride;
  const std::uint16_t* columns =
      step + (Cut::rows + place.across * Cut::batch_tiles * tile_side) * shared_stride;
  GPU_UNROLL
  for (unsigned k = 0; k < values_per_unit; k += tile_side) {
    LeftTile left[Cut::row_tiles];
    RightTile right[Cut::batch_tiles];
    GPU_UNROLL
    for (unsigned r = 0; r < Cut::row_tiles; ++r) {
      load_tile(left[r], rows + r * tile_side * shared_stride + k, shared_stride);
    }
    GPU_UNROLL
    for (unsigned c = 0; c < Cut::batch_tiles; ++c) {
      load_tile(right[c], columns + c * tile_side * shared_stride + k, shared_stride);
    }
    GPU_UNROLL
    for (unsigned r = 0; r < Cut::row_tiles; ++r) {
      GPU_UNROLL
      for (unsigned c = 0; c < Cut::batch_tiles; ++c) multiply_add(sums[r][c], left[r], right[c]);
    }
  }
}

/// A power of two, taken back.
__device__ __forceinline__ float inverse_of_power(float power) {
  return __builtin_bit_cast(float, (254U << 23) - __builtin_bit_cast(std::uint32_t, power));
}

/// One tile of each wave, from shared memory: the sums of the waves of one place are added in their
/// order, then freed of the factors. row, column: which of the wave's tiles
template <class Cut>
__device__ __forceinline__ void write_tiles(const TileWork& work, std::uint32_t pack_bytes,
                                            const float* input_factors, const float* shared,
                                            unsigned row, unsigned column) {
  constexpr unsigned values = tile_side * tile_side;
  constexpr unsigned places = Cut::waves_down * Cut::waves_across;
  for (unsigned i = threadIdx.x; i < places * values; i += blockDim.x) {
    const unsigned place = i / values;
    const std::uint32_t r = work.first_row +
                            (place % Cut::waves_down * Cut::row_tiles + row) * tile_side +
                            i % tile_side;
    const std::uint32_t b = work.first_input +
                            (place / Cut::waves_down * Cut::batch_tiles + column) * tile_side +
                            i % values / tile_side;
    if (r >= work.product.rows || b >= work.batch) continue;
    float sum = shared[i];
    GPU_UNROLL
    for (unsigned deep = 1; deep < Cut::waves_deep; ++deep) {
      sum += shared[deep * places * values + i];
    }
    const auto* row_factors = reinterpret_cast<const float*>(
        work.product.packs + static_cast<std::size_t>(r / rows_per_pack) * pack_bytes);
    // The factors' product first: the sum times one of them can be beyond what a float holds.
    const float factor = inverse_of_power(row_factors[r % rows_per_pack]) * input_factors[b];
    work.product.output[static_cast<std::size_t>(b) * work.product.rows + r] =
        sum * factor * work.product.scale;
  }
}

template <Format format, class Cut>
__global__ void __launch_bounds__(Cut::waves* most_lanes)
    multiply_tiles(PackedProducts products, TileInput input, std::uint32_t units,
                   std::uint32_t batch) {
  constexpr unsigned stage_words = Cut::stage_halves / 8;
  static_assert(2 * stage_words * 16 >= Cut::waves * tile_side * tile_side * sizeof(float));
  // Two stages, so that one is filled while the other is used; and a word to begin at 32 bytes.
  GPU_SHARED(Word4, memory, 2 * stage_words + 1);
  auto* stages = reinterpret_cast<std::uint16_t*>(
      memory + reinterpret_cast<std::uintptr_t>(memory) % 32 / sizeof(Word4));
  TileWork work{product_of_block(products, blockIdx.x), 0, blockIdx.y * Cut::batch, units, batch};
  work.first_row = (blockIdx.x - work.product.first_block) * Cut::rows;
  const WavePlace place = place_of_wave<Cut>();

  SumTile sums[Cut::row_tiles][Cut::batch_tiles];
  GPU_UNROLL
  for (unsigned r = 0; r < Cut::row_tiles; ++r) {
    GPU_UNROLL
    for (unsigned c = 0; c < Cut::batch_tiles; ++c) clear_tile(sums[r][c]);
  }
  stage_weights<format, Cut>(work, 0, stages);
  stage_input<Cut>(work, input.halves, 0, stages);
  __syncthreads();
  unsigned filled = 0;  // which stage
  for (std::uint32_t unit = 0; unit < units; unit += Cut::waves_deep) {
    if (unit + Cut::waves_deep < units) {
      std::uint16_t* next = stages + (1 - filled) * Cut::stage_halves;
      stage_weights<format, Cut>(work, unit + Cut::waves_deep, next);
      stage_input<Cut>(work, input.halves, unit + Cut::waves_deep, next);
    }
    multiply_stage<Cut>(place, stages + filled * Cut::stage_halves, sums);
    filled = 1 - filled;
    __syncthreads();
  }

  auto* results = reinterpret_cast<float*>(stages);
  const std::uint32_t pack_bytes = layout_of(shape_of(format), units).bytes;
  GPU_UNROLL
  for (unsigned r = 0; r < Cut::row_tiles; ++r) {
    GPU_UNROLL
    for (unsigned c = 0; c < Cut::batch_tiles; ++c) {
      store_tile(sums[r][c], results + place.wave * tile_side * tile_side);
      __syncthreads();
      write_tiles<Cut>(work, pack_bytes, input.factors, results, r, c);
      __syncthreads();
    }
  }
}

template <Format format, class Cut>
void launch(const Queue& queue, const PackedProducts& products, const TileInput& input,
            std::uint32_t units, std::uint32_t batch) {
  const dim3 grid(products.blocks, (batch + Cut::batch - 1) / Cut::batch);
  GPU_LAUNCH((multiply_tiles<format, Cut>), grid, dim3(Cut::waves * queue.facts->wave_size), queue,
             products, input, units, batch);
}

template <Format format>
void launch_cut(const Queue& queue, TileCut cut, const PackedProducts& products,
                const TileInput& input, std::uint32_t units, std::uint32_t batch) {
  switch (cut) {
    case TileCut::narrow:
      return launch<format, NarrowCut>(queue, products, input, units, batch);
    case TileCut::small:
      return launch<format, SmallCut>(queue, products, input, units, batch);
    case TileCut::large:
      return launch<format, LargeCut>(queue, products, input, units, batch);
  }
}

using Launch = void (*)(const Queue&, TileCut, const PackedProducts&, const TileInput&,
                        std::uint32_t, std::uint32_t);

// In the order of Format; tq1_0 is packed as tq2_0.
constexpr std::array<Launch, format_count> launches = {
    &launch_cut<Format::f32>,  &launch_cut<Format::f16>,   &launch_cut<Format::bf16>,
    &launch_cut<Format::q8_0>, &launch_cut<Format::q4_0>,  &launch_cut<Format::q4_1>,
    &launch_cut<Format::q5_0>, &launch_cut<Format::q5_1>,  &launch_cut<Format::q2_k>,
    &launch_cut<Format::q3_k>, &launch_cut<Format::q4_k>,  &launch_cut<Format::q5_k>,
    &launch_cut<Format::q6_k>, &launch_cut<Format::tq2_0>, &launch_cut<Format::tq2_0>,
    &launch_cut<Format::i2_s>};

constexpr std::size_t tiles_over(std::size_t values, unsigned tile) {
  return (values + tile - 1) / tile;
}

}  // namespace

TileCut tile_cut_for(const Queue& queue, std::size_t rows, std::size_t batch) {
  if (batch <= NarrowCut::batch) return TileCut::narrow;
  const std::size_t large_tiles =
      tiles_over(rows, LargeCut::rows) * tiles_over(batch, LargeCut::batch);
  const bool busy = 2 * large_tiles >= queue.facts->multiprocessors;
  return batch > SmallCut::batch && busy ? TileCut::large : TileCut::small;
}

unsigned rows_of_tile(TileCut cut) {
  switch (cut) {
    case TileCut::narrow:
      return NarrowCut::rows;
    case TileCut::small:
      return SmallCut::rows;
    case TileCut::large:
      return LargeCut::rows;
  }
  return 0;
}

void launch_tiles(const Queue& queue, Format format, TileCut cut, const PackedProducts& products,
                  const TileInput& input, InputSize size) {
  launches[static_cast<std::size_t>(format)](queue, cut, products, input,
                                             units_of(static_cast<std::uint32_t>(size.columns)),
                                             static_cast<std::uint32_t>(size.batch));
}

}  // namespace squall::kernels::hip
