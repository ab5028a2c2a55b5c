#include "kernels/cpu/attention/avx2_attention.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "kernels/cpu/attention/avx2_tiles.hpp"
#include "kernels/cpu/avx2_exponential.hpp"

namespace squall::kernels::avx2 {
namespace {

constexpr std::size_t whole_lines(std::size_t floats) { return (floats + 15) / 16 * 16; }

/// One task at work: its sizes and its scratch memory.
struct Work {
  explicit Work(const PageAttentionTask& t)
      : task(t),
        layout(t.options->shape),
        heads_of_a_group(t.options->heads / t.options->shape.kv_heads),
        rows(t.queries * heads_of_a_group),
        queries(t.scratch),
        weights(queries + whole_lines(rows * layout.dimension)),
        factors(weights + rows * positions_per_page),
        expanded_keys(factors + whole_lines(rows)),
        expanded_values(expanded_keys + positions_per_page * layout.dimension),
        span_memory(expanded_values + positions_per_page * layout.padded_dimension) {}

  /// Positions that query i of the task sees.
  std::size_t visible(std::size_t i) const {
    return task.part->first_position + task.first_query + i + 1;
  }
  const std::byte* section(std::size_t page) const {
    return task.part->pages[page] + task.options->page_offset + task.kv_head * layout.head_bytes;
  }
  /// What is read after this page: the next one, or what the task says comes after it.
  const std::byte* next_section(std::size_t page) const {
    if ((page + 1) * positions_per_page < visible(task.queries - 1)) return section(page + 1);
    return task.upcoming != nullptr ? task.upcoming : section(page);
  }
  std::size_t row_offset(std::size_t row) const {
    const std::size_t query = task.first_query + row / heads_of_a_group;
    const std::size_t head = task.kv_head * heads_of_a_group + row % heads_of_a_group;
    return (query * task.options->heads + head) * layout.dimension;
  }

