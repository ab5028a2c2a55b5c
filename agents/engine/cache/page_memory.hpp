#pragma once
// One range of zeroed memory, of which only what is touched becomes real.

#include <cstddef>

namespace squall::agents {

class PageMemory {
 public:
  /// Throws std::bad_alloc.
  explicit PageMemory(std::size_t bytes);
  ~PageMemory();
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  std::byte* data() const { return data_; }  // aligned to a page of the system

 private:
  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace squall::agents
