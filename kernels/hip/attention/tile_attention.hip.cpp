// Attention of many queries of one sequence, as prefill has them: tiles of rows (queries and the
// heads that share keys and values) against spans of 128 positions, from shared memory, with 4 to 8
// rows and 4 columns of every product in a thread's registers.

#include "kernels/hip/attention/attention_call.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads = 256;
constexpr unsigned teams = threads / team_size;
constexpr unsigned staged = 16;  // dimensions or positions that lie in shared memory at a time
constexpr unsigned row_stride = span_positions + 4;  // floats; rows start in other banks

/// How a block's threads share the work, for heads of up to so many dimensions.
template <unsigned dimensions>
struct Tile {
  static constexpr unsigned rows = dimensions > 128 ? 32 : 64;
  // Scores: 32 groups of 4 positions, 8 groups of rows.
  static constexpr unsigned score_rows = rows / (threads / (span_positions / 4));
  // Values: groups of 4 dimensions, the others groups of rows.
  static constexpr unsigned value_rows = rows / (threads / (dimensions / 4));
  static constexpr unsigned query_stride = rows + 4;
  static constexpr unsigned score_stage = staged * (span_positions + query_stride);
  static constexpr unsigned value_stage = staged * dimensions;
  static constexpr unsigned stage = score_stage > value_stage ? score_stage : value_stage;
};

/// A row of a block's tile: a query and one of the heads that share keys and values.
struct TileRow {
  std::uint64_t place;    // where the query begins, and its output
  std::uint32_t visible;  // positions; 0: there is no such row
};

struct TileRows {
  unsigned kv_head;
  unsigned visible;     // positions that the last row sees
  const TileRow* rows;  // in shared memory: to find them takes divisions
};

/// Row r of a part is query r / group, head r % group of those that share.
__device__ inline TileRow row_of(const AttentionCall& call, const DevicePart& part,
                                 unsigned kv_head, unsigned row) {
  const unsigned query = row / call.group;
  const unsigned head = kv_head * call.group + row % call.group;
  return {(std::uint64_t{query} * call.heads + head) * call.pages.dimension,
          query < part.count ? part.first_position + query + 1 : 0};
}

/// 16 dimensions of all rows' queries, scaled, dimension by dimension.
template <class Shape>
__device__ inline void stage_queries(const AttentionCall& call, const DevicePart& part,
                                     const TileRows& tile, unsigned first_dimension, float* to) {
  for (unsigned i = threadIdx.x; i < Shape::rows * staged; i += threads) {
    const unsigned row = i / staged;
    const unsigned d = first_dimension + i % staged;
    const bool there = tile.rows[row].visible > 0 && d < call.pages.dimension;
    const float query = there ? part.queries[tile.rows[row].place + d] : 0.0F;
    to[i % staged * Shape::query_stride + row] = query * call.query_scale;
  }
}

/// 16 dimensions of a span's keys, dimension by dimension; zeros where nothing is seen.
template <KvFormat format>
__device__ inline void stage_keys(const AttentionCall& call, const DevicePart& part,
                                  const TileRows& tile, unsigned begin, unsigned first_dimension,
                                  float* to) {
  constexpr unsigned length = chunk_length<format>;
  for (unsigned i = threadIdx.x; i < span_positions * staged / length; i += threads) {
    const unsigned position = i % span_positions;
    const unsigned within = i / span_positions * length;
    const unsigned d = first_dimension + within;
    float keys[length] = {};
    if (begin + position < tile.visible && d < call.pages.dimension) {
      const std::byte* section =
          section_of(call, part, (begin + position) / page_positions, tile.kv_head);
      const unsigned in_page = position % page_positions;
      const Word4 chunk = load_key_chunk(section, d / length, in_page);
      const float scale = key_scale<format>(call.pages, section, d, in_page);
      GPU_UNROLL
      for (unsigned four = 0; four < length / 4; ++four) {
        expand_keys<format>(chunk, four, scale, keys + 4 * four);
      }
    }
    GPU_UNROLL
    for (unsigned j = 0; j < length; ++j) to[(within + j) * span_positions + position] = keys[j];
  }
}