  const PageAttentionTask& task;
  KvPageLayout layout;
  std::size_t heads_of_a_group;
  std::size_t rows;
  float* queries;  // [rows, dimension], scaled
  float* weights;  // [rows, positions_per_page]: scores, then softmax weights
  float* factors;  // [rows]: what earlier sums are worth beside this page's
  float* expanded_keys;
  float* expanded_values;
  float* span_memory;  // two SpanResults
};

/// Scaled so that a score is a power of 2: log2(e) / sqrt(dimension).
SQUALL_AVX2 void scale_queries(const Work& work) {
  const std::size_t dimension = work.layout.dimension;
  const double scale = 1.4426950408889634 / std::sqrt(static_cast<double>(dimension));
  const __m256 factor = _mm256_set1_ps(static_cast<float>(scale));
  for (std::size_t row = 0; row < work.rows; ++row) {
    const float* query = work.task.part->queries + work.row_offset(row);
    float* scaled = work.queries + row * dimension;
    for (std::size_t i = 0; i < dimension; i += lanes) {
      const __m256 values = load_up_to(dimension - i, query + i);
      store_up_to(dimension - i, scaled + i, _mm256_mul_ps(values, factor));
    }
  }
}

SQUALL_AVX2 inline __m256 seen_lanes(std::size_t vector, std::size_t count) {
  return _mm256_castsi256_ps(first_lanes(count - std::min(vector * lanes, count)));
}

/// Turns the scores of the first `count` positions into weights, and accounts for them.
template <bool WholePage>
SQUALL_AVX2 void weigh_row(const Work& work, const SpanResults& results, std::size_t row,
                           std::size_t count) {
  constexpr std::size_t vectors = positions_per_page / lanes;
  float* weights = work.weights + row * positions_per_page;
  __m256 scores[vectors];
  const float before = results.greatest[row];
  __m256 greatest = _mm256_set1_ps(before);
#pragma GCC unroll 4
  for (std::size_t v = 0; v < vectors; ++v) {
    scores[v] = _mm256_loadu_ps(weights + v * lanes);
    if constexpr (!WholePage) {
      const __m256 nothing = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
      scores[v] = _mm256_blendv_ps(nothing, scores[v], seen_lanes(v, count));
    }
    greatest = _mm256_max_ps(greatest, scores[v]);
  }
  const float now = greatest_lane(greatest);
  const __m256 shift = _mm256_set1_ps(now);
  __m256 total = _mm256_setzero_ps();
#pragma GCC unroll 4
  for (std::size_t v = 0; v < vectors; ++v) {
    __m256 weight = power_of_2(_mm256_sub_ps(scores[v], shift));
    if constexpr (!WholePage) weight = _mm256_and_ps(weight, seen_lanes(v, count));
    _mm256_storeu_ps(weights + v * lanes, weight);
    total = _mm256_add_ps(total, weight);
  }
  float factor = 1.0F;
  if (before != now) factor = _mm256_cvtss_f32(power_of_2(_mm256_set1_ps(before - now)));
  work.factors[row] = factor;
  results.greatest[row] = now;
  results.totals[row] = results.totals[row] * factor + sum_of_lanes(total);
}

/// The page that begins at position `begin`, of which at least the last query sees something.
template <class Keys, class Values>
SQUALL_AVX2 void add_page(const Work& work, const SpanResults& results, const Keys& keys,
                          const Values& values, std::size_t begin) {
  const std::size_t queries = work.task.queries;
  const std::size_t group = work.heads_of_a_group;
  const std::size_t dimension = work.layout.dimension;
  const std::size_t padded = work.layout.padded_dimension;
  const std::size_t first = begin < work.visible(0) ? 0 : begin + 1 - work.visible(0);
  const std::size_t positions = std::min(positions_per_page, work.visible(queries - 1) - begin);
  multiply_rows(RowsTask{.weights = work.queries + first * group * dimension,
                         .weight_stride = dimension,
                         .depth = dimension,
                         .output = work.weights + first * group * positions_per_page,
                         .output_stride = positions_per_page,
                         .factors = nullptr},
                keys, (queries - first) * group, (positions + lanes - 1) / lanes);
  for (std::size_t query = first; query < queries;) {
    // Queries that see the whole page are taken together; of the others each by itself, since a
    // weight of 0 for what it does not see would let infinities through.
    const std::size_t count = std::min(positions_per_page, work.visible(query) - begin);
    const std::size_t together = count == positions_per_page ? queries - query : 1;
    const std::size_t row = query * group;
    for (std::size_t r = row; r < row + together * group; ++r) {
      if (count == positions_per_page) {
        weigh_row<true>(work, results, r, count);
      } else {
        weigh_row<false>(work, results, r, count);
      }
    }
    multiply_rows(RowsTask{.weights = work.weights + row * positions_per_page,
                           .weight_stride = positions_per_page,
                           .depth = count,
                           .output = results.sums + row * padded,
                           .output_stride = padded,
                           .factors = work.factors + row},
                  values, together * group, padded / lanes);
    query += together;
  }
}

template <class Keys, class Values>
SQUALL_AVX2 void expand_page(const Work& work, const Keys& keys, const Values& values,
                             std::size_t positions) {
  const KvPageLayout& layout = work.layout;
  for (std::size_t group = 0; group * lanes < positions; ++group) {
    for (std::size_t d = 0; d < layout.dimension; ++d) {
      _mm256_store_ps(work.expanded_keys + (group * layout.dimension + d) * lanes,
                      keys.load(d, group));
    }
  }
  for (std::size_t position = 0; position < positions; ++position) {
    for (std::size_t v = 0; v < layout.padded_dimension / lanes; ++v) {
      _mm256_store_ps(work.expanded_values + position * layout.padded_dimension + v * lanes,
                      values.load(position, v));
    }
  }
}

FloatSource float_keys(const float* keys, const KvPageLayout& layout, std::ptrdiff_t ahead) {
  return {
      .base = keys, .row_stride = lanes, .vector_stride = layout.dimension * lanes, .ahead = ahead};
}
FloatSource float_values(const float* values, const KvPageLayout& layout, std::ptrdiff_t ahead) {
  return {.base = values,
          .row_stride = layout.padded_dimension,
          .vector_stride = lanes,
          .ahead = ahead};
}

/// Many rows read the page as floats that are made once; the same floats either way.
template <class Keys, class Values>
SQUALL_AVX2 void add_narrow_page(const Work& work, const SpanResults& results, const Keys& keys,
                                 const Values& values, std::size_t begin) {
  if (work.rows <= rows_of_a_tile) return add_page(work, results, keys, values, begin);
  const std::size_t seen = work.visible(work.task.queries - 1) - begin;
  expand_page(work, keys, values, std::min(positions_per_page, seen));
  add_page(work, results, ExpandedSource{float_keys(work.expanded_keys, work.layout, 0)},
           ExpandedSource{float_values(work.expanded_values, work.layout, 0)}, begin);
}

SQUALL_AVX2 void add_page_of_format(const Work& work, const SpanResults& results,
                                    std::size_t page) {
  const KvPageLayout& layout = work.layout;
  const std::byte* keys = work.section(page);
  const std::byte* values = keys + layout.values;
  const std::ptrdiff_t ahead = work.next_section(page) - keys;
  const std::size_t begin = page * positions_per_page;
  switch (work.task.options->shape.format) {
    case KvFormat::f32:
      return add_page(work, results,
                      float_keys(reinterpret_cast<const float*>(keys), layout, ahead),
                      float_values(reinterpret_cast<const float*>(values), layout, ahead), begin);
    case KvFormat::f16:
      return add_narrow_page(work, results,
                             HalfSource{.base = reinterpret_cast<const std::uint16_t*>(keys),
                                        .row_stride = lanes,
                                        .vector_stride = layout.dimension * lanes,
                                        .ahead = ahead},
                             HalfSource{.base = reinterpret_cast<const std::uint16_t*>(values),
                                        .row_stride = layout.padded_dimension,
                                        .vector_stride = lanes,
                                        .ahead = ahead},
                             begin);
    case KvFormat::q8_0: {
      const auto* key_scales = reinterpret_cast<const float*>(keys + layout.key_scales);
      const auto* value_scales = reinterpret_cast<const float*>(keys + layout.value_scales);
      return add_narrow_page(work, results,
                             QuantizedKeys{.quants = reinterpret_cast<const std::int8_t*>(keys),
                                           .scale = key_scales,
                                           .dimension = layout.dimension,
                                           .scales = layout.scales,
                                           .ahead = ahead},
                             QuantizedValues{.quants = reinterpret_cast<const std::int8_t*>(values),
                                             .scale = value_scales,
                                             .padded_dimension = layout.padded_dimension,
                                             .scales = layout.scales,
                                             .ahead = ahead},
                             begin);
    }
  }
}

SQUALL_AVX2 void add_span(const Work& work, const SpanResults& results, std::size_t span) {
  std::fill_n(results.greatest, work.rows, -std::numeric_limits<float>::infinity());
  std::fill_n(results.totals, work.rows, 0.0F);
  std::fill_n(results.sums, work.rows * work.layout.padded_dimension, 0.0F);
  const std::size_t visible = work.visible(work.task.queries - 1);
  const std::size_t pages = (visible + positions_per_page - 1) / positions_per_page;
  const std::size_t end = std::min(pages, (span + 1) * pages_of_a_span);
  for (std::size_t page = span * pages_of_a_span; page < end; ++page) {
    add_page_of_format(work, results, page);
  }
}

SQUALL_AVX2 void merge(const SpanResults& sum, const SpanResults& next, std::size_t rows,
                       std::size_t padded) {
  for (std::size_t row = 0; row < rows; ++row) {
    if (next.totals[row] == 0.0F) continue;  // saw nothing of this span
    const float greatest = std::max(sum.greatest[row], next.greatest[row]);
    const float weight = _mm256_cvtss_f32(power_of_2(_mm256_set1_ps(sum.greatest[row] - greatest)));
    const float next_weight =
        _mm256_cvtss_f32(power_of_2(_mm256_set1_ps(next.greatest[row] - greatest)));
    sum.greatest[row] = greatest;
    sum.totals[row] = sum.totals[row] * weight + next.totals[row] * next_weight;
    for (std::size_t i = 0; i < padded; i += lanes) {
      float* to = sum.sums + row * padded + i;
      const __m256 added =
          _mm256_mul_ps(_mm256_loadu_ps(next.sums + row * padded + i), _mm256_set1_ps(next_weight));
      _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_loadu_ps(to), _mm256_set1_ps(weight), added));
    }
  }
}

