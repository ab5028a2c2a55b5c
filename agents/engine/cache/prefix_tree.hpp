#pragma once
// Finds pages of keys and values again by the tokens that they were computed from.
//
// A page's parent is the page of the tokens before, so that a path from the root is a prefix.
// Tokens are compared one by one; a hash only finds candidates. Sequences hold pages; those that
// none holds are kept until evicted. One owner; nothing is allocated after construction.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/backend.hpp"
#include "kernels/cpu/cpu_memory.hpp"

namespace squall::agents {

using PageId = std::uint32_t;
constexpr PageId no_page = UINT32_MAX;  // as a parent: nothing comes before

class PrefixTree {
 public:
  /// All page ids are below `pages`.
  explicit PrefixTree(std::size_t pages);  // throws std::bad_alloc

  /// The page of these tokens after those of `parent`, or no_page. tokens: positions_per_page.
  PageId find(PageId parent, std::span<const std::int32_t> tokens) const;
  /// Adds a page that is not in the tree, held once. Such a page is not found below `parent` yet,
  /// and who adds it holds `parent` too.
  void add(PageId parent, std::span<const std::int32_t> tokens, PageId page);
  /// Who holds a page holds all before it.
  void hold(PageId page);
  /// A path is let go from its end: what is evicted first must be nobody's parent.
  void let_go(PageId page);
  /// Takes the page that nobody holds for the longest time out of the tree; no_page: there is none.
  PageId evict();

  bool contains(PageId page) const { return nodes_[page].is_here; }
  std::size_t size() const { return size_; }
  std::size_t kept() const { return kept_; }  // that nobody holds

 private:
  struct Node {
    std::array<std::int32_t, kernels::positions_per_page> tokens;
    PageId parent;
    std::uint32_t holders;
    std::uint32_t bucket;
    PageId next_in_bucket;
    PageId older;  // of those that nobody holds
    PageId newer;
    bool is_here;
  };
  struct Bucket {
    bool is_filled;
    PageId first;
  };

  std::uint32_t bucket_of(PageId parent, std::span<const std::int32_t> tokens) const;
  void unlink_kept(PageId page);

  kernels::CpuMemory node_memory_;
  kernels::CpuMemory bucket_memory_;
  std::span<Node> nodes_;      // by page
  std::span<Bucket> buckets_;  // a power of two of them
  PageId oldest_ = no_page;
  PageId newest_ = no_page;
  std::size_t size_ = 0;
  std::size_t kept_ = 0;
};

}  // namespace squall::agents
