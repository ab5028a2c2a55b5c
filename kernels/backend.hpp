#pragma once
// What computes: the operations of a transformer, implemented by the CPU and later by GPUs.
//
// Activations are F32, row-major [batch, dimension], in memory from this backend. One thread calls
// a backend at a time; the backend may use threads of its own. Sizes are the caller's promise (the
// model loader checks them); a broken promise is a bug and asserts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kernels/tensor_view.hpp"

namespace squall::kernels {

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
  virtual void store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots,
                                     const float* keys, const float* values) = 0;
  /// output = softmax(query . keys / sqrt(head_dimension)) . values for each query of each part,
  /// grouped heads. The same bits whatever parts are computed together and however a sequence is
  /// cut into them.
  virtual void attention(std::span<const AttentionPart> parts, const PagedAttention& options) = 0;
  /// values[b, i] += bias[i]
  virtual void add_bias(float* values, const float* bias, std::size_t batch,
                        std::size_t dimension) = 0;
  /// gate[i] = silu(gate[i]) * up[i]
  virtual void swiglu(float* gate, const float* up, std::size_t count) = 0;
  /// sum[i] += addend[i]
  virtual void add(float* sum, const float* addend, std::size_t count) = 0;
};

}  // namespace squall::kernels
