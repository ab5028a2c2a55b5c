// The small operations between the products: normalization, rotation, activation, sums. All are
// bound by memory; each value takes the same steps whatever the batch.

#include <cassert>
#include <cmath>

#include "kernels/hip/exact_arithmetic.hpp"
#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned teams = threads / team_size;

unsigned blocks_for(std::size_t count, std::size_t each) {
  return static_cast<unsigned>((count + each - 1) / each);
}

bool aligned(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0; }

__device__ inline Float4 load_floats(const float* from) {
  return __builtin_bit_cast(Float4, load_word4(from));
}
__device__ inline void store_floats(float* to, const Float4& values) {
  store_word4(to, __builtin_bit_cast(Word4, values));
}

// Normalization ---------------------------------------------------------------------------------

__device__ inline float add_squares(const Float4& v, float sum) {
  return fmaf(v.w, v.w, fmaf(v.z, v.z, fmaf(v.y, v.y, fmaf(v.x, v.x, sum))));
}

/// Over the block; each thread gets it.
__device__ inline float block_sum(float value) {
  GPU_SHARED(float, sums, teams);
  value = team_sum(value);
  if (threadIdx.x % team_size == 0) sums[threadIdx.x / team_size] = value;
  __syncthreads();
  float total = 0.0F;
  for (unsigned team = 0; team < teams; ++team) total += sums[team];
  return total;
}

/// A block a row. wide: rows begin at multiples of 16 bytes and are whole ones.
template <bool wide>
__global__ void __launch_bounds__(threads)
    normalize(const float* input, const float* weight, float* output, std::uint32_t dimension,
              float epsilon) {
  const float* row = input + std::size_t{blockIdx.x} * dimension;
  float* to = output + std::size_t{blockIdx.x} * dimension;
  float squares = 0.0F;
  if constexpr (wide) {
    for (unsigned i = threadIdx.x * 4; i < dimension; i += threads * 4) {
      squares = add_squares(load_floats(row + i), squares);
    }
  } else {
    for (unsigned i = threadIdx.x; i < dimension; i += threads) {
      squares = fmaf(row[i], row[i], squares);
    }
  }
  const float mean = block_sum(squares) / static_cast<float>(dimension);
  const float factor = 1.0F / sqrtf(mean + epsilon);
  if constexpr (wide) {
    for (unsigned i = threadIdx.x * 4; i < dimension; i += threads * 4) {
      const Float4 v = load_floats(row + i);
      const Float4 w = load_floats(weight + i);
      store_floats(
          to + i, {v.x * factor * w.x, v.y * factor * w.y, v.z * factor * w.z, v.w * factor * w.w});
    }
  } else {
    for (unsigned i = threadIdx.x; i < dimension; i += threads) to[i] = row[i] * factor * weight[i];
  }
}

// Rotation --------------------------------------------------------------------------------------

constexpr unsigned rope_threads = 128;
constexpr unsigned rope_heads = 4;  // of one block
constexpr unsigned most_pairs = most_head_dimensions / 2;

struct Rotation {
  std::uint32_t heads;
  std::uint32_t head_dimension;
  std::uint32_t pairs;
  std::uint32_t step;    // between the two of a pair
  std::uint32_t stride;  // between pairs
  double scale;
  double ratio;  // of a pair's frequency to that of the pair before
  const float* divisors;
};

__device__ inline double power(double base, unsigned exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) result *= base;
    base *= base;
  }
  return result;
}

struct Turn {
  float cosine;
  float sine;
};

