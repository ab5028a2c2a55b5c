#include "kernels/cpu/cpu_backend.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/quantized_activations.hpp"
#include "kernels/formats/dequantize.hpp"

namespace squall::kernels {
namespace {

class CpuWeightMatrix final : public WeightMatrix {
 public:
  explicit CpuWeightMatrix(const TensorView& view) : view_(view) {}
  std::size_t rows() const override { return view_.rows; }
  std::size_t columns() const override { return view_.columns; }
  const TensorView& view() const { return view_; }

 private:
  TensorView view_;
};

const TensorView& view_of(const WeightMatrix& weights) {
  const auto* matrix = dynamic_cast<const CpuWeightMatrix*>(&weights);
  assert(matrix != nullptr && "weights are used by the backend that loaded them");
  return matrix->view();
}

// Costs are counted in multiply-adds; a fast kernel does some 30 of them a nanosecond.
// Below this, waking a sleeping thread takes longer than the work.
constexpr std::size_t least_shared_cost = 128 * 1024;
// Small enough that no thread waits long for another's last chunk, large enough that taking a
// chunk costs nothing.
constexpr std::size_t cost_of_a_chunk = 64 * 1024;
constexpr std::size_t cost_of_an_exponential = 8;

// Kernels work on a few rows at a time; chunks of whole groups leave no remainders in between.
constexpr std::size_t rows_of_a_group = 8;

// Of the batch, as many activations are multiplied with a chunk of weights before the next as stay
// in the second-level cache beside that chunk.
constexpr std::size_t cached_activation_bytes = 128 * 1024;

}  // namespace

std::byte* ScratchMemory::at_least(std::size_t bytes) {
  if (bytes_.size() < bytes + cache_line) {
    bytes_.clear();
    bytes_.resize(bytes + cache_line);
  }
  const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
  return bytes_.data() + (cache_line - address % cache_line) % cache_line;
}

const std::vector<RotationTable::Rotation>& RotationTable::rotations(
    std::span<const std::int32_t> positions, const RopeOptions& options) {
  const bool same = std::ranges::equal(positions, positions_) &&
                    options.rotated_dimensions == rotated_dimensions_ && options.base == base_ &&
                    options.scale == scale_;
  if (same) return rotations_;
  positions_.assign(positions.begin(), positions.end());
  rotated_dimensions_ = options.rotated_dimensions;
  base_ = options.base;
  scale_ = options.scale;
  rotations_.clear();
  for (const std::int32_t position : positions) {
    for (std::size_t i = 0; i < rotated_dimensions_; i += 2) {
      const double exponent = static_cast<double>(i) / static_cast<double>(rotated_dimensions_);
      const double angle = static_cast<double>(position) * static_cast<double>(scale_) *
                           std::pow(static_cast<double>(base_), -exponent);
      rotations_.push_back({.cosine = static_cast<float>(std::cos(angle)),
                            .sine = static_cast<float>(std::sin(angle))});
    }
  }
  return rotations_;
}

CpuBackend::CpuBackend(const KernelTable& kernels, std::size_t threads)
    : kernels_(kernels), name_("cpu " + std::string(kernels.name)), pool_(threads) {}

/// Calls work(first, last, thread) for ranges that together cover [0, items).
template <class Work>
void CpuBackend::share_out(std::size_t items, std::size_t cost_of_one, const Work& work) {
  if (items == 0) return;
  if (pool_.threads() == 1 || items * cost_of_one < least_shared_cost) return work(0, items, 0);
  const std::size_t step = std::max<std::size_t>(1, cost_of_a_chunk / cost_of_one);
  pool_.run((items + step - 1) / step, [&](std::size_t chunk, std::size_t thread) {
    work(chunk * step, std::min(items, (chunk + 1) * step), thread);
  });
}

std::unique_ptr<WeightMatrix> CpuBackend::load(const TensorView& weights) {
  assert(weights.data != nullptr && weights.columns % values_per_block(weights.format) == 0);
  return std::make_unique<CpuWeightMatrix>(weights);
}

void CpuBackend::embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
                       float* output) {
  const TensorView& view = view_of(table);
  const std::size_t row_bytes = bytes_per_row(view.format, view.columns);
  for (std::size_t b = 0; b < tokens.size(); ++b) {
    assert(tokens[b] >= 0 && static_cast<std::size_t>(tokens[b]) < view.rows);
    dequantize_row(view.format, view.data + static_cast<std::size_t>(tokens[b]) * row_bytes,
                   {output + b * view.columns, view.columns});
  }
}

