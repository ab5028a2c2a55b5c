// Attention of single queries, as decoding has them: it is bound by reading keys and values, so
// each thread loads 16 bytes of one position's keys, then of one dimension's values, several loads
// at once, and uses them for all heads that share them.

#include "kernels/hip/attention/attention_call.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads = span_positions;
constexpr unsigned teams = threads / team_size;
constexpr unsigned most_rows = 8;  // heads that one block answers for

/// Which heads a block answers for, consecutive ones that share their keys and values, and which
/// dimensions of their outputs.
struct Rows {
  unsigned kv_head;
  unsigned first_head;
  unsigned count;
  unsigned dimension;  // this thread's
};

constexpr unsigned slices_of(unsigned dimension) { return (dimension + threads - 1) / threads; }
constexpr unsigned shares_of(unsigned group, unsigned rows) { return (group + rows - 1) / rows; }

__device__ inline Rows rows_of_block(const AttentionCall& call, unsigned rows) {
  const unsigned slices = (call.pages.dimension + threads - 1) / threads;
  const unsigned shares = (call.group + rows - 1) / rows;
  const unsigned kv_head = blockIdx.y / slices / shares;
  const unsigned first = blockIdx.y / slices % shares * rows;
  const unsigned left = call.group - first;
  return {kv_head, kv_head * call.group + first, left < rows ? left : rows,
          blockIdx.y % slices * threads + threadIdx.x};
}

/// Scaled, and zero behind the last dimension and head.
template <unsigned rows>
__device__ inline void load_queries(const AttentionCall& call, const DevicePart& part,
                                    const Rows& heads, float* queries) {
  const unsigned dimension = call.pages.dimension;
  const float* from = part.queries + std::size_t{heads.first_head} * dimension;
  for (unsigned i = threadIdx.x; i < rows * most_head_dimensions; i += threads) {
    const unsigned row = i / most_head_dimensions;
    const unsigned d = i % most_head_dimensions;
    const bool there = row < heads.count && d < dimension;
    queries[i] = there ? from[row * dimension + d] * call.query_scale : 0.0F;
  }
}

/// Adds the products of four elements and each row's factors, element by element.
template <unsigned rows>
__device__ inline void add_products(const float* four, const Float4* factors, unsigned stride,
                                    float* sums) {
  GPU_UNROLL
  for (unsigned row = 0; row < rows; ++row) {
    const Float4 factor = factors[row * stride];
    sums[row] = fmaf(factor.x, four[0], sums[row]);
    sums[row] = fmaf(factor.y, four[1], sums[row]);
    sums[row] = fmaf(factor.z, four[2], sums[row]);
    sums[row] = fmaf(factor.w, four[3], sums[row]);
  }
  keep_order();
}

/// This thread's position of a page against all rows.
template <KvFormat format, unsigned rows>
__device__ inline void score_position(const KvPages& pages, const std::byte* section,
                                      const Float4* queries, float* scores) {
  constexpr unsigned length = chunk_length<format>;
  constexpr unsigned at_once = 4;
  const unsigned position = threadIdx.x % page_positions;
  const unsigned chunks = (pages.dimension + length - 1) / length;
  GPU_KEEP_LOOP
  for (unsigned first = 0; first < chunks; first += at_once) {
    Word4 loaded[at_once];
    GPU_UNROLL
    for (unsigned i = 0; i < at_once; ++i) {
      const unsigned chunk = first + i < chunks ? first + i : first;
      loaded[i] = load_key_chunk(section, chunk, position);
    }
    GPU_UNROLL
    for (unsigned i = 0; i < at_once; ++i) {
      const unsigned chunk = first + i;
      if (chunk < chunks) {
        const float scale = key_scale<format>(pages, section, chunk * length, position);
        GPU_UNROLL
        for (unsigned four = 0; four < length / 4; ++four) {
          float keys[4];
          expand_keys<format>(loaded[i], four, scale, keys);
          add_products<rows>(keys, queries + chunk * (length / 4) + four, most_head_dimensions / 4,
                             scores);
        }
      }
    }
  }
}