/// In double precision, since positions times frequencies reach millions of radians: whole turns
/// are taken off, the rest is brought into an eighth of one, where Taylor's series of degree 15 and
/// 16 are right to 2^-50.
__device__ inline Turn turn_by(double angle) {
  const double quarters = rint(angle * 0.63661977236758134);  // 2 / pi
  // pi / 2 in two parts, the first of 33 bits: its products with whole quarters are exact.
  const double x = fma(quarters, -6.077100506506192e-11, fma(quarters, -1.5707963267341256, angle));
  const double y = x * x;
  double sine = fma(y, -1.0 / 1307674368000.0, 1.0 / 6227020800.0);
  sine = fma(sine, y, -1.0 / 39916800.0);
  sine = fma(sine, y, 1.0 / 362880.0);
  sine = fma(sine, y, -1.0 / 5040.0);
  sine = fma(sine, y, 1.0 / 120.0);
  sine = fma(sine, y, -1.0 / 6.0);
  sine = fma(sine * y, x, x);
  double cosine = fma(y, 1.0 / 20922789888000.0, -1.0 / 87178291200.0);
  cosine = fma(cosine, y, 1.0 / 479001600.0);
  cosine = fma(cosine, y, -1.0 / 3628800.0);
  cosine = fma(cosine, y, 1.0 / 40320.0);
  cosine = fma(cosine, y, -1.0 / 720.0);
  cosine = fma(cosine, y, 1.0 / 24.0);
  cosine = fma(cosine, y, -0.5);
  cosine = fma(cosine, y, 1.0);
  const int quarter = static_cast<int>(quarters - 4.0 * floor(quarters * 0.25));
  const double c = quarter % 2 == 0 ? cosine : sine;
  const double s = quarter % 2 == 0 ? sine : cosine;
  return {static_cast<float>(quarter == 1 || quarter == 2 ? -c : c),
          static_cast<float>(quarter >= 2 ? -s : s)};
}

/// Grid: tokens, groups of heads.
__global__ void __launch_bounds__(rope_threads)
    rotate(float* values, const std::int32_t* positions, Rotation rotation) {
  GPU_SHARED(Turn, turns, most_pairs);
  const double position = positions[blockIdx.x];
  for (unsigned i = threadIdx.x; i < rotation.pairs; i += rope_threads) {
    double frequency = rotation.scale * power(rotation.ratio, i);
    if (rotation.divisors != nullptr) frequency /= static_cast<double>(rotation.divisors[i]);
    turns[i] = turn_by(position * frequency);
  }
  __syncthreads();
  const unsigned first_head = blockIdx.y * rope_heads;
  const unsigned left = rotation.heads - first_head;
  const unsigned count = (left < rope_heads ? left : rope_heads) * rotation.pairs;
  float* heads =
      values + (std::size_t{blockIdx.x} * rotation.heads + first_head) * rotation.head_dimension;
  for (unsigned i = threadIdx.x; i < count; i += rope_threads) {
    const unsigned pair = i % rotation.pairs;
    float* first = heads + i / rotation.pairs * rotation.head_dimension + pair * rotation.stride;
    float* second = first + rotation.step;
    const Turn turn = turns[pair];
    const float a = *first;
    const float b = *second;
    *first = fmaf(a, turn.cosine, -(b * turn.sine));
    *second = fmaf(b, turn.cosine, a * turn.sine);
  }
}

// Element by element ----------------------------------------------------------------------------

__device__ inline float gated(float gate, float up) {
  return gate / (1.0F + exponential(-gate)) * up;
}

template <bool wide>
__global__ void __launch_bounds__(threads)
    gate_values(float* gate, const float* up, std::uint64_t count) {
  const std::uint64_t thread = std::uint64_t{blockIdx.x} * threads + threadIdx.x;
  if constexpr (wide) {
    if (thread * 4 >= count) return;
    const Float4 g = load_floats(gate + thread * 4);
    const Float4 u = load_floats(up + thread * 4);
    store_floats(gate + thread * 4,
                 {gated(g.x, u.x), gated(g.y, u.y), gated(g.z, u.z), gated(g.w, u.w)});
  } else {
    if (thread < count) gate[thread] = gated(gate[thread], up[thread]);
  }
}

template <bool wide>
__global__ void __launch_bounds__(threads)
    add_values(float* sum, const float* addend, std::uint64_t count) {
  const std::uint64_t thread = std::uint64_t{blockIdx.x} * threads + threadIdx.x;
  if constexpr (wide) {
    if (thread * 4 >= count) return;
    const Float4 a = load_floats(sum + thread * 4);
    const Float4 b = load_floats(addend + thread * 4);
    store_floats(sum + thread * 4, {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w});
  } else {
    if (thread < count) sum[thread] += addend[thread];
  }
}

/// Grid: rows, pieces of a row.
__global__ void __launch_bounds__(threads)
    add_to_rows(float* values, const float* bias, std::uint32_t dimension) {
  const unsigned i = blockIdx.y * threads + threadIdx.x;
  if (i < dimension) values[std::size_t{blockIdx.x} * dimension + i] += bias[i];
}

