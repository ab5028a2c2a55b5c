#pragma once
// What computes: the operations of a transformer, implemented by the CPU and by GPUs.
//
// Activations are F32, row-major [batch, dimension], in memory from this backend's allocate(),
// which only the backend may look into; write() and read() lead there and back. Spans are the
// host's and may change as soon as a call returns. A GPU does its work later, in the order of the
// calls; read() and greatest() wait for it. One thread calls a backend at a time; the backend may
// use threads of its own. Sizes are the caller's promise (the model loader checks them); a broken
// promise is a bug and asserts. Every operation of a GPU can throw DeviceError.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernels/tensor_view.hpp"

namespace squall::kernels {

/// The device is lost or has refused: this backend computes nothing any more. The message names the
/// device and what its runtime said.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The device, or the share of it that was allowed, has no more memory.
class DeviceOutOfMemory : public std::bad_alloc {
 public:
  explicit DeviceOutOfMemory(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// Memory that a backend computes in, freed with it; it goes before its backend.
class BackendMemory {
 public:
  virtual ~BackendMemory() = default;
  virtual std::byte* data() const = 0;  // aligned to 256
  float* floats() const { return reinterpret_cast<float*>(data()); }
};

/// Weights as the backend wants them: kept in place, repacked or uploaded.
class WeightMatrix {
 public:
  virtual ~WeightMatrix() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t columns() const = 0;
  /// False when the backend has a copy of its own, and the view's bytes are needed no longer.
  virtual bool uses_source() const = 0;
};

/// output[b, r] = sum over c of weights[r, c] * input[b, c]
struct Product {
  const WeightMatrix* weights;
  float* output;  // [batch, weights->rows()]
};

enum class RopePairs {
  neighbours,  // (2i, 2i + 1), as llama's files have them
  halves       // (i, i + rotated_dimensions / 2), as qwen's do
};

struct RopeOptions {
  std::size_t heads = 0;
  std::size_t head_dimension = 0;
  std::size_t rotated_dimensions = 0;  // the first so many of each head; even
  float base = 10000.0F;
  float scale = 1.0F;  // positions are multiplied by it
  RopePairs pairs = RopePairs::neighbours;
  const float* frequency_divisors = nullptr;  // [rotated_dimensions / 2]; null: all 1
};

/// How keys and values are kept.
enum class KvFormat : std::uint8_t { f32, f16, q8_0 };

struct KvShape {
  KvFormat format = KvFormat::f16;
  std::size_t kv_heads = 0;
  std::size_t head_dimension = 0;
};

/// Positions that one page holds, keys and values of one layer.
constexpr std::size_t positions_per_page = 32;

/// Where the keys and values of one token go.
struct KvSlot {
  std::byte* page = nullptr;  // kv_page_bytes() of the backend, aligned to 64
  std::size_t position = 0;   // in the page
};

/// One of a row's greatest values.
struct Candidate {
  float value;
  std::int32_t index;
};
constexpr std::size_t most_candidates = 64;

/// Consecutive tokens of one sequence; the first sees positions 0 to first_position, its own, and
/// each of the others one more.
struct AttentionPart {
  const float* queries = nullptr;  // [count, heads, head_dimension]
  float* output = nullptr;         // likewise
  std::size_t count = 0;
  std::size_t first_position = 0;
  const std::byte* const* pages = nullptr;  // page i holds positions 32 i to 32 i + 31
};
struct PagedAttention {
  std::size_t heads = 0;  // a multiple of shape.kv_heads
  KvShape shape;
  std::size_t page_offset = 0;  // added to each of the pages' addresses
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;  // "cpu avx2"
  virtual std::size_t threads() const = 0;
  /// CPU time spent by this backend's own threads, the caller's not included.
  virtual std::chrono::nanoseconds worker_cpu_time() const = 0;
  /// read() costs nothing, as the memory is the host's. Where it is not, greatest() spares carrying
  /// whole rows of logits over.
  virtual bool uses_host_memory() const { return false; }

  /// Zeroed. Throws std::bad_alloc; a GPU DeviceOutOfMemory.
  virtual std::unique_ptr<BackendMemory> allocate(std::size_t bytes) = 0;
  /// Norms, biases, divisors: for the operations below. Of a CPU the values themselves, which must
  /// outlive their use; of a GPU a copy that lives as long as the backend.
  virtual const float* load_values(std::span<const float> values) = 0;
  /// `to`: memory of this backend. from: of the host
  virtual void write(std::span<const float> from, float* to) = 0;
  /// What the operations so far made of `count` values; valid until the next call of this backend.
  virtual std::span<const float> read(const float* values, std::size_t count) = 0;

  /// For multiply(). The view's bytes must outlive the result if it uses_source().
  virtual std::unique_ptr<WeightMatrix> load(const TensorView& weights) = 0;
  /// For embed(): a matrix of which few rows are read. Never copied whole.
  virtual std::unique_ptr<WeightMatrix> load_table(const TensorView& weights) = 0;

  /// output[b] = row tokens[b] of the table, dequantized. output: [tokens, columns]
  virtual void embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
                     float* output) = 0;
  /// output[b, r] = sum over c of weights[r, c] * input[b, c]
  virtual void multiply(const WeightMatrix& weights, const float* input, float* output,
                        std::size_t batch) = 0;
  /// All products share one input, [batch, columns], which is prepared and shared out once.
  virtual void multiply(std::span<const Product> products, const float* input,
                        std::size_t batch) = 0;
  /// output[b, i] = input[b, i] / sqrt(mean(input[b]^2) + epsilon) * weight[i]; in place allowed.
  virtual void rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                        std::size_t dimension, float epsilon) = 0;
  /// Rotates pair i of each head of values[b] by the angle positions[b] * scale *
  /// base^(-2i/rotated_dimensions) / frequency_divisors[i]. values: [batch, heads, head_dimension]
  virtual void rope(float* values, std::span<const std::int32_t> positions,
                    const RopeOptions& options) = 0;
  /// Bytes of a page: keys and values of positions_per_page positions of one layer; a multiple of
  /// 64. The layout inside is the backend's own.
  virtual std::size_t kv_page_bytes(const KvShape& shape) const = 0;
  /// Rounds to the shape's format. keys, values: [slots, kv_heads * head_dimension]
  /// page_offset: added to each of the slots' addresses, as PagedAttention's.
  virtual void store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots,
                                     const float* keys, const float* values,
                                     std::size_t page_offset) = 0;
  /// output = softmax(query . keys / sqrt(head_dimension)) . values for each query of each part,
  /// grouped heads. The same bits whatever parts are computed together and however a sequence is
  /// cut into them, of finite keys and values.
  virtual void attention(std::span<const AttentionPart> parts, const PagedAttention& options) = 0;
  /// values[b, i] += bias[i]
  virtual void add_bias(float* values, const float* bias, std::size_t batch,
                        std::size_t dimension) = 0;
  /// gate[i] = silu(gate[i]) * up[i]
  virtual void swiglu(float* gate, const float* up, std::size_t count) = 0;
  /// sum[i] += addend[i]
  virtual void add(float* sum, const float* addend, std::size_t count) = 0;
  /// output[i] = row rows[i] of the values. values: [?, dimension], output: [rows, dimension]
  virtual void gather_rows(const float* values, std::span<const std::size_t> rows,
                           std::size_t dimension, float* output) = 0;
  /// The `count` greatest of each row, the greatest first, of equals the lower index; what is not a
  /// number counts as negative infinity. values: [rows, columns]; result: [rows, count], valid
  /// until the next call of this backend. `count`: 1 to most_candidates and at most `columns`.
  virtual std::span<const Candidate> greatest(const float* values, std::size_t rows,
                                              std::size_t columns, std::size_t count) = 0;
};

}  // namespace squall::kernels
