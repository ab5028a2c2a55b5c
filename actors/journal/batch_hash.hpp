#pragma once
// A running hash over an agent's batches: equal at both ends when all of them arrived whole and in
// order. It finds mistakes, not forgery; the connection's keys are against that.

#include <cstdint>

#include "actors/messages.hpp"

namespace squall::actors {

class BatchHash {
 public:
  /// FNV-1a (Fowler, Noll, Vo), 64 bits, over the batch as it travels.
  void add(const MetricsBatch& batch);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

}  // namespace squall::actors
