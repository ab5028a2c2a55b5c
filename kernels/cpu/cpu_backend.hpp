#pragma once
// The operations of backend.hpp on the processor's cores: shares the work out, one kernel table
// does it.
//
// Weights stay where they are or, where a kernel has a layout of its own, are copied into that when
// they are loaded. No result depends on the number of threads or on the batch.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.hpp"
#include "kernels/cpu/attention/paged_attention.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/multiply/cpu_weights.hpp"
#include "kernels/cpu/rotation_table.hpp"
#include "kernels/cpu/scratch_memory.hpp"
#include "kernels/cpu/threads/thread_pool.hpp"

namespace squall::kernels {

class CpuBackend final : public Backend {
 public:
  CpuBackend(const KernelTable& kernels, ThreadPoolOptions threads);

  std::string_view name() const override { return name_; }
  std::size_t threads() const override { return pool_.threads(); }
  std::chrono::nanoseconds worker_cpu_time() const override { return pool_.worker_cpu_time(); }

  bool uses_host_memory() const override { return true; }

  std::unique_ptr<BackendMemory> allocate(std::size_t bytes) override;
  const float* load_values(std::span<const float> values) override { return values.data(); }
  void write(std::span<const float> from, float* to) override;
  std::span<const float> read(const float* values, std::size_t count) override;
  std::unique_ptr<WeightMatrix> load(const TensorView& weights) override;
  std::unique_ptr<WeightMatrix> load_table(const TensorView& weights) override;
  void embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
             float* output) override;
  void multiply(const WeightMatrix& weights, const float* input, float* output,
                std::size_t batch) override;
  void multiply(std::span<const Product> products, const float* input, std::size_t batch) override;
  void rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                std::size_t dimension, float epsilon) override;
  void rope(float* values, std::span<const std::int32_t> positions,
            const RopeOptions& options) override;
  std::size_t kv_page_bytes(const KvShape& shape) const override;
  void store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots, const float* keys,
                             const float* values, std::size_t page_offset) override;
  void attention(std::span<const AttentionPart> parts, const PagedAttention& options) override;
  void add_bias(float* values, const float* bias, std::size_t batch,
                std::size_t dimension) override;
  void swiglu(float* gate, const float* up, std::size_t count) override;
  void add(float* sum, const float* addend, std::size_t count) override;
  void gather_rows(const float* values, std::span<const std::size_t> rows, std::size_t dimension,
                   float* output) override;
  std::span<const Candidate> greatest(const float* values, std::size_t rows, std::size_t columns,
                                      std::size_t count) override;

 private:
  struct Activations {
    const std::byte* rows;
    std::size_t stride;  // in bytes
  };
  Activations prepare(ActivationForm form, const float* input, std::size_t batch,
                      std::size_t columns);
  const MultiplyKernel& kernel_of(Format format) const;

  const KernelTable& kernels_;
  std::string name_;
  ThreadPool pool_;
  PackedArena packed_;
  ScratchMemory activations_;  // as int8 blocks
  ScratchMemory wide_activations_;
  RotationTable rotation_table_;
  PagedAttentionRunner paged_attention_;
  std::vector<Candidate> candidates_;
};

}  // namespace squall::kernels
