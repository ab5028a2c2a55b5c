#pragma once
// The emulated device's memory, and the host's memory that it may copy from and to.
//
// Each allocation has pages of its own with a guard on either side, ends (but for the alignment of
// 256) where its pages end, and is filled with 0xFF. The host cannot touch it while the device is
// at rest; nor, under the address sanitizer, can a kernel touch pinned memory.

#include <cstddef>
#include <map>

namespace squall::kernels::hip::emulation {

class DeviceMemory {
 public:
  ~DeviceMemory();

  std::size_t used() const { return used_; }
  std::byte* allocate(std::size_t bytes);
  bool free(const void* memory);
  /// [memory, memory + bytes) lies in one allocation; 0 bytes may lie at its end.
  bool holds(const void* memory, std::size_t bytes) const;
  /// While it is open, kernels and copies run.
  void open(bool opened);

 private:
  struct Allocation {
    std::size_t bytes;
    std::byte* pages;        // the first guard
    std::size_t page_bytes;  // without guards
  };
  std::map<const std::byte*, Allocation> allocations_;  // by first byte
  std::size_t used_ = 0;
  bool opened_ = false;
};

class PinnedMemory {
 public:
  ~PinnedMemory();

  void* allocate(std::size_t bytes);
  bool free(const void* memory);
  bool holds(const void* memory, std::size_t bytes) const;
  /// Closed while a kernel runs; shows under the address sanitizer only.
  void open(bool opened);

 private:
  std::map<const std::byte*, std::size_t> allocations_;
};

}  // namespace squall::kernels::hip::emulation