/// The values of 16 positions, position by position; zeros where nothing is seen.
template <KvFormat format, unsigned dimensions>
__device__ inline void stage_values(const AttentionCall& call, const DevicePart& part,
                                    const TileRows& tile, unsigned begin, float* to) {
  constexpr unsigned length = chunk_length<format>;
  const std::byte* section = section_of(call, part, begin / page_positions, tile.kv_head);
  for (unsigned i = threadIdx.x; i < dimensions * staged / length; i += threads) {
    const unsigned d = i % dimensions;
    const unsigned within = i / dimensions * length;
    const unsigned in_page = (begin + within) % page_positions;
    float values[length] = {};
    if (begin + within < tile.visible && d < call.pages.dimension) {
      const Word4 chunk = load_value_chunk(call.pages, section, in_page / length, d);
      GPU_UNROLL
      for (unsigned four = 0; four < length / 4; ++four) {
        expand_values<format>(call.pages, section, chunk, four, in_page + 4 * four, d,
                              values + 4 * four);
      }
    }
    GPU_UNROLL
    for (unsigned j = 0; j < length; ++j) {
      const bool seen = begin + within + j < tile.visible;
      to[(within + j) * dimensions + d] = seen ? values[j] : 0.0F;
    }
  }
}

__device__ inline void add_scaled(float factor, const Float4& column, float* sums) {
  sums[0] = fmaf(factor, column.x, sums[0]);
  sums[1] = fmaf(factor, column.y, sums[1]);
  sums[2] = fmaf(factor, column.z, sums[2]);
  sums[3] = fmaf(factor, column.w, sums[3]);
}

/// Scores of all rows and a span's positions: scores[row * row_stride + position].
template <KvFormat format, class Shape>
__device__ inline void score_span(const AttentionCall& call, const DevicePart& part,
                                  const TileRows& tile, unsigned begin, float* stage,
                                  float* scores) {
  constexpr unsigned rows = Shape::score_rows;
  float* keys = stage;
  float* queries = stage + staged * span_positions;
  const unsigned column = threadIdx.x % (span_positions / 4) * 4;
  const unsigned first_row = threadIdx.x / (span_positions / 4) * rows;
  float sums[rows][4] = {};
  GPU_KEEP_LOOP
  for (unsigned d = 0; d < call.pages.dimension; d += staged) {
    __syncthreads();  // what was staged before has been used
    stage_keys<format>(call, part, tile, begin, d, keys);
    stage_queries<Shape>(call, part, tile, d, queries);
    __syncthreads();
    for (unsigned i = 0; i < staged; ++i) {
      const Float4 key = *reinterpret_cast<const Float4*>(keys + i * span_positions + column);
      GPU_UNROLL
      for (unsigned row = 0; row < rows; row += 4) {
        const Float4 query =
            *reinterpret_cast<const Float4*>(queries + i * Shape::query_stride + first_row + row);
        add_scaled(query.x, key, sums[row]);
        add_scaled(query.y, key, sums[row + 1]);
        add_scaled(query.z, key, sums[row + 2]);
        add_scaled(query.w, key, sums[row + 3]);
      }
      keep_order();
    }
  }
  GPU_UNROLL
  for (unsigned row = 0; row < rows; ++row) {
    *reinterpret_cast<Float4*>(scores + (first_row + row) * row_stride + column) = {
        sums[row][0], sums[row][1], sums[row][2], sums[row][3]};
  }
}

/// Makes weights of the scores and merges the span into each row's state.
template <class Shape>
__device__ inline void weigh_rows(const TileRows& tile, unsigned begin, float* scores,
                                  MergedSpans* states) {
  for (unsigned row = threadIdx.x / team_size; row < Shape::rows; row += teams) {
    const unsigned seen = tile.rows[row].visible;
    const unsigned visible = seen > begin ? seen - begin : 0;
    const SpanTotal total = weigh_span(scores + row * row_stride, visible, true);
    if (threadIdx.x % team_size == 0) states[row] = merged(states[row], total);
  }
}

/// Adds the span's weighed values to the sums.
template <KvFormat format, unsigned dimensions, class Shape>
__device__ inline void add_span(const AttentionCall& call, const DevicePart& part,
                                const TileRows& tile, unsigned begin, float* stage,
                                const float* weights, const MergedSpans* states, float (*sums)[4]) {
  constexpr unsigned rows = Shape::value_rows;
  const unsigned column = threadIdx.x % (dimensions / 4) * 4;
  const unsigned first_row = threadIdx.x / (dimensions / 4) * rows;
  float span_sums[rows][4] = {};
  GPU_KEEP_LOOP
  for (unsigned first = 0; first < span_positions; first += staged) {
    if (begin + first >= tile.visible) break;
    __syncthreads();  // weights are there, and what was staged before has been used
    stage_values<format, dimensions>(call, part, tile, begin + first, stage);
    __syncthreads();
    for (unsigned i = 0; i < staged; i += 4) {
      Float4 values[4];
      GPU_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        values[j] = *reinterpret_cast<const Float4*>(stage + (i + j) * dimensions + column);
      }
      GPU_UNROLL
      for (unsigned row = 0; row < rows; ++row) {
        const Float4 weight =
            *reinterpret_cast<const Float4*>(weights + (first_row + row) * row_stride + first + i);
        add_scaled(weight.x, values[0], span_sums[row]);
        add_scaled(weight.y, values[1], span_sums[row]);
        add_scaled(weight.z, values[2], span_sums[row]);
        add_scaled(weight.w, values[3], span_sums[row]);
      }
      keep_order();
    }
  }
  GPU_UNROLL
  for (unsigned row = 0; row < rows; ++row) {
    GPU_UNROLL
    for (unsigned i = 0; i < 4; ++i) {
      sums[row][i] = merged_sum(states[first_row + row], sums[row][i], span_sums[row][i]);
    }
    keep_order();
  }
}

