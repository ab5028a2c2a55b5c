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
};

struct RopeOptions {
  std::size_t heads = 0;
  std::size_t head_dimension = 0;
  std::size_t rotated_dimensions = 0;  // the first so many of each head; even
  float base = 10000.0F;
  float scale = 1.0F;  // positions are multiplied by it
};

/// One query of a batch against the keys and values of its own sequence.
struct AttentionQuery {
  const float* query;   // [heads, head_dimension]
  const float* keys;    // [length, kv_heads * head_dimension]
  const float* values;  // likewise
  std::size_t length;   // positions visible to this query, its own included
  float* output;        // [heads, head_dimension]
};
struct AttentionOptions {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;  // divides heads
  std::size_t head_dimension = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;  // "cpu avx2"
  virtual std::size_t threads() const = 0;
  /// CPU time spent by this backend's own threads, the caller's not included.
  virtual std::chrono::nanoseconds worker_cpu_time() const = 0;

  /// The view's bytes must outlive the result.
  virtual std::unique_ptr<WeightMatrix> load(const TensorView& weights) = 0;

  /// output[b] = row tokens[b] of the table, dequantized. output: [tokens, columns]
  virtual void embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
                     float* output) = 0;
  /// output[b, r] = sum over c of weights[r, c] * input[b, c]
  virtual void multiply(const WeightMatrix& weights, const float* input, float* output,
                        std::size_t batch) = 0;
  /// output[b, i] = input[b, i] / sqrt(mean(input[b]^2) + epsilon) * weight[i]; in place allowed.
  virtual void rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                        std::size_t dimension, float epsilon) = 0;
  /// Rotates neighbouring pairs (2i, 2i+1) of each head of values[b] by positions[b] * scale *
  /// base^(-2i/rotated) (llama's order in GGUF files). values: [batch, heads, head_dimension]
  virtual void rope(float* values, std::span<const std::int32_t> positions,
                    const RopeOptions& options) = 0;
  /// output = softmax(query . keys / sqrt(head_dimension)) . values, grouped heads.
  virtual void attention(std::span<const AttentionQuery> queries,
                         const AttentionOptions& options) = 0;
  /// gate[i] = silu(gate[i]) * up[i]
  virtual void swiglu(float* gate, const float* up, std::size_t count) = 0;
  /// sum[i] += addend[i]
  virtual void add(float* sum, const float* addend, std::size_t count) = 0;
};

}  // namespace squall::kernels