CpuBackend::Activations CpuBackend::prepare(ActivationForm form, const float* input,
                                            std::size_t batch, std::size_t columns) {
  if (form == ActivationForm::exact) {
    return {.rows = reinterpret_cast<const std::byte*>(input), .stride = columns * sizeof(float)};
  }
  const std::size_t stride = quantized_activation_bytes(columns);
  std::byte* quantized = activations_.at_least(batch * stride);
  share_out(batch, columns, [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
    for (std::size_t b = first; b < last; ++b) {
      kernels_.quantize_activations({input + b * columns, columns}, quantized + b * stride);
    }
  });
  return {.rows = quantized, .stride = stride};
}

void CpuBackend::multiply(const WeightMatrix& weights, const float* input, float* output,
                          std::size_t batch) {
  const TensorView& view = view_of(weights);
  const MultiplyKernel& kernel = kernels_.multiply[static_cast<std::size_t>(view.format)];
  const Activations activations = prepare(kernel.form, input, batch, view.columns);
  const std::size_t row_bytes = bytes_per_row(view.format, view.columns);
  const std::size_t batch_step =
      std::max<std::size_t>(8, cached_activation_bytes / activations.stride / 8 * 8);

  const auto multiply_groups = [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
    const std::size_t row = first * rows_of_a_group;
    const std::size_t rows = std::min(view.rows, last * rows_of_a_group) - row;
    for (std::size_t b = 0; b < batch; b += batch_step) {
      kernel.multiply({.weights = view.data + row * row_bytes,
                       .rows = rows,
                       .columns = view.columns,
                       .activations = activations.rows + b * activations.stride,
                       .activation_stride = activations.stride,
                       .batch = std::min(batch_step, batch - b),
                       .output = output + b * view.rows + row,
                       .output_stride = view.rows});
    }
  };
  const std::size_t groups = (view.rows + rows_of_a_group - 1) / rows_of_a_group;
  share_out(groups, rows_of_a_group * view.columns * batch, multiply_groups);
}

void CpuBackend::rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                          std::size_t dimension, float epsilon) {
  share_out(batch, dimension, [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
    for (std::size_t b = first; b < last; ++b) {
      kernels_.rms_norm(input + b * dimension, weight, output + b * dimension, dimension, epsilon);
    }
  });
}

void CpuBackend::rope(float* values, std::span<const std::int32_t> positions,
                      const RopeOptions& options) {
  assert(options.rotated_dimensions % 2 == 0);
  assert(options.rotated_dimensions <= options.head_dimension);
  const auto& rotations = rotation_table_.rotations(positions, options);
  const std::size_t pairs = options.rotated_dimensions / 2;
  for (std::size_t b = 0; b < positions.size(); ++b) {
    for (std::size_t head = 0; head < options.heads; ++head) {
      float* pair = values + (b * options.heads + head) * options.head_dimension;
      for (std::size_t i = 0; i < pairs; ++i, pair += 2) {
        const auto [cosine, sine] = rotations[b * pairs + i];
        const float x = pair[0];
        const float y = pair[1];
        pair[0] = x * cosine - y * sine;
        pair[1] = x * sine + y * cosine;
      }
    }
  }
}

void CpuBackend::attention(std::span<const AttentionQuery> queries,
                           const AttentionOptions& options) {
  assert(options.kv_heads > 0 && options.heads % options.kv_heads == 0);
  if (queries.empty()) return;
  const auto by_length = [](const AttentionQuery& a, const AttentionQuery& b) {
    return a.length < b.length;
  };
  const std::size_t longest = std::ranges::max_element(queries, by_length)->length;
  // Whole cache lines for each thread's scores, so that none writes into another's.
  const std::size_t scores_of_a_thread = (longest + 15) / 16 * 16;
  auto* scores = reinterpret_cast<float*>(
      scores_.at_least(pool_.threads() * scores_of_a_thread * sizeof(float)));

  const std::size_t heads_of_a_group = options.heads / options.kv_heads;
  const auto attend = [&](std::size_t first, std::size_t last, std::size_t thread) {
    for (std::size_t item = first; item < last; ++item) {
      const AttentionQuery& query = queries[item / options.heads];
      const std::size_t head = item % options.heads;
      const std::size_t kv_offset = head / heads_of_a_group * options.head_dimension;
      kernels_.attend({.query = query.query + head * options.head_dimension,
                       .keys = query.keys + kv_offset,
                       .values = query.values + kv_offset,
                       .length = query.length,
                       .stride = options.kv_heads * options.head_dimension,
                       .dimension = options.head_dimension,
                       .scores = scores + thread * scores_of_a_thread,
                       .output = query.output + head * options.head_dimension});
    }
  };
  const std::size_t cost = longest * (2 * options.head_dimension + cost_of_an_exponential);
  share_out(queries.size() * options.heads, cost, attend);
}

void CpuBackend::swiglu(float* gate, const float* up, std::size_t count) {
  share_out(count, cost_of_an_exponential,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              kernels_.swiglu(gate + first, up + first, last - first);
            });
}

void CpuBackend::add(float* sum, const float* addend, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += addend[i];
}

}  // namespace squall::kernels
