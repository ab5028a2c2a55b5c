#pragma once
// Attention of a batch over pages: cuts it into tasks of similar cost and shares them out.
//
// A task is some queries of one part and one head of keys and values. A few long sequences are cut
// along their positions too, span by span, so that every thread has something to do. One object
// belongs to one backend and is used by one thread at a time.

#include <span>
#include <vector>

#include "kernels/backend.hpp"
#include "kernels/cpu/attention/attention_kernel.hpp"
#include "kernels/cpu/scratch_memory.hpp"
#include "kernels/cpu/threads/thread_pool.hpp"

namespace squall::kernels {

class PagedAttentionRunner {
 public:
  PagedAttentionRunner(const PageAttentionKernel& kernel, ThreadPool& pool)
      : kernel_(kernel), pool_(pool) {}

  void run(std::span<const AttentionPart> parts, const PagedAttention& options);

 private:
  /// All spans of some queries, or one of them when they are cut.
  struct Item {
    PageAttentionTask task;
    std::size_t cost;          // in multiply-adds
    float* results = nullptr;  // of this span; null: the task writes its output
  };
  /// A cut task, whose spans' results are to be merged.
  struct Cut {
    PageAttentionTask task;
    std::size_t spans;
    float* results;
  };

  void make_items(std::span<const AttentionPart> parts, const PagedAttention& options);
  void cut_long_items(const PagedAttention& options);
  void share_out_chunks();
  void do_items(std::size_t first, std::size_t last, std::size_t thread);

  const PageAttentionKernel& kernel_;
  ThreadPool& pool_;
  std::vector<Item> items_;
  std::vector<Item> uncut_;
  std::vector<Cut> cuts_;
  std::vector<std::size_t> chunk_ends_;
  std::size_t total_cost_ = 0;
  std::size_t scratch_of_a_thread_ = 0;  // in floats
  ScratchMemory scratch_;
  ScratchMemory span_results_;
};

}  // namespace squall::kernels
