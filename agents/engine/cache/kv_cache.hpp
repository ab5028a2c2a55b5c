#pragma once
// The keys and values of all sequences: what attention looks back at, in pages.
//
// A page holds positions_per_page positions of all layers. It has a part in the memory of each run
// of layers, where the run's layer l starts at l * layer_bytes(run).
// One thread owns a cache and its sequences; sequences go before their cache, and that before the
// backends.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agents/engine/cache/page_pool.hpp"
#include "agents/engine/layer_run.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

struct Hyperparameters;
class KvCache;

/// One sequence's part of a cache. Gives its pages back when it goes.
class KvSequence {
 public:
  KvSequence(KvSequence&& other) noexcept;
  KvSequence& operator=(KvSequence&&) = delete;
  ~KvSequence();

  const KvCache& cache() const { return *cache_; }
  std::size_t capacity() const { return capacity_; }  // positions
  std::size_t length() const { return length_; }      // positions filled in every layer

  /// Takes pages for `count` positions after those filled; within the capacity.
  void make_room(std::size_t count);
  void extend(std::size_t count);  // after the keys and values are in place
  /// Lets other sequences use the full pages. `tokens`: all that are filled in.
  void share(std::span<const std::int32_t> tokens);

  /// Page i holds positions 32 i to 32 i + 31; as many as there is room made for. Addresses are
  /// those of the run's backend, and of its first layer.
  const std::byte* const* pages(std::size_t run) const { return addresses_[run].data(); }
  kernels::KvSlot slot(std::size_t run, std::size_t position) const;

 private:
  friend class KvCache;
  KvSequence(KvCache& cache, std::size_t positions);
  void add_address(PageId page);

  KvCache* cache_;
  std::size_t capacity_;
  std::size_t length_ = 0;
  SequencePages pages_;
  std::vector<std::vector<std::byte*>> addresses_;  // of pages_.ids, in each run's memory
};

struct KvCacheOptions {
  kernels::KvFormat format = kernels::KvFormat::f16;
  std::size_t pages = 1;
  bool share_prefixes = true;
};

class KvCache {
 public:
  /// Throws std::bad_alloc.
  KvCache(LayerRuns runs, const Hyperparameters& shape, KvCacheOptions options);
  /// All layers on one backend.
  KvCache(kernels::Backend& backend, const Hyperparameters& shape, KvCacheOptions options);

  /// Of a page, in the memory of a run with so many layers.
  static std::size_t page_bytes(const kernels::Backend& backend, const Hyperparameters& shape,
                                kernels::KvFormat format, std::size_t layers);

  /// A sequence that can grow to `positions`; what it shares with others of its prompt is filled
  /// in already, always less than the whole prompt. None when there are not enough pages now.
  /// Throws std::bad_alloc.
  std::optional<KvSequence> begin(std::span<const std::int32_t> prompt, std::size_t positions);

  const kernels::KvShape& shape() const { return shape_; }
  std::size_t layer_bytes(std::size_t run) const { return regions_[run].layer_bytes; }  // of a page
  std::size_t page_bytes() const;  // in all runs together
  const PagePool& pool() const { return pool_; }

 private:
  friend class KvSequence;

  /// What one run's backend holds of the pages.
  struct Region {
    std::size_t layer_bytes;
    std::size_t page_bytes;
    std::unique_ptr<kernels::BackendMemory> memory;
    std::byte* address(PageId page) const { return memory->data() + page * page_bytes; }
  };

  kernels::KvShape shape_;
  PagePool pool_;
  std::vector<Region> regions_;  // one a run
};

}  // namespace squall::agents