SQUALL_AVX2 void write_output(const Work& work, const SpanResults& results) {
  const std::size_t dimension = work.layout.dimension;
  for (std::size_t row = 0; row < work.rows; ++row) {
    float* output = work.task.part->output + work.row_offset(row);
    const float* sums = results.sums + row * work.layout.padded_dimension;
    const __m256 factor = _mm256_set1_ps(1.0F / results.totals[row]);
    for (std::size_t i = 0; i < dimension; i += lanes) {
      store_up_to(dimension - i, output + i, _mm256_mul_ps(_mm256_loadu_ps(sums + i), factor));
    }
  }
}

}  // namespace

std::size_t attention_scratch_floats(std::size_t rows, const KvShape& shape) {
  const KvPageLayout layout(shape);
  return whole_lines(rows * layout.dimension) + rows * positions_per_page + whole_lines(rows) +
         positions_per_page * (layout.dimension + layout.padded_dimension) +
         2 * SpanResults::floats(rows, layout.padded_dimension);
}

void attend_to_pages(const PageAttentionTask& task) {
  assert(task.queries > 0);
  const Work work(task);
  const std::size_t padded = work.layout.padded_dimension;
  const SpanResults sum = SpanResults::at(work.span_memory, work.rows, padded);
  const SpanResults next =
      SpanResults::at(work.span_memory + SpanResults::floats(work.rows, padded), work.rows, padded);
  scale_queries(work);
  add_span(work, sum, 0);
  const std::size_t visible = work.visible(task.queries - 1);
  for (std::size_t span = 1; span * positions_of_a_span < visible; ++span) {
    add_span(work, next, span);
    merge(sum, next, work.rows, padded);
  }
  write_output(work, sum);
}

void attend_to_span(const PageAttentionTask& task, const SpanResults& results) {
  const Work work(task);
  scale_queries(work);
  add_span(work, results, task.span);
}

void merge_spans(const PageAttentionTask& task, float* results, std::size_t spans) {
  const Work work(task);
  const std::size_t padded = work.layout.padded_dimension;
  const SpanResults sum = SpanResults::at(results, work.rows, padded);
  for (std::size_t span = 1; span < spans; ++span) {
    results += SpanResults::floats(work.rows, padded);
    merge(sum, SpanResults::at(results, work.rows, padded), work.rows, padded);
  }
  write_output(work, sum);
}

}  // namespace squall::kernels::avx2

#endif
