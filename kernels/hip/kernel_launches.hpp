#pragma once
// Every kernel as the host starts it: no types of HIP or CUDA, so that any compiler can include
// this.
//
// All pointers but spans are the device's. A call puts work into the queue and returns; nothing
// here waits or allocates, and no launch depends on values in device memory, so that a sequence of
// calls can be recorded as a graph. One thread a queue. Throws DeviceError when a launch is
// refused.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/backend.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::kernels::hip {

/// What kernels are cut to.
struct DeviceFacts {
  unsigned wave_size = 32;  // threads that run in step: 32 or 64
  unsigned multiprocessors = 1;
};

struct Queue {
  void* stream = nullptr;  // hipStream_t or cudaStream_t
  const DeviceFacts* facts = nullptr;
};

// Multiplication (multiply*.hip.cpp) -----------------------------------------------------------

/// Weights on the device as pack() laid them out, or a table as the file has it.
struct DeviceMatrix {
  Format format = Format::f32;
  std::size_t rows = 0;
  std::size_t columns = 0;
  float scale = 1.0F;  // of every value, as TensorView's
  const std::byte* data = nullptr;
};

struct DeviceProduct {
  DeviceMatrix weights;
  float* output = nullptr;  // [batch, rows]
};

/// Bytes of a packed matrix: blocks rearranged for coalesced loads, with rows padded as needed.
std::size_t packed_bytes(Format format, std::size_t rows, std::size_t columns);
/// How many rows are packed together.
constexpr unsigned rows_per_pack = 16;
/// On the host: packs rows [first, last), whole packs but for the matrix's end, into `out`, which
/// is where pack `first / rows_per_pack` starts and as long as packed_bytes() of so many rows.
void pack(const TensorView& weights, std::size_t first, std::size_t last, std::byte* out);

/// Scratch of multiply(): the input as its kernels want it.
std::size_t prepared_bytes(std::size_t batch, std::size_t columns);
/// input: [batch, columns]; all products have these columns. scratch: prepared_bytes()
/// output[b, r] = sum over c of weights[r, c] * input[b, c]
void multiply(const Queue& queue, std::span<const DeviceProduct> products, const float* input,
              std::size_t batch, std::byte* scratch);
/// output[i] = row tokens[i] of the table (not packed), dequantized. tokens: [count]
void embed(const Queue& queue, const DeviceMatrix& table, const std::int32_t* tokens,
           std::size_t count, float* output);

// Attention (attention*.hip.cpp) ---------------------------------------------------------------

struct DeviceSlot {
  std::byte* page;
  std::uint32_t position;
  std::uint32_t padding;
};

/// AttentionPart in device memory.
struct DevicePart {
  const float* queries;
  float* output;
  const std::byte* const* pages;  // in device memory too
  std::uint32_t count;
  std::uint32_t first_position;
};

/// The widest heads that kernels are made for.
constexpr unsigned most_head_dimensions = 256;
/// Of heads up to that.
std::size_t kv_page_bytes(const KvShape& shape);
void store_keys_and_values(const Queue& queue, const KvShape& shape, const DeviceSlot* slots,
                           std::size_t count, const float* keys, const float* values,
                           std::size_t page_offset);

/// What all parts of a call are at most: launches and scratch are cut to it. Rounded up by whoever
/// calls, so that it seldom changes.
struct AttentionExtent {
  std::size_t parts = 0;
  std::size_t queries = 0;    // of one part
  std::size_t positions = 0;  // that any query sees
};
std::size_t attention_scratch_bytes(const Queue& queue, const PagedAttention& options,
                                    const AttentionExtent& extent);
void attention(const Queue& queue, const DevicePart* parts, const AttentionExtent& extent,
               const PagedAttention& options, std::byte* scratch);

// The rest (operations.hip.cpp) ----------------------------------------------------------------

void rms_norm(const Queue& queue, const float* input, const float* weight, float* output,
              std::size_t batch, std::size_t dimension, float epsilon);
/// options.frequency_divisors: device memory. positions: [count]
void rope(const Queue& queue, float* values, const std::int32_t* positions, std::size_t count,
          const RopeOptions& options);
void add_bias(const Queue& queue, float* values, const float* bias, std::size_t batch,
              std::size_t dimension);
void swiglu(const Queue& queue, float* gate, const float* up, std::size_t count);
void add(const Queue& queue, float* sum, const float* addend, std::size_t count);
void gather_rows(const Queue& queue, const float* values, const std::uint32_t* rows,
                 std::size_t count, std::size_t dimension, float* output);
/// result: [rows, count], as Backend::greatest(). scratch: greatest_scratch_bytes()
std::size_t greatest_scratch_bytes(std::size_t rows, std::size_t columns, std::size_t count);
void greatest(const Queue& queue, const float* values, std::size_t rows, std::size_t columns,
              std::size_t count, Candidate* result, std::byte* scratch);

}  // namespace squall::kernels::hip
