// The part of the CPU's backend that has to do with weights: loads them, multiplies them, looks
// rows up.

#include <algorithm>
#include <array>
#include <cassert>

#include "kernels/cpu/cpu_backend.hpp"
#include "kernels/cpu/multiply/cpu_weights.hpp"
#include "kernels/cpu/multiply/quantized_activations.hpp"
#include "kernels/cpu/multiply/wide_activations.hpp"
#include "kernels/cpu/threads/share_out.hpp"
#include "kernels/formats/dequantize.hpp"

namespace squall::kernels {
namespace {

const CpuWeightMatrix& own(const WeightMatrix& weights) {
  const auto* matrix = dynamic_cast<const CpuWeightMatrix*>(&weights);
  assert(matrix != nullptr && "weights are used by the backend that loaded them");
  return *matrix;
}

constexpr std::size_t most_products = 4;  // of one input

// Of the batch, as many activations are multiplied with a chunk of weights before the next as stay
// in the second-level cache beside that chunk.
constexpr std::size_t cached_activation_bytes = 256 * 1024;

/// One of the products that are shared out together.
struct MultiplyJob {
  const CpuWeightMatrix* weights;
  const MultiplyKernel* kernel;
  const std::byte* activations;
  std::size_t activation_stride;
  std::size_t batch;
  float* output;
  std::size_t first_group;  // in the row of all jobs' groups
  std::size_t groups;
};

/// Where a format keeps a scale outside its rows, kernels know nothing of it.
void scale_rows(const MultiplyTask& task, float scale) {
  if (scale == 1.0F) return;
  for (std::size_t b = 0; b < task.batch; ++b) {
    float* output = task.output + b * task.output_stride;
    for (std::size_t r = 0; r < task.rows; ++r) output[r] *= scale;
  }
}

/// Groups [first, last) of the job's own.
void multiply_groups(const MultiplyJob& job, std::size_t first, std::size_t last) {
  const CpuWeightMatrix& weights = *job.weights;
  const std::size_t row = first * weights.rows_of_group();
  const std::size_t rows = std::min(weights.rows(), last * weights.rows_of_group()) - row;
  const std::size_t step =
      std::max<std::size_t>(8, cached_activation_bytes / job.activation_stride / 8 * 8);
  for (std::size_t b = 0; b < job.batch; b += step) {
    const MultiplyTask task{.weights = weights.group_of(row),
                            .rows = rows,
                            .columns = weights.columns(),
                            .activations = job.activations + b * job.activation_stride,
                            .activation_stride = job.activation_stride,
                            .batch = std::min(step, job.batch - b),
                            .output = job.output + b * weights.rows() + row,
                            .output_stride = weights.rows()};
    job.kernel->multiply(task);
    scale_rows(task, weights.view().scale);
  }
}

}  // namespace

const MultiplyKernel& CpuBackend::kernel_of(Format format) const {
  const MultiplyKernel& kernel = kernels_.multiply[index_of(format)];
  return kernel.multiply != nullptr ? kernel : reference_kernels.multiply[index_of(format)];
}

std::unique_ptr<WeightMatrix> CpuBackend::load(const TensorView& weights) {
  assert(weights.data != nullptr && weights.columns % values_per_block(weights.format) == 0);
  // Packing a value costs about as much as multiplying it.
  constexpr std::size_t rows_of_a_group = 16;
  const auto pack = [&](std::size_t groups, const auto& work) {
    share_out(
        pool_, groups, weights.columns * rows_of_a_group,
        [&](std::size_t first, std::size_t last, std::size_t /*thread*/) { work(first, last); });
  };
  return std::make_unique<CpuWeightMatrix>(weights, kernel_of(weights.format), packed_, pack);
}

std::unique_ptr<WeightMatrix> CpuBackend::load_table(const TensorView& weights) {
  return std::make_unique<CpuWeightMatrix>(weights);
}

void CpuBackend::embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
                       float* output) {
  const TensorView& view = own(table).view();
  assert(view.data != nullptr && "tables are loaded with load_table()");
  for (std::size_t b = 0; b < tokens.size(); ++b) {
    assert(tokens[b] >= 0 && static_cast<std::size_t>(tokens[b]) < view.rows);
    dequantize_row(view, static_cast<std::size_t>(tokens[b]),
                   {output + b * view.columns, view.columns});
  }
}

CpuBackend::Activations CpuBackend::prepare(ActivationForm form, const float* input,
                                            std::size_t batch, std::size_t columns) {
  if (form == ActivationForm::exact) {
    return {.rows = reinterpret_cast<const std::byte*>(input), .stride = columns * sizeof(float)};
  }
  const bool wide = form == ActivationForm::int16_blocks;
  const auto quantize = wide ? kernels_.quantize_wide_activations : kernels_.quantize_activations;
  const std::size_t stride =
      wide ? wide_activation_bytes(columns) : quantized_activation_bytes(columns);
  std::byte* quantized = (wide ? wide_activations_ : activations_).at_least(batch * stride);
  share_out(pool_, batch, columns, [&](std::size_t first, std::size_t last, std::size_t) {
    for (std::size_t b = first; b < last; ++b) {
      quantize({input + b * columns, columns}, quantized + b * stride);
    }
  });
  return {.rows = quantized, .stride = stride};
}

void CpuBackend::multiply(const WeightMatrix& weights, const float* input, float* output,
                          std::size_t batch) {
  const Product product{&weights, output};
  multiply({&product, 1}, input, batch);
}

void CpuBackend::multiply(std::span<const Product> products, const float* input,
                          std::size_t batch) {
  std::array<MultiplyJob, most_products> jobs;
  assert(!products.empty() && products.size() <= jobs.size());
  const std::size_t columns = products.front().weights->columns();
  std::size_t groups = 0;
  std::size_t rows = 0;
  Activations prepared{};
  const MultiplyKernel* prepared_for = nullptr;
  for (std::size_t i = 0; i < products.size(); ++i) {
    const CpuWeightMatrix& weights = own(*products[i].weights);
    assert(weights.columns() == columns);
    const MultiplyKernel& kernel = kernel_of(weights.view().format);
    if (prepared_for == nullptr || prepared_for->form != kernel.form) {
      prepared = prepare(kernel.form, input, batch, columns);
      prepared_for = &kernel;
    }
    const std::size_t own_groups =
        (weights.rows() + weights.rows_of_group() - 1) / weights.rows_of_group();
    jobs[i] = {&weights,           &kernel, prepared.rows, prepared.stride, batch,
               products[i].output, groups,  own_groups};
    groups += own_groups;
    rows += weights.rows();
  }
  const std::size_t cost = std::max<std::size_t>(1, rows / groups) * columns * batch;
  share_out(pool_, groups, cost, [&](std::size_t first, std::size_t last, std::size_t) {
    for (std::size_t i = 0; i < products.size(); ++i) {
      const MultiplyJob& job = jobs[i];
      const std::size_t begin = std::max(first, job.first_group);
      const std::size_t end = std::min(last, job.first_group + job.groups);
      if (begin < end) multiply_groups(job, begin - job.first_group, end - job.first_group);
    }
  });
}

}  // namespace squall::kernels
