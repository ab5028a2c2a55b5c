// Cuts a call of attention into launches.

#include <cassert>
#include <cmath>

#include "kernels/hip/attention/attention_call.hpp"

namespace squall::kernels::hip {
namespace {

std::size_t spans_of(const AttentionExtent& extent) {
  return (extent.positions + span_positions - 1) / span_positions;
}

std::size_t rows_of(const PagedAttention& options, const AttentionExtent& extent) {
  return extent.parts * options.heads * spans_of(extent);
}

/// A block for each span where there would else be too few to keep the device busy. The bits are
/// the same either way.
bool splits(const Queue& queue, const PagedAttention& options, const AttentionExtent& extent) {
  const std::size_t blocks = extent.parts * options.shape.kv_heads;
  return spans_of(extent) > 1 && blocks < std::size_t{2} * queue.facts->multiprocessors;
}

}  // namespace

AttentionCall::AttentionCall(const PagedAttention& options, const AttentionExtent& extent,
                             const DevicePart* all_parts, std::byte* scratch)
    : parts(all_parts),
      pages(options.shape),
      heads(static_cast<std::uint32_t>(options.heads)),
      kv_heads(static_cast<std::uint32_t>(options.shape.kv_heads)),
      group(heads / kv_heads),
      spans(static_cast<std::uint32_t>(spans_of(extent))),
      page_offset(options.page_offset),
      query_scale(1.0F / std::sqrt(static_cast<float>(options.shape.head_dimension))),
      span_sums(nullptr),
      span_totals(nullptr) {
  assert(options.heads % options.shape.kv_heads == 0);
  if (scratch == nullptr) return;
  span_sums = reinterpret_cast<float*>(scratch);
  const std::size_t floats = rows_of(options, extent) * options.shape.head_dimension;
  span_totals = reinterpret_cast<SpanTotal*>(span_sums + floats);
}

std::size_t span_bytes(const PagedAttention& options, const AttentionExtent& extent) {
  // Totals come behind the sums and are pairs of floats.
  const std::size_t floats = options.shape.head_dimension + sizeof(SpanTotal) / sizeof(float);
  return rows_of(options, extent) * floats * sizeof(float);
}

std::size_t attention_scratch_bytes(const Queue& queue, const PagedAttention& options,
                                    const AttentionExtent& extent) {
  return splits(queue, options, extent) ? span_bytes(options, extent) : 0;
}

void attention(const Queue& queue, const DevicePart* parts, const AttentionExtent& extent,
               const PagedAttention& options, std::byte* scratch) {
  if (extent.parts == 0 || extent.queries == 0) return;
  assert(extent.positions >= 1);
  const AttentionCall call(options, extent, parts, scratch);
  const KvFormat format = options.shape.format;
  attend_singly(queue, format, call, extent.parts, splits(queue, options, extent));
  if (extent.queries > 1) attend_in_tiles(queue, format, call, extent.parts, extent.queries);
}

}  // namespace squall::kernels::hip
