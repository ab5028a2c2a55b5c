#pragma once
// One GPU as this process uses it: a stream for all its work, and memory that is counted against
// what may be taken of it. Blocks of memory go before their device. One thread at a time.

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/gpu_module.hpp"
#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

/// What a device says of itself. Throws DeviceError.
GpuDevice describe_device(int index);
/// "HIP", "CUDA" or "emulation"
std::string_view runtime_name();

class Device {
 public:
  /// Throws DeviceError when there is no such device or it cannot be used.
  explicit Device(const GpuBackendOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& name() const { return name_; }
  Queue queue() const { return {.stream = stream_, .facts = &facts_}; }
  hipStream_t stream() const { return stream_; }
  std::size_t cache_bytes() const { return cache_bytes_; }  // of the last level; 0: not told

  /// The runtime keeps a device for each thread: before the first call of a piece of work.
  void use() const;
  /// Until all that was put into the stream is done.
  void wait() const;

 private:
  friend class DeviceBlock;
  std::byte* take(std::size_t bytes);
  void give_back(std::byte* memory, std::size_t bytes) noexcept;
  [[noreturn]] void refuse(std::size_t bytes) const;

  int index_;
  std::string name_;
  DeviceFacts facts_;
  std::size_t cache_bytes_ = 0;
  hipStream_t stream_ = nullptr;
  std::uint64_t limit_;  // 0: none of ours
  std::uint64_t taken_ = 0;
};

/// Memory of a device, aligned to 256.
class DeviceBlock {
 public:
  DeviceBlock() = default;
  /// Throws DeviceOutOfMemory.
  DeviceBlock(Device& device, std::size_t bytes);
  ~DeviceBlock() { release(); }
  DeviceBlock(DeviceBlock&& other) noexcept;
  DeviceBlock& operator=(DeviceBlock&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  void release() noexcept;

 private:
  Device* device_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Memory of the host that a device can copy from and to while the host goes on.
class PinnedBlock {
 public:
  PinnedBlock() = default;
  /// Throws DeviceError.
  explicit PinnedBlock(std::size_t bytes);
  ~PinnedBlock();
  PinnedBlock(PinnedBlock&& other) noexcept;
  PinnedBlock& operator=(PinnedBlock&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace squall::kernels::hip
