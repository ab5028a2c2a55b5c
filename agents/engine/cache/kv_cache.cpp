#include "agents/engine/cache/kv_cache.hpp"

#include <cassert>
#include <utility>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

using kernels::positions_per_page;

namespace {

kernels::KvShape kv_shape(const Hyperparameters& shape, kernels::KvFormat format) {
  return {.format = format, .kv_heads = shape.kv_heads, .head_dimension = shape.head_dimension};
}

}  // namespace

KvSequence::KvSequence(KvCache& cache, std::size_t positions)
    : cache_(&cache), capacity_(positions) {
  addresses_.reserve(pages_for(positions));
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : cache_(std::exchange(other.cache_, nullptr)),
      capacity_(other.capacity_),
      length_(other.length_),
      pages_(std::move(other.pages_)),
      addresses_(std::move(other.addresses_)) {}

KvSequence::~KvSequence() {
  if (cache_ != nullptr) cache_->pool_.leave(pages_);
}

void KvSequence::make_room(std::size_t count) {
  assert(length_ + count <= capacity_);
  while (addresses_.size() * positions_per_page < length_ + count) {
    addresses_.push_back(cache_->address(cache_->pool_.extend(pages_)));
  }
}

void KvSequence::extend(std::size_t count) {
  length_ += count;
  assert(length_ <= addresses_.size() * positions_per_page);
}

void KvSequence::share(std::span<const std::int32_t> tokens) {
  assert(tokens.size() == length_);
  const std::size_t shared_before = pages_.shared;
  cache_->pool_.share(pages_, tokens);
  for (std::size_t i = shared_before; i < pages_.shared; ++i) {
    addresses_[i] = cache_->address(pages_.ids[i]);
  }
}

kernels::KvSlot KvSequence::slot(std::size_t position) const {
  return {.page = addresses_[position / positions_per_page],
          .position = position % positions_per_page};
}

KvCache::KvCache(const kernels::Backend& backend, const Hyperparameters& shape,
                 KvCacheOptions options)
    : shape_(kv_shape(shape, options.format)),
      layer_bytes_(backend.kv_page_bytes(shape_)),
      page_bytes_(shape.layers * layer_bytes_),
      pool_(options.pages, options.share_prefixes),
      memory_(options.pages * page_bytes_) {}

std::size_t KvCache::page_bytes(const kernels::Backend& backend, const Hyperparameters& shape,
                                kernels::KvFormat format) {
  return shape.layers * backend.kv_page_bytes(kv_shape(shape, format));
}

std::optional<KvSequence> KvCache::begin(std::span<const std::int32_t> prompt,
                                         std::size_t positions) {
  KvSequence sequence(*this, positions);
  if (!pool_.admit(sequence.pages_, prompt, positions)) return std::nullopt;
  for (const PageId page : sequence.pages_.ids) sequence.addresses_.push_back(address(page));
  sequence.length_ = sequence.pages_.ids.size() * positions_per_page;
  return sequence;
}

}  // namespace squall::agents
