#pragma once
// One range of zeroed memory of this process, of which only what is touched becomes real.

#include <cstddef>

#include "kernels/backend.hpp"

namespace squall::kernels {

class CpuMemory final : public BackendMemory {
 public:
  /// Throws std::bad_alloc.
  explicit CpuMemory(std::size_t bytes);
  ~CpuMemory() override;
  CpuMemory(const CpuMemory&) = delete;
  CpuMemory& operator=(const CpuMemory&) = delete;

  std::byte* data() const override { return data_; }  // aligned to a page of the system

 private:
  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace squall::kernels
