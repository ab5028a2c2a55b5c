#include "kernels/cpu/cpu_backend.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/cpu/cpu_memory.hpp"
#include "kernels/cpu/threads/share_out.hpp"

namespace squall::kernels {
namespace {

// Costs as share_out() counts them.
constexpr std::size_t cost_of_an_exponential = 8;
constexpr std::size_t cost_of_rounding = 8;  // of a key or value into its page

}  // namespace

CpuBackend::CpuBackend(const KernelTable& kernels, ThreadPoolOptions threads)
    : kernels_(kernels),
      name_("cpu " + std::string(kernels.name)),
      pool_(threads),
      paged_attention_(kernels.page_attention, pool_) {}

std::unique_ptr<BackendMemory> CpuBackend::allocate(std::size_t bytes) {
  return std::make_unique<CpuMemory>(bytes);
}

void CpuBackend::write(std::span<const float> from, float* to) { std::ranges::copy(from, to); }

std::span<const float> CpuBackend::read(const float* values, std::size_t count) {
  return {values, count};
}

void CpuBackend::rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                          std::size_t dimension, float epsilon) {
  share_out(pool_, batch, dimension,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              for (std::size_t b = first; b < last; ++b) {
                kernels_.rms_norm(input + b * dimension, weight, output + b * dimension, dimension,
                                  epsilon);
              }
            });
}

void CpuBackend::rope(float* values, std::span<const std::int32_t> positions,
                      const RopeOptions& options) {
  assert(options.rotated_dimensions % 2 == 0);
  assert(options.rotated_dimensions <= options.head_dimension);
  rotation_table_.prepare(positions, options);
  const std::size_t width = options.heads * options.head_dimension;
  share_out(pool_, positions.size(), options.heads * options.rotated_dimensions,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              for (std::size_t b = first; b < last; ++b) {
                kernels_.rotate(values + b * width, options.heads, options.head_dimension,
                                rotation_table_[b]);
              }
            });
}

std::size_t CpuBackend::kv_page_bytes(const KvShape& shape) const {
  return shape.kv_heads * KvPageLayout(shape).head_bytes;
}

void CpuBackend::store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots,
                                       const float* keys, const float* values,
                                       std::size_t page_offset) {
  const std::size_t width = shape.kv_heads * shape.head_dimension;
  share_out(pool_, slots.size(), 2 * width * cost_of_rounding,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              for (std::size_t i = first; i < last; ++i) {
                const KvSlot slot{.page = slots[i].page + page_offset,
                                  .position = slots[i].position};
                kernels_.page_attention.store(shape, slot, keys + i * width, values + i * width);
              }
            });
}

void CpuBackend::attention(std::span<const AttentionPart> parts, const PagedAttention& options) {
  paged_attention_.run(parts, options);
}

// The compiler makes vectors of these two loops; reading and writing memory takes most of their
// time.
void CpuBackend::add_bias(float* values, const float* bias, std::size_t batch,
                          std::size_t dimension) {
  share_out(pool_, batch, dimension,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              for (std::size_t b = first; b < last; ++b) {
                for (std::size_t i = 0; i < dimension; ++i) values[b * dimension + i] += bias[i];
              }
            });
}

void CpuBackend::swiglu(float* gate, const float* up, std::size_t count) {
  share_out(pool_, count, cost_of_an_exponential,
            [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
              kernels_.swiglu(gate + first, up + first, last - first);
            });
}

void CpuBackend::add(float* sum, const float* addend, std::size_t count) {
  share_out(pool_, count, 1, [&](std::size_t first, std::size_t last, std::size_t /*thread*/) {
    for (std::size_t i = first; i < last; ++i) sum[i] += addend[i];
  });
}

void CpuBackend::gather_rows(const float* values, std::span<const std::size_t> rows,
                             std::size_t dimension, float* output) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(values + rows[i] * dimension, dimension, output + i * dimension);
  }
}

std::span<const Candidate> CpuBackend::greatest(const float* values, std::size_t rows,
                                                std::size_t columns, std::size_t count) {
  assert(count >= 1 && count <= most_candidates && count <= columns);
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
  };
  candidates_.clear();
  for (std::size_t r = 0; r < rows; ++r) {
    const auto first = static_cast<std::ptrdiff_t>(r * count);
    for (std::size_t i = 0; i < columns; ++i) {
      float value = values[r * columns + i];
      if (std::isnan(value)) value = -std::numeric_limits<float>::infinity();
      const Candidate one{value, static_cast<std::int32_t>(i)};
      const bool full = candidates_.size() == (r + 1) * count;
      if (full && !before(one, candidates_.back())) continue;
      if (full) candidates_.pop_back();
      candidates_.insert(
          std::upper_bound(candidates_.begin() + first, candidates_.end(), one, before), one);
    }
  }
  return candidates_;
}

}  // namespace squall::kernels
