#include "agents/engine/kv_cache.hpp"

#include <cassert>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

KvCache::KvCache(const Hyperparameters& shape, std::size_t positions)
    : positions_(positions),
      dimension_(shape.kv_heads * shape.head_dimension),
      memory_(bytes(shape, positions) / sizeof(float)) {}

std::size_t KvCache::bytes(const Hyperparameters& shape, std::size_t positions) {
  return 2 * shape.layers * positions * shape.kv_heads * shape.head_dimension * sizeof(float);
}

void KvCache::extend(std::size_t count) {
  assert(length_ + count <= positions_);
  length_ += count;
}

float* KvCache::keys(std::size_t layer) {
  return memory_.data() + 2 * layer * positions_ * dimension_;
}

float* KvCache::values(std::size_t layer) { return keys(layer) + positions_ * dimension_; }

}  // namespace squall::agents
