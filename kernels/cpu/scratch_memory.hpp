#pragma once
// Memory for the CPU's kernels: starts at a cache line, only grows, contents do not survive growth.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace squall::kernels {

class ScratchMemory {
 public:
  std::byte* at_least(std::size_t bytes) {
    if (bytes_.size() < bytes + cache_line) {
      bytes_.clear();
      bytes_.resize(bytes + cache_line);
    }
    const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
    return bytes_.data() + (cache_line - address % cache_line) % cache_line;
  }
  float* floats(std::size_t count) {
    return reinterpret_cast<float*>(at_least(count * sizeof(float)));
  }

 private:
  static constexpr std::size_t cache_line = 64;
  std::vector<std::byte> bytes_;
};

}  // namespace squall::kernels
