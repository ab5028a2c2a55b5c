#pragma once
// The keys and values of one sequence: what attention looks back at.
//
// F32, one allocation for the whole life of the sequence; per layer [positions, kv_dimension] for
// the keys and then for the values.

#include <cstddef>

#include "agents/engine/float_buffer.hpp"

namespace squall::agents {

struct Hyperparameters;

class KvCache {
 public:
  /// Throws std::bad_alloc.
  KvCache(const Hyperparameters& shape, std::size_t positions);

  static std::size_t bytes(const Hyperparameters& shape, std::size_t positions);

  std::size_t capacity() const { return positions_; }
  std::size_t length() const { return length_; }  // positions filled in every layer
  void extend(std::size_t count);                 // after the keys and values are in place

  float* keys(std::size_t layer);  // [capacity, kv_dimension]
  float* values(std::size_t layer);

 private:
  std::size_t positions_;
  std::size_t dimension_;
  std::size_t length_ = 0;
  FloatBuffer memory_;
};

}  // namespace squall::agents
