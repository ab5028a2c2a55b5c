#include "agents/engine/cache/prefix_tree.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace squall::agents {

// Zeros, as the memory comes, are absent nodes and empty buckets.
PrefixTree::PrefixTree(std::size_t pages)
    : node_memory_(std::max<std::size_t>(1, pages) * sizeof(Node)),
      bucket_memory_(std::bit_ceil(std::max<std::size_t>(1, pages)) * sizeof(Bucket)),
      nodes_(reinterpret_cast<Node*>(node_memory_.data()), pages),
      buckets_(reinterpret_cast<Bucket*>(bucket_memory_.data()),
               std::bit_ceil(std::max<std::size_t>(1, pages))) {
  assert(pages < no_page);
}

std::uint32_t PrefixTree::bucket_of(PageId parent, std::span<const std::int32_t> tokens) const {
  assert(tokens.size() == kernels::positions_per_page);
  std::uint64_t hash = parent + std::uint64_t{1};
  for (const std::int32_t token : tokens) {
    hash = (hash ^ static_cast<std::uint32_t>(token)) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash & (buckets_.size() - 1));
}

PageId PrefixTree::find(PageId parent, std::span<const std::int32_t> tokens) const {
  const Bucket& bucket = buckets_[bucket_of(parent, tokens)];
  PageId page = bucket.is_filled ? bucket.first : no_page;
  while (page != no_page) {
    const Node& node = nodes_[page];
    if (node.parent == parent && std::ranges::equal(node.tokens, tokens)) return page;
    page = node.next_in_bucket;
  }
  return no_page;
}

void PrefixTree::add(PageId parent, std::span<const std::int32_t> tokens, PageId page) {
  assert(page < nodes_.size() && !contains(page) && find(parent, tokens) == no_page);
  assert(parent == no_page || (contains(parent) && nodes_[parent].holders > 0));
  Node& node = nodes_[page];
  std::ranges::copy(tokens, node.tokens.begin());
  node.parent = parent;
  node.holders = 1;
  node.bucket = bucket_of(parent, tokens);
  Bucket& bucket = buckets_[node.bucket];
  node.next_in_bucket = bucket.is_filled ? bucket.first : no_page;
  bucket = {true, page};
  node.is_here = true;
  ++size_;
}

void PrefixTree::hold(PageId page) {
  assert(contains(page));
  if (nodes_[page].holders++ == 0) unlink_kept(page);
}

void PrefixTree::let_go(PageId page) {
  assert(contains(page) && nodes_[page].holders > 0);
  Node& node = nodes_[page];
  if (--node.holders > 0) return;
  node.older = newest_;
  node.newer = no_page;
  (newest_ == no_page ? oldest_ : nodes_[newest_].newer) = page;
  newest_ = page;
  ++kept_;
}

void PrefixTree::unlink_kept(PageId page) {
  const Node& node = nodes_[page];
  (node.older == no_page ? oldest_ : nodes_[node.older].newer) = node.newer;
  (node.newer == no_page ? newest_ : nodes_[node.newer].older) = node.older;
  --kept_;
}

PageId PrefixTree::evict() {
  // Parents are let go after their children, so the oldest has no child.
  const PageId page = oldest_;
  if (page == no_page) return no_page;
  unlink_kept(page);
  Node& node = nodes_[page];
  PageId* link = &buckets_[node.bucket].first;
  while (*link != page) link = &nodes_[*link].next_in_bucket;
  *link = node.next_in_bucket;
  node.is_here = false;
  --size_;
  return page;
}

}  // namespace squall::agents
