// The definition of every operation: plain loops, exact activations, sums in double precision from
// the first element to the last. What this file computes is right; the others must come close.

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <span>
#include <utility>

#include "kernels/cpu/attention/reference_attention.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/formats/dequantize.hpp"

namespace squall::kernels {
namespace {

// Rows are dequantized piece by piece, so that no kernel allocates; a multiple of every block size.
constexpr std::size_t piece = 256;
// A piece is multiplied with so many activations at once: their sums wait for each other's latency.
constexpr std::size_t group = 8;

/// sums[b] += weights . activations[b] for `count` sums, each from the first element to the last.
template <std::size_t count>
void add_products(std::span<const float> weights, const float* const* activations, double* sums) {
  std::array<double, count> own;
  std::copy_n(sums, count, own.begin());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto weight = static_cast<double>(weights[i]);
    for (std::size_t b = 0; b < count; ++b) {
      own[b] += weight * static_cast<double>(activations[b][i]);
    }
  }
  std::copy_n(own.begin(), count, sums);
}

/// sums[b] = row . activations of first + b, for `count` <= group of the batch.
void dot(Format format, const std::byte* row, const MultiplyTask& task, std::size_t first,
         std::size_t count, std::array<double, group>& sums) {
  std::array<float, piece> memory;
  std::array<const float*, group> activations;
  sums.fill(0.0);
  for (std::size_t start = 0; start < task.columns; start += piece) {
    const std::span<float> weights(memory.data(), std::min(piece, task.columns - start));
    dequantize_row(format, row + bytes_per_row(format, start), weights);
    for (std::size_t b = 0; b < count; ++b) {
      const std::byte* row_of_b = task.activations + (first + b) * task.activation_stride;
      activations[b] = reinterpret_cast<const float*>(row_of_b) + start;
    }
    if (count == group) {
      add_products<group>(weights, activations.data(), sums.data());
    } else {
      for (std::size_t b = 0; b < count; ++b) add_products<1>(weights, &activations[b], &sums[b]);
    }
  }
}

template <Format format>
void multiply(const MultiplyTask& task) {
  const std::size_t row_bytes = bytes_per_row(format, task.columns);
  std::array<double, group> sums;
  for (std::size_t r = 0; r < task.rows; ++r) {
    for (std::size_t first = 0; first < task.batch; first += group) {
      const std::size_t count = std::min(group, task.batch - first);
      dot(format, task.weights + r * row_bytes, task, first, count, sums);
      for (std::size_t b = 0; b < count; ++b) {
        task.output[(first + b) * task.output_stride + r] = static_cast<float>(sums[b]);
      }
    }
  }
}

void rms_norm(const float* input, const float* weight, float* output, std::size_t dimension,
              float epsilon) {
  double squares = 0.0;
  for (std::size_t i = 0; i < dimension; ++i) {
    squares += static_cast<double>(input[i]) * static_cast<double>(input[i]);
  }
  const double mean = squares / static_cast<double>(dimension);
  const auto factor = static_cast<float>(1.0 / std::sqrt(mean + static_cast<double>(epsilon)));
  for (std::size_t i = 0; i < dimension; ++i) output[i] = input[i] * factor * weight[i];
}

void swiglu(float* gate, const float* up, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    gate[i] = gate[i] / (1.0F + std::exp(-gate[i])) * up[i];
  }
}

void rotate(float* values, std::size_t heads, std::size_t head_dimension,
            const Rotation& rotation) {
  for (std::size_t head = 0; head < heads; ++head, values += head_dimension) {
    const std::size_t pairs = rotation.dimensions / 2;
    for (std::size_t i = 0; i < pairs; ++i) {
      const bool neighbours = rotation.pairs == RopePairs::neighbours;
      const std::size_t own = neighbours ? 2 * i : i;
      const std::size_t other = neighbours ? own + 1 : i + pairs;
      const float x = values[own];
      const float y = values[other];
      values[own] = x * rotation.cosines[own] + y * rotation.sines[own];
      values[other] = y * rotation.cosines[other] + x * rotation.sines[other];
    }
  }
}

template <std::size_t... formats>
constexpr MultiplyKernels all_formats(std::index_sequence<formats...> /*indices*/) {
  return {{{ActivationForm::exact, multiply<static_cast<Format>(formats)>}...}};
}

bool runs_on(const CpuFeatures& /*features*/) { return true; }

}  // namespace

const KernelTable reference_kernels = {
    .name = "reference",
    .runs_on = runs_on,
    .multiply = all_formats(std::make_index_sequence<format_count>{}),
    .quantize_activations = nullptr,
    .rms_norm = rms_norm,
    .page_attention = reference::page_attention,
    .swiglu = swiglu,
    .rotate = rotate,
};

}  // namespace squall::kernels
