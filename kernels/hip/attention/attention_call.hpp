#pragma once
// What the kernels of attention share: one call's facts, and the order in which sums are taken.
//
// The positions that a query sees are cut into spans of 128, counted from position 0. A span's
// scores become weights relative to the greatest of them; the weighed values are summed position by
// position; then spans are merged one after the other, each time relative to the greater of both
// maxima (online softmax: Milakov and Gimelshein, 2018). Each kernel here takes exactly these steps
// for each query and head, so that it does not matter to a bit which of them answers: one thread a
// position and dimension for single queries (span_attention), tiles of queries (tile_attention).

#include <cstdint>

#include "kernels/hip/attention/kv_pages.hpp"
#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {

constexpr unsigned span_positions = 128;
constexpr unsigned span_pages = span_positions / page_positions;

/// Of the scores of one span.
struct SpanTotal {
  float greatest;
  float weights;  // their sum
};

/// Made by the host; kernels get it by value.
struct AttentionCall {
  AttentionCall(const PagedAttention& options, const AttentionExtent& extent,
                const DevicePart* parts, std::byte* scratch);

  const DevicePart* parts;
  KvPages pages;
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t group;  // heads that share keys and values
  std::uint32_t spans;  // of the longest part
  std::uint64_t page_offset;
  float query_scale;
  // Scratch, where spans are merged by a kernel of its own.
  float* span_sums;        // [parts, heads, spans, dimension]
  SpanTotal* span_totals;  // [parts, heads, spans]
};

/// Bytes of scratch that span_sums and span_totals take.
std::size_t span_bytes(const PagedAttention& options, const AttentionExtent& extent);

/// Parts of one query. split: a block for each span, then a merge; else one block for all spans.
void attend_singly(const Queue& queue, KvFormat format, const AttentionCall& call,
                   std::size_t parts, bool split);
/// Parts of several queries, at most `queries`.
void attend_in_tiles(const Queue& queue, KvFormat format, const AttentionCall& call,
                     std::size_t parts, std::size_t queries);

__device__ inline const std::byte* section_of(const AttentionCall& call, const DevicePart& part,
                                              unsigned page, unsigned kv_head) {
  return part.pages[page] + call.page_offset + std::size_t{kv_head} * call.pages.head_bytes;
}

/// Makes weights of a span's scores, in place; those from `visible` on become 0. One team calls it
/// for a row, the whole wave at once; a team without a row says so and gets nothing.
__device__ inline SpanTotal weigh_span(float* scores, unsigned visible, bool has_row) {
  const unsigned lane = threadIdx.x % team_size;
  float mine[span_pages];
  float greatest = minus_infinity();
  GPU_UNROLL
  for (unsigned i = 0; i < span_pages; ++i) {
    const unsigned position = i * team_size + lane;
    mine[i] = has_row && position < visible ? scores[position] : minus_infinity();
    greatest = fmaxf(greatest, mine[i]);
  }
  greatest = team_max(greatest);
  float sum = 0.0F;
  GPU_UNROLL
  for (unsigned i = 0; i < span_pages; ++i) {
    const unsigned position = i * team_size + lane;
    const bool counts = has_row && position < visible;
    const float weight = counts ? exponential(mine[i] - greatest) : 0.0F;
    if (has_row) scores[position] = weight;
    sum += weight;
  }
  return {greatest, team_sum(sum)};
}

/// Spans merged so far, and with which factors the next one joins them.
struct MergedSpans {
  float greatest;
  float weights;
  float keep;  // factor of the sums so far
  float take;  // of the span's
};

__device__ inline MergedSpans no_spans() { return {minus_infinity(), 0.0F, 0.0F, 0.0F}; }

/// e^(from - to), where both may be negative infinity.
__device__ inline float factor_between(float from, float to) {
  return from == to ? 1.0F : exponential(from - to);
}

__device__ inline MergedSpans merged(const MergedSpans& so_far, const SpanTotal& next) {
  const float greatest = fmaxf(so_far.greatest, next.greatest);
  const float keep = factor_between(so_far.greatest, greatest);
  const float take = factor_between(next.greatest, greatest);
  return {greatest, fmaf(next.weights, take, so_far.weights * keep), keep, take};
}

__device__ inline float merged_sum(const MergedSpans& factors, float so_far, float next) {
  return fmaf(next, factors.take, so_far * factors.keep);
}

}  // namespace squall::kernels::hip
