#include "kernels/cpu/attention/paged_attention.hpp"

#include <algorithm>
#include <cassert>

namespace squall::kernels {
namespace {

// Rows of a task: enough to make widening a page once for all of them cheap, few enough that
// their sums stay in the nearest caches beside the page.
constexpr std::size_t rows_of_a_task = 48;
// Beyond it the results of spans would take more memory than cutting is worth.
constexpr std::size_t rows_of_a_cut_task = 16;

// In multiply-adds, of which a kernel does some 20 to 30 a nanosecond.
constexpr std::size_t cost_of_a_weight = 16;  // the exponential and what surrounds it
constexpr std::size_t least_shared_cost = 256 * 1024;
constexpr std::size_t least_cost_of_a_chunk = 64 * 1024;
// Chunks for each thread: enough for whoever is quicker to take over from whoever is slower.
constexpr std::size_t chunks_of_a_thread = 8;

std::size_t spans_of(const PageAttentionTask& task) {
  const std::size_t visible = task.part->first_position + task.first_query + task.queries;
  return (visible + positions_of_a_span - 1) / positions_of_a_span;
}

const std::byte* first_section(const PageAttentionTask& task) {
  return task.part->pages[task.span * pages_of_a_span] + task.options->page_offset +
         task.kv_head * KvPageLayout(task.options->shape).head_bytes;
}

}  // namespace

void PagedAttentionRunner::run(std::span<const AttentionPart> parts,
                               const PagedAttention& options) {
  assert(options.shape.kv_heads > 0 && options.heads % options.shape.kv_heads == 0);
  make_items(parts, options);
  if (items_.empty()) return;
  if (pool_.threads() == 1 || total_cost_ < least_shared_cost) {
    scratch_.floats(scratch_of_a_thread_);
    return do_items(0, items_.size(), 0);
  }
  cut_long_items(options);
  share_out_chunks();
  for (const Cut& cut : cuts_) kernel_.merge_spans(cut.task, cut.results, cut.spans);
}

void PagedAttentionRunner::make_items(std::span<const AttentionPart> parts,
                                      const PagedAttention& options) {
  const std::size_t group = options.heads / options.shape.kv_heads;
  const std::size_t queries_of_a_task = std::max<std::size_t>(1, rows_of_a_task / group);
  const std::size_t cost_of_a_row = 2 * options.shape.head_dimension + cost_of_a_weight;
  items_.clear();
  total_cost_ = 0;
  std::size_t most_rows = 0;
  for (const AttentionPart& part : parts) {
    for (std::size_t first = 0; first < part.count; first += queries_of_a_task) {
      const std::size_t queries = std::min(queries_of_a_task, part.count - first);
      const std::size_t cost =
          queries * group * (part.first_position + first + queries) * cost_of_a_row;
      most_rows = std::max(most_rows, queries * group);
      for (std::size_t kv_head = 0; kv_head < options.shape.kv_heads; ++kv_head) {
        items_.push_back({.task = {.part = &part,
                                   .options = &options,
                                   .kv_head = kv_head,
                                   .first_query = first,
                                   .queries = queries,
                                   .span = 0,
                                   .upcoming = nullptr,
                                   .scratch = nullptr},
                          .cost = cost});
        total_cost_ += cost;
      }
    }
  }
  scratch_of_a_thread_ = (kernel_.scratch_floats(most_rows, options.shape) + 15) / 16 * 16;
}

/// Those that are more than a chunk's fair share.
void PagedAttentionRunner::cut_long_items(const PagedAttention& options) {
  cuts_.clear();
  if (kernel_.attend_to_span == nullptr) return;
  const std::size_t fair_share = total_cost_ / (chunks_of_a_thread * pool_.threads());
  const std::size_t group = options.heads / options.shape.kv_heads;
  const std::size_t padded = KvPageLayout(options.shape).padded_dimension;
  const auto is_cut = [&](const Item& item) {
    return item.cost > fair_share && spans_of(item.task) > 1 &&
           item.task.queries * group <= rows_of_a_cut_task;
  };
  std::size_t floats = 0;
  for (const Item& item : items_) {
    if (!is_cut(item)) continue;
    floats += spans_of(item.task) * SpanResults::floats(item.task.queries * group, padded);
  }
  if (floats == 0) return;
  float* results = span_results_.floats(floats);
  items_.swap(uncut_);
  items_.clear();
  for (const Item& item : uncut_) {
    if (!is_cut(item)) {
      items_.push_back(item);
      continue;
    }
    const std::size_t spans = spans_of(item.task);
    cuts_.push_back({.task = item.task, .spans = spans, .results = results});
    for (std::size_t span = 0; span < spans; ++span) {
      Item part{.task = item.task, .cost = item.cost / spans, .results = results};
      part.task.span = span;
      items_.push_back(part);
      results += SpanResults::floats(item.task.queries * group, padded);
    }
  }
}

void PagedAttentionRunner::share_out_chunks() {
  const std::size_t wanted =
      std::max(least_cost_of_a_chunk, total_cost_ / (chunks_of_a_thread * pool_.threads()));
  chunk_ends_.clear();
  std::size_t cost = 0;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    cost += items_[i].cost;
    if (cost < wanted && i + 1 < items_.size()) continue;
    chunk_ends_.push_back(i + 1);
    cost = 0;
  }
  scratch_.floats(pool_.threads() * scratch_of_a_thread_);
  pool_.run(chunk_ends_.size(), [this](std::size_t chunk, std::size_t thread) {
    do_items(chunk == 0 ? 0 : chunk_ends_[chunk - 1], chunk_ends_[chunk], thread);
  });
  // For merging, whoever computed the spans.
  for (Cut& cut : cuts_) cut.task.scratch = scratch_.floats(scratch_of_a_thread_);
}

/// The scratch memory is there already, for all threads.
void PagedAttentionRunner::do_items(std::size_t first, std::size_t last, std::size_t thread) {
  float* scratch = scratch_.floats(0) + thread * scratch_of_a_thread_;
  for (std::size_t i = first; i < last; ++i) {
    PageAttentionTask task = items_[i].task;
    task.scratch = scratch;
    if (i + 1 < last) task.upcoming = first_section(items_[i + 1].task);
    if (items_[i].results == nullptr) {
      kernel_.attend(task);
      continue;
    }
    const std::size_t group = task.options->heads / task.options->shape.kv_heads;
    const std::size_t padded = KvPageLayout(task.options->shape).padded_dimension;
    kernel_.attend_to_span(task, SpanResults::at(items_[i].results, task.queries * group, padded));
  }
}

}  // namespace squall::kernels
