#include "kernels/cpu/cpu_memory.hpp"

#include <algorithm>
#include <new>
#include <sys/mman.h>

namespace squall::kernels {

CpuMemory::CpuMemory(std::size_t bytes) : bytes_(std::max<std::size_t>(bytes, 1)) {
  void* const address = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(address);
}

CpuMemory::~CpuMemory() { munmap(data_, bytes_); }

}  // namespace squall::kernels
