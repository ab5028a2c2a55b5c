#include "kernels/hip/multiply/prepared_input.hpp"

#include <algorithm>

#include "kernels/hip/gpu_runtime.hpp"
#include "kernels/hip/multiply/packed_weights.hpp"
#include "kernels/hip/multiply/unit_values.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads_per_block = 256;
constexpr std::uint32_t infinity_bits = 0x7F800000U;

/// As a number that orders like the magnitude, with infinities and what is no number on top.
__device__ __forceinline__ std::uint32_t magnitude_bits(float value) {
  return __builtin_bit_cast(std::uint32_t, value) & 0x7FFFFFFFU;
}

__device__ __forceinline__ float not_a_number() { return __builtin_bit_cast(float, 0x7FC00000U); }

struct CoarseAndFine {
  int coarse;
  int fine;
};

/// greatest: of the unit. Units below 1e-36 count as zeros: the factor would overflow.
__device__ CoarseAndFine quantize(float value, float greatest) {
  if (!(greatest >= 1e-36F && greatest < __builtin_bit_cast(float, infinity_bits))) return {0, 0};
  const float steps = value * (127.0F / greatest);
  const float nearest = rintf(steps);
  const float rest = steps - nearest;  // exact: both are close
  return {static_cast<int>(nearest),
          static_cast<int>(rintf(rest * static_cast<float>(fine_steps)))};
}

/// A thread a value: 32 consecutive ones, half a wave or a whole, are a unit.
__global__ void __launch_bounds__(threads_per_block)
    quantize_input(const float* input, std::uint32_t columns, std::uint32_t units,
                   std::uint32_t batch, std::int8_t* coarse, std::int8_t* fine, UnitFacts* facts) {
  const std::uint32_t lane = threadIdx.x % values_per_unit;
  const std::uint32_t unit =
      blockIdx.x * (threads_per_block / values_per_unit) + threadIdx.x / values_per_unit;
  // Threads without a unit take part in the exchanges with zeros.
  const bool has_unit = unit < units * batch;
  const std::uint32_t column = unit % units * values_per_unit + lane;
  float value = 0.0F;
  if (has_unit && column < columns) {
    value = input[static_cast<std::size_t>(unit / units) * columns + column];
  }
  std::uint32_t bits = magnitude_bits(value);
  for (unsigned mask = 16; mask > 0; mask /= 2) {
    const std::uint32_t other = shuffle_xor(bits, mask);
    bits = other > bits ? other : bits;
  }
  const float greatest = __builtin_bit_cast(float, bits);
  const CoarseAndFine quants = quantize(value, greatest);
  int sum = quants.coarse;
  for (unsigned mask = 8; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
  const int other_sum = shuffle_xor(sum, 16);
  if (!has_unit) return;
  const std::size_t at = static_cast<std::size_t>(unit) * values_per_unit + lane;
  coarse[at] = static_cast<std::int8_t>(quants.coarse);
  fine[at] = static_cast<std::int8_t>(quants.fine);
  if (lane != 0) return;
  float scale = greatest >= 1e-36F ? greatest / 127.0F : 0.0F;
  if (bits >= infinity_bits) scale = not_a_number();
  facts[unit] = {scale, {static_cast<std::int16_t>(sum), static_cast<std::int16_t>(other_sum)}};
}

__global__ void __launch_bounds__(threads_per_block)
    pad_input(const float* input, std::uint32_t columns, std::uint32_t padded, float* output) {
  const std::uint32_t column = blockIdx.x * threads_per_block + threadIdx.x;
  if (column >= padded) return;
  const std::size_t row = blockIdx.y;
  output[row * padded + column] = column < columns ? input[row * columns + column] : 0.0F;
}

/// A block a row.
__global__ void __launch_bounds__(threads_per_block)
    halve_input(const float* input, std::uint32_t columns, std::uint32_t padded,
                std::uint16_t* halves, float* factors) {
  GPU_SHARED(std::uint32_t, greatest_of_wave, threads_per_block / 32);
  const std::size_t row = blockIdx.x;
  const float* from = input + row * columns;
  std::uint32_t bits = 0;
  for (std::uint32_t c = threadIdx.x; c < columns; c += blockDim.x) {
    const std::uint32_t other = magnitude_bits(from[c]);
    bits = other > bits ? other : bits;
  }
  bits = wave_max(bits);
  if (lane_of_wave() == 0) greatest_of_wave[threadIdx.x / wave_size()] = bits;
  __syncthreads();
  for (unsigned wave = 0; wave < blockDim.x / wave_size(); ++wave) {
    bits = greatest_of_wave[wave] > bits ? greatest_of_wave[wave] : bits;
  }
  // 2^(14 - exponent), at most 2^126; its inverse is a normal number too.
  const std::uint32_t exponent = bits >> 23;
  const std::uint32_t biased = exponent < 15 ? 253 : 268 - exponent;
  const float factor = __builtin_bit_cast(float, biased << 23);
  for (std::uint32_t c = threadIdx.x; c < padded; c += blockDim.x) {
    halves[row * padded + c] = c < columns ? float_to_half(from[c] * factor) : std::uint16_t{0};
  }
  if (threadIdx.x != 0) return;
  factors[row] =
      bits >= infinity_bits ? not_a_number() : __builtin_bit_cast(float, (254 - biased) << 23);
}

/// Where the next part of the scratch begins: at a multiple of 64.
std::byte* after(std::byte* start, std::size_t bytes) { return start + (bytes + 63) / 64 * 64; }

constexpr std::size_t alignments = 4 * 64;  // what all parts lose

}  // namespace

