#pragma once
// A fixed number of floats on cache line boundaries, left uninitialized.

#include <cstddef>
#include <memory>
#include <new>

namespace squall::agents {

class FloatBuffer {
 public:
  FloatBuffer() = default;
  /// Throws std::bad_alloc.
  explicit FloatBuffer(std::size_t count)
      : values_(static_cast<float*>(::operator new(count * sizeof(float), cache_line))) {}

  float* data() { return values_.get(); }

 private:
  static constexpr std::align_val_t cache_line{64};
  struct Delete {
    void operator()(float* values) const { ::operator delete(values, cache_line); }
  };
  std::unique_ptr<float, Delete> values_;
};

}  // namespace squall::agents
