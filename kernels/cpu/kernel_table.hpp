#pragma once
// What an instruction set has to provide: one table of functions, chosen once when a program
// starts.
//
// The functions are pure: no state, no threads, no allocation. They compute each element of their
// output in one fixed order, whatever else is computed in the same call, so that results depend
// neither on the batch nor on how the work is shared out.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "kernels/cpu/cpu_features.hpp"
#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

/// What a multiplication reads besides the weights.
enum class ActivationForm {
  exact,       // the caller's floats
  int8_blocks  // as quantized_activations.hpp lays them out
};

/// output[b * output_stride + r] = row r of the weights . activations of b
struct MultiplyTask {
  const std::byte* weights;  // `rows` rows, one after the other, at any alignment
  std::size_t rows;
  std::size_t columns;
  const std::byte* activations;   // one row for each of the batch, in the kernel's ActivationForm
  std::size_t activation_stride;  // in bytes
  std::size_t batch;
  float* output;
  std::size_t output_stride;  // in floats
};

struct MultiplyKernel {
  ActivationForm form;
  void (*multiply)(const MultiplyTask& task);
};

/// One head of one query: output = softmax(query . keys / sqrt(dimension)) . values
struct AttentionTask {
  const float* query;   // [dimension]
  const float* keys;    // `length` keys, `stride` floats apart
  const float* values;  // likewise
  std::size_t length;   // at least 1
  std::size_t stride;
  std::size_t dimension;
  float* scores;  // scratch: [length]
  float* output;  // [dimension]
};

struct KernelTable {
  std::string_view name;
  bool (*runs_on)(const CpuFeatures& features);
  std::array<MultiplyKernel, 4> multiply;  // indexed by Format
  /// One row of activations into quantized_activations.hpp's layout; may be null where no
  /// multiplication asks for it.
  void (*quantize_activations)(std::span<const float> values, std::byte* quantized);
  void (*rms_norm)(const float* input, const float* weight, float* output, std::size_t dimension,
                   float epsilon);
  void (*attend)(const AttentionTask& task);
  void (*swiglu)(float* gate, const float* up, std::size_t count);
};

/// All tables compiled into this program, best first; the last is the reference, which runs
/// everywhere and defines what the others approximate.
std::span<const KernelTable* const> compiled_kernel_tables();

extern const KernelTable reference_kernels;
#if defined(__x86_64__)
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_vnni_kernels;
#endif

}  // namespace squall::kernels
