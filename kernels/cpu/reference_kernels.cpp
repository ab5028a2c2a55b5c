// The definition of every operation: plain loops, exact activations, sums in double precision from
// the first element to the last. What this file computes is right; the others must come close.

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "kernels/cpu/kernel_table.hpp"
#include "kernels/formats/dequantize.hpp"

namespace squall::kernels {
namespace {

// Rows are dequantized piece by piece, so that no kernel allocates; a multiple of every block size.
constexpr std::size_t piece = 256;

double dot(Format format, const std::byte* row, const float* activations, std::size_t columns) {
  std::array<float, piece> weights;
  double sum = 0.0;
  for (std::size_t start = 0; start < columns; start += piece) {
    const std::size_t count = std::min(piece, columns - start);
    const std::span<float> values(weights.data(), count);
    dequantize_row(format, row + bytes_per_row(format, start), values);
    for (std::size_t i = 0; i < count; ++i) {
      sum += static_cast<double>(values[i]) * static_cast<double>(activations[start + i]);
    }
  }
  return sum;
}

template <Format format>
void multiply(const MultiplyTask& task) {
  const std::size_t row_bytes = bytes_per_row(format, task.columns);
  for (std::size_t b = 0; b < task.batch; ++b) {
    const auto* activations =
        reinterpret_cast<const float*>(task.activations + b * task.activation_stride);
    for (std::size_t r = 0; r < task.rows; ++r) {
      task.output[b * task.output_stride + r] =
          static_cast<float>(dot(format, task.weights + r * row_bytes, activations, task.columns));
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

void attend(const AttentionTask& task) {
  assert(task.length > 0);
  const double scale = 1.0 / std::sqrt(static_cast<double>(task.dimension));
  for (std::size_t t = 0; t < task.length; ++t) {
    double score = 0.0;
    for (std::size_t i = 0; i < task.dimension; ++i) {
      score +=
          static_cast<double>(task.query[i]) * static_cast<double>(task.keys[t * task.stride + i]);
    }
    task.scores[t] = static_cast<float>(score * scale);
  }
  const float greatest = *std::max_element(task.scores, task.scores + task.length);
  double total = 0.0;
  for (std::size_t t = 0; t < task.length; ++t) {
    task.scores[t] = std::exp(task.scores[t] - greatest);
    total += static_cast<double>(task.scores[t]);
  }
  for (std::size_t i = 0; i < task.dimension; ++i) {
    double sum = 0.0;
    for (std::size_t t = 0; t < task.length; ++t) {
      sum += static_cast<double>(task.scores[t]) *
             static_cast<double>(task.values[t * task.stride + i]);
    }
    task.output[i] = static_cast<float>(sum / total);
  }
}

void swiglu(float* gate, const float* up, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    gate[i] = gate[i] / (1.0F + std::exp(-gate[i])) * up[i];
  }
}

bool runs_on(const CpuFeatures& /*features*/) { return true; }

}  // namespace

const KernelTable reference_kernels = {
    .name = "reference",
    .runs_on = runs_on,
    .multiply = {{{ActivationForm::exact, multiply<Format::f32>},
                  {ActivationForm::exact, multiply<Format::f16>},
                  {ActivationForm::exact, multiply<Format::q8_0>},
                  {ActivationForm::exact, multiply<Format::q4_0>}}},
    .quantize_activations = nullptr,
    .rms_norm = rms_norm,
    .attend = attend,
    .swiglu = swiglu,
};

}  // namespace squall::kernels
