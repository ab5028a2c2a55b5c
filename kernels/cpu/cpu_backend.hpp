#pragma once
// The operations of backend.hpp on the processor's cores: shares the work out, one kernel table
// does it.
//
// Weights stay where they are. No result depends on the number of threads or on the batch.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/thread_pool.hpp"

namespace squall::kernels {

/// Memory for the CPU's kernels: starts at a cache line, only grows, contents do not survive
/// growth.
class ScratchMemory {
 public:
  std::byte* at_least(std::size_t bytes);

 private:
  static constexpr std::size_t cache_line = 64;
  std::vector<std::byte> bytes_;
};

/// Cosines and sines of the angles that a batch's positions turn by; every layer asks for the same.
class RotationTable {
 public:
  struct Rotation {
    float cosine;
    float sine;
  };

  /// [positions, rotated_dimensions / 2]
  const std::vector<Rotation>& rotations(std::span<const std::int32_t> positions,
                                         const RopeOptions& options);

 private:
  std::vector<std::int32_t> positions_;
  std::size_t rotated_dimensions_ = 0;
  float base_ = 0.0F;
  float scale_ = 0.0F;
  std::vector<Rotation> rotations_;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const KernelTable& kernels, std::size_t threads);

  std::string_view name() const override { return name_; }
  std::size_t threads() const override { return pool_.threads(); }
  std::chrono::nanoseconds worker_cpu_time() const override { return pool_.worker_cpu_time(); }

  std::unique_ptr<WeightMatrix> load(const TensorView& weights) override;
  void embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
             float* output) override;
  void multiply(const WeightMatrix& weights, const float* input, float* output,
                std::size_t batch) override;
  void rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                std::size_t dimension, float epsilon) override;
  void rope(float* values, std::span<const std::int32_t> positions,
            const RopeOptions& options) override;
  void attention(std::span<const AttentionQuery> queries, const AttentionOptions& options) override;
  void swiglu(float* gate, const float* up, std::size_t count) override;
  void add(float* sum, const float* addend, std::size_t count) override;

 private:
  struct Activations {
    const std::byte* rows;
    std::size_t stride;  // in bytes
  };
  Activations prepare(ActivationForm form, const float* input, std::size_t batch,
                      std::size_t columns);
  template <class Work>
  void share_out(std::size_t items, std::size_t cost_of_one, const Work& work);

  const KernelTable& kernels_;
  std::string name_;
  ThreadPool pool_;
  ScratchMemory activations_;
  ScratchMemory scores_;
  RotationTable rotation_table_;
};

}  // namespace squall::kernels