/// Adds the weighed values of one dimension over a page, or over its first `visible` positions:
/// what lies behind them was perhaps never written and may be anything.
template <KvFormat format, unsigned rows, bool whole>
__device__ inline void add_values(const KvPages& pages, const std::byte* section, unsigned visible,
                                  unsigned dimension, const Float4* weights, float* sums) {
  constexpr unsigned length = chunk_length<format>;
  constexpr unsigned chunks = page_positions / length;
  constexpr unsigned at_once = chunks < 4 ? chunks : 4;
  GPU_KEEP_LOOP
  for (unsigned first = 0; first < chunks; first += at_once) {
    Word4 loaded[at_once];
    GPU_UNROLL
    for (unsigned i = 0; i < at_once; ++i) {
      loaded[i] = load_value_chunk(pages, section, first + i, dimension);
    }
    GPU_UNROLL
    for (unsigned i = 0; i < at_once; ++i) {
      GPU_UNROLL
      for (unsigned four = 0; four < length / 4; ++four) {
        const unsigned position = (first + i) * length + four * 4;
        float values[4];
        expand_values<format>(pages, section, loaded[i], four, position, dimension, values);
        GPU_UNROLL
        for (unsigned j = 0; j < 4; ++j) {
          if (!whole) values[j] = position + j < visible ? values[j] : 0.0F;
        }
        add_products<rows>(values, weights + position / 4, span_positions / 4, sums);
      }
    }
  }
}

/// Sums of one dimension over a span.
template <KvFormat format, unsigned rows>
__device__ inline void add_span(const AttentionCall& call, const DevicePart& part, unsigned kv_head,
                                unsigned begin, unsigned visible, unsigned dimension,
                                const Float4* weights, float* sums) {
  GPU_KEEP_LOOP
  for (unsigned page = 0; page < span_pages; ++page) {
    const unsigned first = begin + page * page_positions;
    if (first >= visible) return;
    const std::byte* section = section_of(call, part, first / page_positions, kv_head);
    const unsigned left = visible - first;
    const Float4* of_page = weights + page * (page_positions / 4);
    if (left >= page_positions) {
      add_values<format, rows, true>(call.pages, section, left, dimension, of_page, sums);
    } else {
      add_values<format, rows, false>(call.pages, section, left, dimension, of_page, sums);
    }
  }
}

/// Scores of all rows and a span's positions become weights, and the span joins each row's state.
template <KvFormat format, unsigned rows>
__device__ inline void weigh_rows(const AttentionCall& call, const DevicePart& part,
                                  const Rows& heads, unsigned begin, unsigned visible,
                                  const Float4* queries, float* weights, SpanTotal* totals,
                                  MergedSpans* states) {
  const unsigned position = begin + threadIdx.x;
  float scores[rows] = {};
  if (position / page_positions * page_positions < visible) {
    score_position<format, rows>(call.pages,
                                 section_of(call, part, position / page_positions, heads.kv_head),
                                 queries, scores);
  }
  GPU_UNROLL
  for (unsigned row = 0; row < rows; ++row) {
    weights[row * span_positions + threadIdx.x] = scores[row];
  }
  __syncthreads();
  for (unsigned first = 0; first < rows; first += teams) {
    const unsigned row = first + threadIdx.x / team_size;
    const SpanTotal total =
        weigh_span(weights + row % rows * span_positions, visible - begin, row < rows);
    if (row < rows && threadIdx.x % team_size == 0) {
      totals[row] = total;
      states[row] = merged(states[row], total);
    }
  }
  __syncthreads();
}

/// Grid: spans (1: each block takes them all), heads' shares and slices of dimensions, parts.
template <KvFormat format, unsigned rows>
__global__ void __launch_bounds__(threads, rows < 8 ? 4 : 3) attend_to_spans(AttentionCall call) {
  GPU_SHARED(Float4, queries, rows * most_head_dimensions / 4);
  GPU_SHARED(Float4, weights, rows * span_positions / 4);
  GPU_SHARED(SpanTotal, totals, rows);
  GPU_SHARED(MergedSpans, states, rows);
  const DevicePart part = call.parts[blockIdx.z];
  if (part.count != 1) return;
  const unsigned visible = part.first_position + 1;
  const bool all_spans = gridDim.x == 1;
  const unsigned first_span = blockIdx.x;
  const unsigned spans = (visible + span_positions - 1) / span_positions;
  if (first_span >= spans) return;
  const unsigned last_span = all_spans ? spans : first_span + 1;
  const Rows heads = rows_of_block(call, rows);
  const unsigned dimension = call.pages.dimension;
  load_queries<rows>(call, part, heads, reinterpret_cast<float*>(queries));
  if (threadIdx.x < rows) states[threadIdx.x] = no_spans();

  float sums[rows] = {};
  GPU_KEEP_LOOP
  for (unsigned span = first_span; span < last_span; ++span) {
    const unsigned begin = span * span_positions;
    __syncthreads();  // queries are there, and the last span's weights have been used
    weigh_rows<format, rows>(call, part, heads, begin, visible, queries,
                             reinterpret_cast<float*>(weights), totals, states);
    if (heads.dimension >= dimension) continue;
    float span_sums[rows] = {};
    add_span<format, rows>(call, part, heads.kv_head, begin, visible, heads.dimension, weights,
                           span_sums);
    GPU_UNROLL
    for (unsigned row = 0; row < rows; ++row) {
      sums[row] = all_spans ? merged_sum(states[row], sums[row], span_sums[row]) : span_sums[row];
    }
  }

  if (heads.dimension >= dimension) return;
  GPU_UNROLL
  for (unsigned row = 0; row < rows; ++row) {
    if (row < heads.count) {
      const std::size_t head = heads.first_head + row;
      const std::size_t place =
          (blockIdx.z * std::size_t{call.heads} + head) * call.spans + first_span;
      if (all_spans) {
        part.output[head * dimension + heads.dimension] = sums[row] / states[row].weights;
      } else {
        call.span_sums[place * dimension + heads.dimension] = sums[row];
        if (heads.dimension == 0) call.span_totals[place] = totals[row];
      }
    }
  }
}

