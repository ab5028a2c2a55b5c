#include "agents/engine/cache/page_pool.hpp"

#include <cassert>

namespace squall::agents {

using kernels::positions_per_page;

PagePool::PagePool(std::size_t pages, bool share_prefixes)
    : pages_(pages), share_prefixes_(share_prefixes), tree_(share_prefixes ? pages : 0) {
  assert(pages >= 1 && pages < no_page);
  given_back_.reserve(pages);
}

void PagePool::hold_prefix(SequencePages& sequence, std::span<const std::int32_t> prompt) {
  if (!share_prefixes_ || prompt.empty()) return;
  PageId parent = no_page;
  const std::size_t most = (prompt.size() - 1) / positions_per_page;
  for (std::size_t i = 0; i < most; ++i) {
    parent = tree_.find(parent, prompt.subspan(i * positions_per_page, positions_per_page));
    if (parent == no_page) break;
    tree_.hold(parent);
    sequence.ids.push_back(parent);
  }
  sequence.shared = sequence.ids.size();
}

bool PagePool::admit(SequencePages& sequence, std::span<const std::int32_t> prompt,
                     std::size_t positions) {
  assert(sequence.ids.empty() && prompt.size() <= positions);
  const std::size_t wanted = pages_for(positions);
  if (wanted > pages_) return false;
  sequence.ids.reserve(wanted);
  hold_prefix(sequence, prompt);
  const std::size_t missing = wanted - sequence.shared;
  // Pages that were kept until now are held by this one from here on, and count no longer.
  if (missing + promised_ > free() + tree_.kept()) {
    leave(sequence);
    return false;
  }
  sequence.promised = missing;
  promised_ += missing;
  return true;
}

PageId PagePool::extend(SequencePages& sequence) {
  assert(sequence.promised > 0 && promised_ > 0);
  PageId page = no_page;
  if (!given_back_.empty()) {
    page = given_back_.back();
    given_back_.pop_back();
  } else if (untouched_ < pages_) {
    page = static_cast<PageId>(untouched_++);
  } else {
    page = tree_.evict();
  }
  assert(page != no_page && "promised pages are there");
  --sequence.promised;
  --promised_;
  sequence.ids.push_back(page);
  return page;
}

void PagePool::share(SequencePages& sequence, std::span<const std::int32_t> tokens) {
  if (!share_prefixes_) return;
  const std::size_t full = tokens.size() / positions_per_page;
  assert(full <= sequence.ids.size());
  for (; sequence.shared < full; ++sequence.shared) {
    const std::size_t i = sequence.shared;
    const PageId parent = i == 0 ? no_page : sequence.ids[i - 1];
    const auto own = tokens.subspan(i * positions_per_page, positions_per_page);
    const PageId equal = tree_.find(parent, own);
    if (equal == no_page) {
      tree_.add(parent, own, sequence.ids[i]);
    } else {
      tree_.hold(equal);
      given_back_.push_back(sequence.ids[i]);
      sequence.ids[i] = equal;
    }
  }
}

void PagePool::leave(SequencePages& sequence) {
  for (std::size_t i = sequence.ids.size(); i > 0; --i) {
    const PageId page = sequence.ids[i - 1];
    if (i <= sequence.shared) {
      tree_.let_go(page);
    } else {
      given_back_.push_back(page);
    }
  }
  promised_ -= sequence.promised;
  sequence.ids.clear();
  sequence.shared = 0;
  sequence.promised = 0;
}

}  // namespace squall::agents