std::size_t prepared_bytes(std::size_t batch, std::size_t columns) {
  const std::size_t padded = units_of(static_cast<std::uint32_t>(columns)) * values_per_unit;
  const std::size_t of_unit = 2 * values_per_unit + sizeof(UnitFacts) + values_per_unit * 4;
  const std::size_t decode =
      std::min(batch, most_rows_of_decode) * (padded / values_per_unit) * of_unit;
  const std::size_t tiles = batch * (padded * 2 + sizeof(float));
  return std::max(decode, tiles) + alignments;
}

DecodeInput prepare_for_decode(const Queue& queue, const float* input, InputSize size,
                               DecodeForms forms, std::byte* scratch) {
  const auto columns = static_cast<std::uint32_t>(size.columns);
  const auto batch = static_cast<std::uint32_t>(size.batch);
  const std::uint32_t units = units_of(columns);
  const std::size_t all_units = size.batch * units;
  auto* coarse = reinterpret_cast<std::int8_t*>(scratch);
  std::byte* fine = after(scratch, all_units * values_per_unit);
  std::byte* facts = after(fine, all_units * values_per_unit);
  auto* floats = reinterpret_cast<float*>(after(facts, all_units * sizeof(UnitFacts)));
  DecodeInput prepared{.coarse = coarse,
                       .fine = reinterpret_cast<std::int8_t*>(fine),
                       .facts = reinterpret_cast<UnitFacts*>(facts),
                       .floats = floats};
  if (forms.integers) {
    constexpr unsigned units_of_block = threads_per_block / values_per_unit;
    const auto blocks = static_cast<unsigned>((all_units + units_of_block - 1) / units_of_block);
    GPU_LAUNCH(quantize_input, dim3(blocks), dim3(threads_per_block), queue, input, columns, units,
               batch, coarse, reinterpret_cast<std::int8_t*>(fine),
               reinterpret_cast<UnitFacts*>(facts));
  }
  const bool aligned =
      columns % values_per_unit == 0 && reinterpret_cast<std::uintptr_t>(input) % 16 == 0;
  if (aligned) prepared.floats = input;
  if (forms.floats && !aligned) {
    const std::uint32_t padded = units * values_per_unit;
    const dim3 blocks((padded + threads_per_block - 1) / threads_per_block, batch);
    GPU_LAUNCH(pad_input, blocks, dim3(threads_per_block), queue, input, columns, padded, floats);
  }
  return prepared;
}

TileInput prepare_for_tiles(const Queue& queue, const float* input, InputSize size,
                            std::byte* scratch) {
  const auto columns = static_cast<std::uint32_t>(size.columns);
  const std::uint32_t padded = units_of(columns) * values_per_unit;
  auto* halves = reinterpret_cast<std::uint16_t*>(scratch);
  auto* factors =
      reinterpret_cast<float*>(after(scratch, size.batch * padded * sizeof(std::uint16_t)));
  GPU_LAUNCH(halve_input, dim3(static_cast<unsigned>(size.batch)), dim3(threads_per_block), queue,
             input, columns, padded, halves, factors);
  return {.halves = halves, .factors = factors};
}

}  // namespace squall::kernels::hip
