#pragma once
// The keys and values of all sequences: what attention looks back at, in pages of one allocation.
//
// A page holds positions_per_page positions of all layers: layer l starts at l * layer_bytes().
// One thread owns a cache and its sequences; sequences go before their cache.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agents/engine/cache/page_memory.hpp"
#include "agents/engine/cache/page_pool.hpp"
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

  /// Page i holds positions 32 i to 32 i + 31; as many as there is room made for.
  const std::byte* const* pages() const { return addresses_.data(); }
  kernels::KvSlot slot(std::size_t position) const;  // of the first layer

 private:
  friend class KvCache;
  KvSequence(KvCache& cache, std::size_t positions);

  KvCache* cache_;
  std::size_t capacity_;
  std::size_t length_ = 0;
  SequencePages pages_;
  std::vector<std::byte*> addresses_;  // of pages_.ids
};

struct KvCacheOptions {
  kernels::KvFormat format = kernels::KvFormat::f16;
  std::size_t pages = 1;
  bool share_prefixes = true;
};

class KvCache {
 public:
  /// Throws std::bad_alloc.
  KvCache(const kernels::Backend& backend, const Hyperparameters& shape, KvCacheOptions options);

  static std::size_t page_bytes(const kernels::Backend& backend, const Hyperparameters& shape,
                                kernels::KvFormat format);

  /// A sequence that can grow to `positions`; what it shares with others of its prompt is filled
  /// in already, always less than the whole prompt. None when there are not enough pages now.
  /// Throws std::bad_alloc.
  std::optional<KvSequence> begin(std::span<const std::int32_t> prompt, std::size_t positions);

  const kernels::KvShape& shape() const { return shape_; }
  std::size_t layer_bytes() const { return layer_bytes_; }  // of a page
  std::size_t page_bytes() const { return page_bytes_; }
  const PagePool& pool() const { return pool_; }

 private:
  friend class KvSequence;
  std::byte* address(PageId page) const { return memory_.data() + page * page_bytes_; }

  kernels::KvShape shape_;
  std::size_t layer_bytes_;
  std::size_t page_bytes_;
  PagePool pool_;
  PageMemory memory_;
};

}  // namespace squall::agents