/// Grid: rows, pieces of a row.
__global__ void __launch_bounds__(threads) copy_rows(const float* values, const std::uint32_t* rows,
                                                     std::uint32_t dimension, float* output) {
  const unsigned i = blockIdx.y * threads + threadIdx.x;
  if (i >= dimension) return;
  output[std::size_t{blockIdx.x} * dimension + i] =
      values[std::size_t{rows[blockIdx.x]} * dimension + i];
}

}  // namespace

void rms_norm(const Queue& queue, const float* input, const float* weight, float* output,
              std::size_t batch, std::size_t dimension, float epsilon) {
  if (batch == 0) return;
  const dim3 grid(static_cast<unsigned>(batch));
  const auto columns = static_cast<std::uint32_t>(dimension);
  if (dimension % 4 == 0 && aligned(input) && aligned(weight) && aligned(output)) {
    GPU_LAUNCH((normalize<true>), grid, dim3(threads), queue, input, weight, output, columns,
               epsilon);
  } else {
    GPU_LAUNCH((normalize<false>), grid, dim3(threads), queue, input, weight, output, columns,
               epsilon);
  }
}

void rope(const Queue& queue, float* values, const std::int32_t* positions, std::size_t count,
          const RopeOptions& options) {
  if (count == 0 || options.rotated_dimensions == 0) return;
  assert(options.rotated_dimensions <= 2 * most_pairs && options.rotated_dimensions % 2 == 0);
  const auto pairs = static_cast<std::uint32_t>(options.rotated_dimensions / 2);
  const bool halves = options.pairs == RopePairs::halves;
  const Rotation rotation{
      .heads = static_cast<std::uint32_t>(options.heads),
      .head_dimension = static_cast<std::uint32_t>(options.head_dimension),
      .pairs = pairs,
      .step = halves ? pairs : 1,
      .stride = halves ? 1U : 2U,
      .scale = static_cast<double>(options.scale),
      .ratio = std::pow(static_cast<double>(options.base), -1.0 / static_cast<double>(pairs)),
      .divisors = options.frequency_divisors};
  const dim3 grid(static_cast<unsigned>(count), blocks_for(options.heads, rope_heads));
  GPU_LAUNCH(rotate, grid, dim3(rope_threads), queue, values, positions, rotation);
}

void add_bias(const Queue& queue, float* values, const float* bias, std::size_t batch,
              std::size_t dimension) {
  if (batch == 0) return;
  const dim3 grid(static_cast<unsigned>(batch), blocks_for(dimension, threads));
  GPU_LAUNCH(add_to_rows, grid, dim3(threads), queue, values, bias,
             static_cast<std::uint32_t>(dimension));
}

void swiglu(const Queue& queue, float* gate, const float* up, std::size_t count) {
  if (count == 0) return;
  const std::uint64_t values = count;
  if (count % 4 == 0 && aligned(gate) && aligned(up)) {
    GPU_LAUNCH((gate_values<true>), dim3(blocks_for(count, threads * 4)), dim3(threads), queue,
               gate, up, values);
  } else {
    GPU_LAUNCH((gate_values<false>), dim3(blocks_for(count, threads)), dim3(threads), queue, gate,
               up, values);
  }
}

void add(const Queue& queue, float* sum, const float* addend, std::size_t count) {
  if (count == 0) return;
  const std::uint64_t values = count;
  if (count % 4 == 0 && aligned(sum) && aligned(addend)) {
    GPU_LAUNCH((add_values<true>), dim3(blocks_for(count, threads * 4)), dim3(threads), queue, sum,
               addend, values);
  } else {
    GPU_LAUNCH((add_values<false>), dim3(blocks_for(count, threads)), dim3(threads), queue, sum,
               addend, values);
  }
}

void gather_rows(const Queue& queue, const float* values, const std::uint32_t* rows,
                 std::size_t count, std::size_t dimension, float* output) {
  if (count == 0) return;
  const dim3 grid(static_cast<unsigned>(count), blocks_for(dimension, threads));
  GPU_LAUNCH(copy_rows, grid, dim3(threads), queue, values, rows,
             static_cast<std::uint32_t>(dimension), output);
}

}  // namespace squall::kernels::hip
