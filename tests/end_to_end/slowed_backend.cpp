// A build of the agent that got worse: the linker puts this in place of make_cpu_backend()
// (--wrap, see CMakeLists.txt), so that each multiplication by weights and each attention takes a
// ninth longer than it did: 10 % fewer tokens a second. The agent's own sources know nothing of it.

#include <chrono>
#include <utility>

#include "kernels/backend_selection.hpp"

namespace squall::kernels {

namespace {

class SlowedBackend : public Backend {
 public:
  explicit SlowedBackend(std::unique_ptr<Backend> real) : real_(std::move(real)) {}

  std::string_view name() const override { return real_->name(); }
  std::size_t threads() const override { return real_->threads(); }
  std::chrono::nanoseconds worker_cpu_time() const override { return real_->worker_cpu_time(); }
  bool uses_host_memory() const override { return real_->uses_host_memory(); }
  std::unique_ptr<BackendMemory> allocate(std::size_t bytes) override {
    return real_->allocate(bytes);
  }
  const float* load_values(std::span<const float> values) override {
    return real_->load_values(values);
  }
  void write(std::span<const float> from, float* to) override { real_->write(from, to); }
  std::span<const float> read(const float* values, std::size_t count) override {
    return real_->read(values, count);
  }
  std::unique_ptr<WeightMatrix> load(const TensorView& weights) override {
    return real_->load(weights);
  }
  std::unique_ptr<WeightMatrix> load_table(const TensorView& weights) override {
    return real_->load_table(weights);
  }
  void embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
             float* output) override {
    real_->embed(table, tokens, output);
  }
  void multiply(const WeightMatrix& weights, const float* input, float* output,
                std::size_t batch) override {
    slowly([&] { real_->multiply(weights, input, output, batch); });
  }
  void multiply(std::span<const Product> products, const float* input, std::size_t batch) override {
    slowly([&] { real_->multiply(products, input, batch); });
  }
  void rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                std::size_t dimension, float epsilon) override {
    slowly([&] { real_->rms_norm(input, weight, output, batch, dimension, epsilon); });
  }
  void rope(float* values, std::span<const std::int32_t> positions,
            const RopeOptions& options) override {
    slowly([&] { real_->rope(values, positions, options); });
  }
  std::size_t kv_page_bytes(const KvShape& shape) const override {
    return real_->kv_page_bytes(shape);
  }
  void store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots, const float* keys,
                             const float* values, std::size_t page_offset) override {
    slowly([&] { real_->store_keys_and_values(shape, slots, keys, values, page_offset); });
  }
  void attention(std::span<const AttentionPart> parts, const PagedAttention& options) override {
    slowly([&] { real_->attention(parts, options); });
  }
  void add_bias(float* values, const float* bias, std::size_t batch,
                std::size_t dimension) override {
    slowly([&] { real_->add_bias(values, bias, batch, dimension); });
  }
  void swiglu(float* gate, const float* up, std::size_t count) override {
    slowly([&] { real_->swiglu(gate, up, count); });
  }
  void add(float* sum, const float* addend, std::size_t count) override {
    slowly([&] { real_->add(sum, addend, count); });
  }
  void gather_rows(const float* values, std::span<const std::size_t> rows, std::size_t dimension,
                   float* output) override {
    real_->gather_rows(values, rows, dimension, output);
  }
  std::span<const Candidate> greatest(const float* values, std::size_t rows, std::size_t columns,
                                      std::size_t count) override {
    return real_->greatest(values, rows, columns, count);
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// 1/0.9 - 1 = 1/9 of the time again, in which the core is busy as it would be with worse code.
  template <class Work>
  void slowly(const Work& work) {
    const auto begin = Clock::now();
    work();
    const auto end = Clock::now();
    owed_ += (end - begin) / 9;
    // What a look at the clock costs is paid with it.
    auto now = end;
    while (now - end < owed_) now = Clock::now();
    owed_ -= now - end;
  }

  std::unique_ptr<Backend> real_;
  Clock::duration owed_{0};
};

}  // namespace

std::unique_ptr<Backend> the_real_cpu_backend(std::size_t threads, std::string_view set) asm(
    "__real__ZN6squall7kernels16make_cpu_backendEmSt17basic_string_viewIcSt11char_traitsIcEE");
std::unique_ptr<Backend> the_slowed_cpu_backend(std::size_t threads, std::string_view set) asm(
    "__wrap__ZN6squall7kernels16make_cpu_backendEmSt17basic_string_viewIcSt11char_traitsIcEE");

std::unique_ptr<Backend> the_slowed_cpu_backend(std::size_t threads, std::string_view set) {
  return std::make_unique<SlowedBackend>(the_real_cpu_backend(threads, set));
}

}  // namespace squall::kernels
