#pragma once
// Products of tiles of 16 x 16 halves with sums in floats: on matrix cores where the device has
// them (NVIDIA's tensor cores, AMD's MFMA on CDNA and WMMA on RDNA 3), else by plain arithmetic,
// which the emulation runs too.
//
// A whole wave calls each of these. `from` lies in shared memory, aligned to 32 bytes, rows
// `stride` halves apart (a multiple of 8); it must stay until the products are done.
//   LeftTile    16 rows of 16 values: [row][k]
//   RightTile   16 columns of 16 values: [column][k], as activations lie
//   SumTile     [row][column], spread over the wave
//   multiply_add(sums, left, right): sums[r][c] += sum over k of left[r][k] * right[c][k]
//   store_tile(sums, to): to[c * 16 + r], 256 floats aligned to 32 bytes
//
// Where a lane of AMD's wave has its values: the matrix instruction calculator of ROCm's
// documentation, "AMD Matrix Instruction Calculator".

#include <cmath>

#include "kernels/hip/gpu_runtime.hpp"

#if defined(SQUALL_GPU_EMULATION)
#define SQUALL_MATRIX_CORES_PLAIN 1
#elif defined(__CUDACC__) && !defined(__HIP__)
#include <mma.h>
#define SQUALL_MATRIX_CORES_WMMA 1
#elif defined(__gfx908__) || defined(__gfx90a__) || defined(__gfx940__) || defined(__gfx941__) || \
    defined(__gfx942__)
#define SQUALL_MATRIX_CORES_CDNA 1
#elif defined(__gfx1100__) || defined(__gfx1101__) || defined(__gfx1102__)
#define SQUALL_MATRIX_CORES_RDNA 1
#else
#define SQUALL_MATRIX_CORES_PLAIN 1
#endif

