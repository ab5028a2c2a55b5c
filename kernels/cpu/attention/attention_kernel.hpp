#pragma once
// What attention over pages asks of an instruction set.
//
// The sums of a query are built in an order that follows from positions alone. Positions come in
// spans of 8 pages: within a span sums go from position to position; the spans' results are then
// merged from the first to the last. So spans may be computed by different threads.

#include <cstddef>

#include "kernels/backend.hpp"
#include "kernels/cpu/attention/kv_page_layout.hpp"

namespace squall::kernels {

constexpr std::size_t pages_of_a_span = 8;
constexpr std::size_t positions_of_a_span = pages_of_a_span * positions_per_page;

/// Some queries of one part, all heads that share one head of keys and values. A row is one head of
/// one query; the rows of a query lie together.
struct PageAttentionTask {
  const AttentionPart* part;
  const PagedAttention* options;
  std::size_t kv_head;
  std::size_t first_query;
  std::size_t queries;
  std::size_t span;           // only for attend_to_span
  const std::byte* upcoming;  // what will probably be read after this task's pages; or null
  float* scratch;             // scratch_floats() of the kernel, aligned to 64 bytes
};

/// What is known of a row after some positions: softmax weights are relative to 2^greatest.
/// For each row greatest, total, and the weighted sum of values [padded_dimension].
struct SpanResults {
  float* greatest;  // [rows]
  float* totals;    // [rows]
  float* sums;      // [rows, padded_dimension]

  static constexpr std::size_t floats(std::size_t rows, std::size_t padded_dimension) {
    return (rows * (padded_dimension + 2) + 15) / 16 * 16;
  }
  static SpanResults at(float* memory, std::size_t rows, std::size_t padded_dimension) {
    float* after = memory + rows * padded_dimension;
    return {.greatest = after, .totals = after + rows, .sums = memory};
  }
};

struct PageAttentionKernel {
  /// Rounds one token's keys and values, [kv_heads, head_dimension] each, into its page.
  void (*store)(const KvShape& shape, const KvSlot& slot, const float* keys, const float* values);
  std::size_t (*scratch_floats)(std::size_t rows, const KvShape& shape);
  /// All spans: writes the part's output.
  void (*attend)(const PageAttentionTask& task);
  /// One span, for all of its rows; null where spans cannot be computed apart, and so the next.
  void (*attend_to_span)(const PageAttentionTask& task, const SpanResults& results);
  /// Writes the part's output from `spans` results that lie one after the other in memory.
  void (*merge_spans)(const PageAttentionTask& task, float* results, std::size_t spans);
};

}  // namespace squall::kernels
