#pragma once
// Which sequence has which pages: promised when it is admitted, taken as it grows, shared where
// prompts begin alike.
//
// Knows page numbers and tokens only, no memory. A promise is always kept: pages that nobody holds
// are evicted for it. One owner; nothing is allocated after construction but a sequence's own list.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "agents/engine/cache/prefix_tree.hpp"

namespace squall::agents {

constexpr std::size_t pages_for(std::size_t positions) {
  return (positions + kernels::positions_per_page - 1) / kernels::positions_per_page;
}

/// The pages of one sequence, in the order of its positions.
struct SequencePages {
  std::vector<PageId> ids;
  std::size_t shared = 0;    // the first so many are in the prefix tree
  std::size_t promised = 0;  // not taken yet
};

class PagePool {
 public:
  /// `pages`: at least one. `share_prefixes`: without it no page is ever found again.
  PagePool(std::size_t pages, bool share_prefixes);

  std::size_t pages() const { return pages_; }

  /// Gives a new sequence the pages that its prompt's beginning is in already, and promises it the
  /// rest for `positions`; at least the prompt's last token is left to compute. False: there are
  /// not enough now, and nothing has changed. Throws std::bad_alloc, likewise.
  bool admit(SequencePages& sequence, std::span<const std::int32_t> prompt, std::size_t positions);
  /// Takes the next of the pages promised.
  PageId extend(SequencePages& sequence);
  /// Lets others find the pages that are full. `tokens`: those whose keys and values are computed,
  /// from the first on. A page that another sequence shared in the meantime takes the place of this
  /// one's equal.
  void share(SequencePages& sequence, std::span<const std::int32_t> tokens);
  /// Takes everything back; shared pages are kept.
  void leave(SequencePages& sequence);

  std::size_t in_use() const { return pages_ - free() - tree_.kept(); }
  std::size_t kept() const { return tree_.kept(); }
  std::size_t promised() const { return promised_; }

 private:
  std::size_t free() const { return given_back_.size() + pages_ - untouched_; }
  void hold_prefix(SequencePages& sequence, std::span<const std::int32_t> prompt);

  std::size_t pages_;
  bool share_prefixes_;
  PrefixTree tree_;
  std::vector<PageId> given_back_;  // the next to take is the last
  std::size_t untouched_ = 0;       // the first page that was never taken
  std::size_t promised_ = 0;        // to all sequences; never more than are free or kept
};

}  // namespace squall::agents
