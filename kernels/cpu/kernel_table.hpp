#pragma once
// What an instruction set has to provide: one table of functions, chosen once when a program
// starts.
//
// The functions are pure: no state, no threads, no allocation. They compute each element of their
// output in one fixed order, whatever else is computed in the same call, so that results depend
// neither on the batch nor on how the work is shared out.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

#include "kernels/cpu/attention/attention_kernel.hpp"
#include "kernels/cpu/cpu_features.hpp"
#include "kernels/cpu/multiply/packed_layout.hpp"
#include "kernels/cpu/rotation_table.hpp"
#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

/// What a multiplication reads besides the weights.
enum class ActivationForm {
  exact,        // the caller's floats
  int8_blocks,  // as quantized_activations.hpp lays them out
  int16_blocks  // as wide_activations.hpp does
};

/// output[b * output_stride + r] = row r of the weights . activations of b
struct MultiplyTask {
  const std::byte* weights;  // `rows` rows: in the kernel's layout, else one after the other
  std::size_t rows;
  std::size_t columns;
  const std::byte* activations;   // one row for each of the batch, in the kernel's ActivationForm
  std::size_t activation_stride;  // in bytes
  std::size_t batch;
  float* output;
  std::size_t output_stride;  // in floats
};

struct MultiplyKernel {
  ActivationForm form = ActivationForm::exact;
  void (*multiply)(const MultiplyTask& task) = nullptr;  // null: the reference's serves
  const PackedLayout* layout = nullptr;                  // null: as files have them, any alignment
};

using MultiplyKernels = std::array<MultiplyKernel, format_count>;
constexpr std::size_t index_of(Format format) { return static_cast<std::size_t>(format); }

struct FormatKernel {
  Format format;
  MultiplyKernel kernel;
};
/// A table of these; of formats that are not among them the reference's kernels serve.
constexpr MultiplyKernels kernels_by_format(std::initializer_list<FormatKernel> list) {
  MultiplyKernels kernels{};
  for (const FormatKernel& entry : list) kernels[index_of(entry.format)] = entry.kernel;
  return kernels;
}

struct KernelTable {
  std::string_view name;
  bool (*runs_on)(const CpuFeatures& features);
  MultiplyKernels multiply;  // by index_of(format)
  /// One row of activations into quantized_activations.hpp's layout; may be null where no
  /// multiplication asks for it.
  void (*quantize_activations)(std::span<const float> values, std::byte* quantized);
  void (*quantize_wide_activations)(std::span<const float> values, std::byte* quantized) = nullptr;
  void (*rms_norm)(const float* input, const float* weight, float* output, std::size_t dimension,
                   float epsilon);
  PageAttentionKernel page_attention;
  void (*swiglu)(float* gate, const float* up, std::size_t count);
  /// Turns each of `heads` heads; see rotation_table.hpp.
  void (*rotate)(float* values, std::size_t heads, std::size_t head_dimension,
                 const Rotation& rotation);
};

/// All tables compiled into this program, best first; the last is the reference, which runs
/// everywhere and defines what the others approximate.
std::span<const KernelTable* const> compiled_kernel_tables();

extern const KernelTable reference_kernels;
#if defined(__x86_64__)
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_vnni_kernels;
#elif defined(__aarch64__)
extern const KernelTable neon_kernels;
extern const KernelTable neon_dot_kernels;
#endif

}  // namespace squall::kernels
