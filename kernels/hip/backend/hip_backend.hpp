#pragma once
// The operations of backend.hpp on a GPU: each is put into a list; read() and greatest() run the
// list, as one graph where it has come before, and wait.
//
// Tables of the host (tokens, positions, pages …) are uploaded before the list runs, to addresses
// that stay the same from step to step.

#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.hpp"
#include "kernels/hip/backend/command_list.hpp"
#include "kernels/hip/backend/device.hpp"
#include "kernels/hip/backend/graph_cache.hpp"
#include "kernels/hip/backend/hip_weights.hpp"
#include "kernels/hip/backend/staged_table.hpp"

namespace squall::kernels::hip {

class HipBackend final : public Backend {
 public:
  /// Throws DeviceError.
  explicit HipBackend(const GpuBackendOptions& options);
  ~HipBackend() override;

  std::string_view name() const override { return name_; }
  std::size_t threads() const override { return 1; }
  std::chrono::nanoseconds worker_cpu_time() const override { return {}; }

  std::unique_ptr<BackendMemory> allocate(std::size_t bytes) override;
  const float* load_values(std::span<const float> values) override;
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
  struct Tables {
    explicit Tables(Device& device)
        : tokens(device),
          positions(device),
          slots(device),
          parts(device),
          pages(device),
          rows(device) {}
    StagedTable tokens, positions, slots, parts, pages, rows;
  };

  /// Runs `work`, which calls the runtime; its DeviceError names the device, and what was put off
  /// is forgotten then.
  template <typename Work>
  void on_device(Work work);
  /// Puts the list into the device's stream.
  void flush();
  /// flush(), and waits.
  void finish();
  /// The same before memory goes: nobody can be told of an error.
  void settle() noexcept;
  void forget() noexcept;
  void for_each_table(void (*work)(StagedTable&));
  /// Before any table of an operation is filled: this may run what was put off.
  void make_room(StagedTable& table, std::size_t bytes);
  void make_scratch(std::size_t bytes);
  void keep_list_short();
  std::byte* fetch(const void* from, std::size_t bytes);
  std::function<void()> settling();

  Device device_;
  std::string name_;
  GraphCache graphs_;
  CommandList list_;
  Upload upload_;
  Tables tables_;
  DeviceBlock scratch_;  // of one operation at a time
  DeviceBlock candidates_;
  PinnedBlock fetched_;
  std::vector<DeviceBlock> values_;  // of load_values(), which fills the last
  std::size_t values_used_ = 0;
  // Tables before they are staged.
  std::vector<DeviceSlot> slots_;
  std::vector<DevicePart> parts_;
  std::vector<const std::byte*> pages_;
  std::vector<std::uint32_t> rows_;
};

}  // namespace squall::kernels::hip