/// Grid: heads and slices of dimensions, parts.
__global__ void __launch_bounds__(threads) merge_spans(AttentionCall call) {
  GPU_SHARED(SpanTotal, totals, threads);
  const DevicePart part = call.parts[blockIdx.y];
  if (part.count != 1) return;
  const unsigned spans = part.first_position / span_positions + 1;
  const unsigned dimension = call.pages.dimension;
  const unsigned slices = (dimension + threads - 1) / threads;
  const unsigned head = blockIdx.x / slices;
  const unsigned mine = blockIdx.x % slices * threads + threadIdx.x;
  const unsigned d = mine < dimension ? mine : 0;
  const std::size_t row = std::size_t{blockIdx.y} * call.heads + head;
  const SpanTotal* from_totals = call.span_totals + row * call.spans;
  const float* from = call.span_sums + row * call.spans * dimension + d;

  float sum = 0.0F;
  MergedSpans state = no_spans();
  for (unsigned first = 0; first < spans; first += threads) {
    __syncthreads();
    if (first + threadIdx.x < spans) totals[threadIdx.x] = from_totals[first + threadIdx.x];
    __syncthreads();
    const unsigned count = spans - first < threads ? spans - first : threads;
    for (unsigned i = 0; i < count; ++i) {
      state = merged(state, totals[i]);
      sum = merged_sum(state, sum, from[std::size_t{first + i} * dimension]);
    }
  }
  if (mine < dimension) part.output[head * dimension + mine] = sum / state.weights;
}

template <KvFormat format>
void attend_format(const Queue& queue, const AttentionCall& call, std::size_t parts,
                   unsigned spans) {
  const unsigned rows = call.group == 1 ? 1 : call.group == 2 ? 2 : call.group <= 4 ? 4 : most_rows;
  const dim3 grid(spans,
                  call.kv_heads * shares_of(call.group, rows) * slices_of(call.pages.dimension),
                  static_cast<unsigned>(parts));
  const dim3 block(threads);
  if (rows == 1) GPU_LAUNCH((attend_to_spans<format, 1>), grid, block, queue, call);
  if (rows == 2) GPU_LAUNCH((attend_to_spans<format, 2>), grid, block, queue, call);
  if (rows == 4) GPU_LAUNCH((attend_to_spans<format, 4>), grid, block, queue, call);
  if (rows == most_rows) {
    GPU_LAUNCH((attend_to_spans<format, most_rows>), grid, block, queue, call);
  }
}

}  // namespace

void attend_singly(const Queue& queue, KvFormat format, const AttentionCall& call,
                   std::size_t parts, bool split) {
  const unsigned spans = split ? call.spans : 1;
  switch (format) {
    case KvFormat::f32:
      attend_format<KvFormat::f32>(queue, call, parts, spans);
      break;
    case KvFormat::f16:
      attend_format<KvFormat::f16>(queue, call, parts, spans);
      break;
    case KvFormat::q8_0:
      attend_format<KvFormat::q8_0>(queue, call, parts, spans);
      break;
  }
  if (!split) return;
  const dim3 grid(call.heads * slices_of(call.pages.dimension), static_cast<unsigned>(parts));
  GPU_LAUNCH(merge_spans, grid, dim3(threads), queue, call);
}

}  // namespace squall::kernels::hip
