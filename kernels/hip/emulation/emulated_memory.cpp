#include "kernels/hip/emulation/emulated_memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace squall::kernels::hip::emulation {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 256;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Tells the address sanitizer, where there is one, who may touch these bytes.
void allow([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes,
           [[maybe_unused]] bool allowed) {
#if defined(__SANITIZE_ADDRESS__)
  if (allowed) {
    __asan_unpoison_memory_region(memory, bytes);
  } else {
    __asan_poison_memory_region(memory, bytes);
  }
#endif
}

template <typename Allocations, typename Bytes>
bool holds_range(const Allocations& allocations, const void* memory, std::size_t bytes,
                 Bytes bytes_of) {
  const auto* const first = static_cast<const std::byte*>(memory);
  auto after = allocations.upper_bound(first);
  if (after == allocations.begin()) return false;
  --after;
  const auto offset = static_cast<std::size_t>(first - after->first);
  const std::size_t whole = bytes_of(after->second);
  return offset <= whole && bytes <= whole - offset;
}

}  // namespace

DeviceMemory::~DeviceMemory() {
  while (!allocations_.empty()) free(allocations_.begin()->first);
}

std::byte* DeviceMemory::allocate(std::size_t bytes) {
  const std::size_t length = rounded_up(bytes, alignment);
  const std::size_t page_bytes = rounded_up(length, page);
  void* const memory = mmap(nullptr, page_bytes + 2 * page, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* const pages = static_cast<std::byte*>(memory);
  std::byte* const first = pages + page + page_bytes - length;
  mprotect(pages + page, page_bytes, PROT_READ | PROT_WRITE);
  std::memset(pages + page, 0xFF, page_bytes);
  if (!opened_) mprotect(pages + page, page_bytes, PROT_NONE);
  allow(pages + page, page_bytes - length, false);
  allow(first + bytes, length - bytes, false);
  allocations_[first] = {bytes, pages, page_bytes};
  used_ += bytes;
  return first;
}

bool DeviceMemory::free(const void* memory) {
  const auto found = allocations_.find(static_cast<const std::byte*>(memory));
  if (found == allocations_.end()) return false;
  const Allocation& allocation = found->second;
  used_ -= allocation.bytes;
  allow(allocation.pages, allocation.page_bytes + 2 * page, true);
  munmap(allocation.pages, allocation.page_bytes + 2 * page);
  allocations_.erase(found);
  return true;
}

bool DeviceMemory::holds(const void* memory, std::size_t bytes) const {
  return holds_range(allocations_, memory, bytes,
                     [](const Allocation& allocation) { return allocation.bytes; });
}

void DeviceMemory::open(bool opened) {
  if (opened == opened_) return;
  opened_ = opened;
  for (const auto& [first, allocation] : allocations_) {
    mprotect(allocation.pages + page, allocation.page_bytes,
             opened ? PROT_READ | PROT_WRITE : PROT_NONE);
  }
}

PinnedMemory::~PinnedMemory() {
  while (!allocations_.empty()) free(allocations_.begin()->first);
}

void* PinnedMemory::allocate(std::size_t bytes) {
  void* const memory = std::aligned_alloc(page, rounded_up(bytes, page));
  if (memory == nullptr) throw std::bad_alloc();
  allocations_[static_cast<const std::byte*>(memory)] = bytes;
  return memory;
}

bool PinnedMemory::free(const void* memory) {
  if (allocations_.erase(static_cast<const std::byte*>(memory)) == 0) return false;
  std::free(const_cast<void*>(memory));
  return true;
}

bool PinnedMemory::holds(const void* memory, std::size_t bytes) const {
  return holds_range(allocations_, memory, bytes, [](std::size_t whole) { return whole; });
}

void PinnedMemory::open(bool opened) {
#if defined(__SANITIZE_ADDRESS__)
  for (const auto& [first, bytes] : allocations_) allow(first, bytes, opened);
#else
  static_cast<void>(opened);
#endif
}

}  // namespace squall::kernels::hip::emulation
