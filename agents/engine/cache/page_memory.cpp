#include "agents/engine/cache/page_memory.hpp"

#include <cassert>
#include <new>
#include <sys/mman.h>

namespace squall::agents {

PageMemory::PageMemory(std::size_t bytes) : bytes_(bytes) {
  assert(bytes > 0);
  void* const address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(address);
}

PageMemory::~PageMemory() { munmap(data_, bytes_); }

}  // namespace squall::agents