/// Grid: tiles, the longest first; heads with keys and values of their own; parts.
template <KvFormat format, unsigned dimensions>
__global__ void __launch_bounds__(threads, 2) attend_to_tile(AttentionCall call) {
  using Shape = Tile<dimensions>;
  GPU_SHARED(float, scores, Shape::rows* row_stride);
  GPU_SHARED(float, stage, Shape::stage);
  GPU_SHARED(MergedSpans, states, Shape::rows);
  GPU_SHARED(TileRow, rows, Shape::rows);
  const DevicePart part = call.parts[blockIdx.z];
  const unsigned first = (gridDim.x - 1 - blockIdx.x) * Shape::rows;
  const unsigned end = part.count * call.group;
  if (part.count <= 1 || first >= end) return;
  const unsigned last = (end - first < Shape::rows ? end : first + Shape::rows) - 1;
  const TileRows tile{blockIdx.y, part.first_position + last / call.group + 1, rows};
  if (threadIdx.x < Shape::rows) {
    rows[threadIdx.x] = row_of(call, part, tile.kv_head, first + threadIdx.x);
    states[threadIdx.x] = no_spans();
  }

  float sums[Shape::value_rows][4] = {};
  GPU_KEEP_LOOP
  for (unsigned begin = 0; begin < tile.visible; begin += span_positions) {
    score_span<format, Shape>(call, part, tile, begin, stage, scores);
    __syncthreads();
    weigh_rows<Shape>(tile, begin, scores, states);
    add_span<format, dimensions, Shape>(call, part, tile, begin, stage, scores, states, sums);
    __syncthreads();  // weights and states have been used
  }

  const unsigned column = threadIdx.x % (dimensions / 4) * 4;
  const unsigned first_row = threadIdx.x / (dimensions / 4) * Shape::value_rows;
  GPU_UNROLL
  for (unsigned row = 0; row < Shape::value_rows; ++row) {
    if (rows[first_row + row].visible > 0) {
      float* output = part.output + rows[first_row + row].place;
      GPU_UNROLL
      for (unsigned i = 0; i < 4; ++i) {
        if (column + i < call.pages.dimension) {
          output[column + i] = sums[row][i] / states[first_row + row].weights;
        }
      }
    }
    keep_order();
  }
}

template <KvFormat format>
void attend_format(const Queue& queue, const AttentionCall& call, std::size_t parts,
                   std::size_t queries) {
  const std::size_t rows = queries * call.group;
  const auto grid = [&](unsigned tile_rows) {
    return dim3(static_cast<unsigned>((rows + tile_rows - 1) / tile_rows), call.kv_heads,
                static_cast<unsigned>(parts));
  };
  const dim3 block(threads);
  const unsigned dimension = call.pages.dimension;
  if (dimension <= 64) {
    GPU_LAUNCH((attend_to_tile<format, 64>), grid(Tile<64>::rows), block, queue, call);
  } else if (dimension <= 128) {
    GPU_LAUNCH((attend_to_tile<format, 128>), grid(Tile<128>::rows), block, queue, call);
  } else {
    GPU_LAUNCH((attend_to_tile<format, 256>), grid(Tile<256>::rows), block, queue, call);
  }
}

}  // namespace

void attend_in_tiles(const Queue& queue, KvFormat format, const AttentionCall& call,
                     std::size_t parts, std::size_t queries) {
  switch (format) {
    case KvFormat::f32:
      return attend_format<KvFormat::f32>(queue, call, parts, queries);
    case KvFormat::f16:
      return attend_format<KvFormat::f16>(queue, call, parts, queries);
    case KvFormat::q8_0:
      return attend_format<KvFormat::q8_0>(queue, call, parts, queries);
  }
}

}  // namespace squall::kernels::hip