namespace squall::kernels::hip {

constexpr unsigned tile_side = 16;

#if defined(SQUALL_MATRIX_CORES_WMMA)

using LeftTile =
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 16, __half, nvcuda::wmma::row_major>;
using RightTile =
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, __half, nvcuda::wmma::col_major>;
using SumTile = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float>;

__device__ __forceinline__ void clear_tile(SumTile& sums) {
  nvcuda::wmma::fill_fragment(sums, 0.0F);
}
template <class Tile>
__device__ __forceinline__ void load_tile(Tile& tile, const std::uint16_t* from, unsigned stride) {
  nvcuda::wmma::load_matrix_sync(tile, reinterpret_cast<const __half*>(from), stride);
}
__device__ __forceinline__ void multiply_add(SumTile& sums, const LeftTile& left,
                                             const RightTile& right) {
  nvcuda::wmma::mma_sync(sums, left, right, sums);
}
__device__ __forceinline__ void store_tile(const SumTile& sums, float* to) {
  nvcuda::wmma::store_matrix_sync(to, sums, tile_side, nvcuda::wmma::mem_col_major);
}

#elif defined(SQUALL_MATRIX_CORES_CDNA)

// Lane l: row (column) l % 16, k = 4 (l / 16) to 4 (l / 16) + 3. Sums: rows 4 (l / 16) + v, column
// l % 16. Waves have 64 lanes.
using FourHalves = _Float16 __attribute__((ext_vector_type(4)));
using FourFloats = float __attribute__((ext_vector_type(4)));

struct OperandTile {
  FourHalves values;
};
using LeftTile = OperandTile;
using RightTile = OperandTile;
struct SumTile {
  FourFloats values;
};

__device__ __forceinline__ void clear_tile(SumTile& sums) { sums.values = FourFloats{0, 0, 0, 0}; }
__device__ __forceinline__ void load_tile(OperandTile& tile, const std::uint16_t* from,
                                          unsigned stride) {
  const unsigned lane = lane_of_wave();
  tile.values = *reinterpret_cast<const FourHalves*>(from + (lane % 16) * stride + lane / 16 * 4);
}
__device__ __forceinline__ void multiply_add(SumTile& sums, const LeftTile& left,
                                             const RightTile& right) {
  sums.values =
      __builtin_amdgcn_mfma_f32_16x16x16f16(left.values, right.values, sums.values, 0, 0, 0);
}
__device__ __forceinline__ void store_tile(const SumTile& sums, float* to) {
  const unsigned lane = lane_of_wave();
#pragma unroll
  for (unsigned v = 0; v < 4; ++v) to[lane % 16 * tile_side + lane / 16 * 4 + v] = sums.values[v];
}

#elif defined(SQUALL_MATRIX_CORES_RDNA)

// Lanes l and l + 16 of a wave of 32: all of row (column) l. Sums: rows 2 v + l / 16, column l
// % 16.
using SixteenHalves = _Float16 __attribute__((ext_vector_type(16)));
using EightHalves = _Float16 __attribute__((ext_vector_type(8)));
using EightFloats = float __attribute__((ext_vector_type(8)));

struct OperandTile {
  SixteenHalves values;
};
using LeftTile = OperandTile;
using RightTile = OperandTile;
struct SumTile {
  EightFloats values;
};

__device__ __forceinline__ void clear_tile(SumTile& sums) {
  sums.values = EightFloats{0, 0, 0, 0, 0, 0, 0, 0};
}
__device__ __forceinline__ void load_tile(OperandTile& tile, const std::uint16_t* from,
                                          unsigned stride) {
  const auto* row = reinterpret_cast<const EightHalves*>(from + (lane_of_wave() % 16) * stride);
  tile.values =
      __builtin_shufflevector(row[0], row[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
__device__ __forceinline__ void multiply_add(SumTile& sums, const LeftTile& left,
                                             const RightTile& right) {
  sums.values = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(left.values, right.values, sums.values);
}
__device__ __forceinline__ void store_tile(const SumTile& sums, float* to) {
  const unsigned lane = lane_of_wave();
#pragma unroll
  for (unsigned v = 0; v < 8; ++v) to[lane % 16 * tile_side + 2 * v + lane / 16] = sums.values[v];
}

#else

// Lane l has column l % 16 of rows l / 16, l / 16 + wave / 16, …; operands stay where they are.
struct OperandTile {
  const std::uint16_t* values;
  unsigned stride;
};
using LeftTile = OperandTile;
using RightTile = OperandTile;
struct SumTile {
  float values[8];  // of a wave of 64 lanes four
};

/// sum + the products of two pairs of halves.
__device__ __forceinline__ float dot_pair(std::uint32_t a, std::uint32_t b, float sum) {
#if defined(__gfx906__) || defined(__gfx1011__) || defined(__gfx1012__) || defined(__gfx1030__) || \
    defined(__gfx1031__) || defined(__gfx1032__)
  using TwoHalves = _Float16 __attribute__((ext_vector_type(2)));
  return __builtin_amdgcn_fdot2(__builtin_bit_cast(TwoHalves, a), __builtin_bit_cast(TwoHalves, b),
                                sum, false);
#else
  const auto low = [](std::uint32_t two) {
    return hip::half_to_float(static_cast<std::uint16_t>(two & 0xFFFFU));
  };
  return fmaf(low(a >> 16), low(b >> 16), fmaf(low(a), low(b), sum));
#endif
}

__device__ __forceinline__ void clear_tile(SumTile& sums) {
  for (float& value : sums.values) value = 0.0F;
}
__device__ __forceinline__ void load_tile(OperandTile& tile, const std::uint16_t* from,
                                          unsigned stride) {
  tile = {from, stride};
}
__device__ __forceinline__ std::uint32_t pair_of(const OperandTile& tile, unsigned row,
                                                 unsigned k) {
  return *reinterpret_cast<const std::uint32_t*>(tile.values + row * tile.stride + k);
}
__device__ __forceinline__ void multiply_add(SumTile& sums, const LeftTile& left,
                                             const RightTile& right) {
  const unsigned lane = lane_of_wave();
  const unsigned rows_apart = wave_size() / tile_side;
  for (unsigned k = 0; k < tile_side; k += 2) {
    const std::uint32_t activations = pair_of(right, lane % tile_side, k);
#if !defined(SQUALL_GPU_EMULATION)
#pragma unroll
#endif
    for (unsigned v = 0; v < tile_side / rows_apart; ++v) {
      const std::uint32_t weights = pair_of(left, lane / tile_side + v * rows_apart, k);
      sums.values[v] = dot_pair(weights, activations, sums.values[v]);
    }
  }
}
__device__ __forceinline__ void store_tile(const SumTile& sums, float* to) {
  const unsigned lane = lane_of_wave();
  const unsigned rows_apart = wave_size() / tile_side;
  for (unsigned v = 0; v < tile_side / rows_apart; ++v) {
    to[lane % tile_side * tile_side + lane / tile_side + v * rows_apart] = sums.values[v];
  }
}

#endif

}  // namespace squall::kernels::hip
