#pragma once
// Arrays on a device, and a queue to it, for tests of kernels: the same on emulated and real ones.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

/// The first device, and a stream on it.
class TestDevice {
 public:
  TestDevice() {
    check(hipSetDevice(0), "choosing the first device");
    check(hipStreamCreateWithFlags(&stream_, hipStreamNonBlocking), "making a stream");
    hipDeviceProp_t properties{};
    check(hipGetDeviceProperties(&properties, 0), "asking for the device's properties");
    facts_.wave_size = static_cast<unsigned>(properties.warpSize);
    facts_.multiprocessors = static_cast<unsigned>(properties.multiProcessorCount);
  }
  ~TestDevice() { static_cast<void>(hipStreamDestroy(stream_)); }
  TestDevice(const TestDevice&) = delete;
  TestDevice& operator=(const TestDevice&) = delete;

  Queue queue() const { return {.stream = stream_, .facts = &facts_}; }
  hipStream_t stream() const { return stream_; }
  void finish() const { check(hipStreamSynchronize(stream_), "waiting for the stream"); }

 private:
  hipStream_t stream_ = nullptr;
  DeviceFacts facts_;
};

/// `count` values in device memory; what was not written is whatever the device had there, in the
/// emulation 0xFF.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t count) : count_(count) {
    check(hipMalloc(&data_, count * sizeof(T)), "allocating device memory");
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { write(values); }
  ~DeviceArray() { static_cast<void>(hipFree(data_)); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  void write(const std::vector<T>& values) const {
    check(hipMemcpy(data_, values.data(), values.size() * sizeof(T), hipMemcpyHostToDevice),
          "copying to the device");
  }
  /// Call TestDevice::finish() before.
  std::vector<T> read() const {
    std::vector<T> values(count_);
    check(hipMemcpy(values.data(), data_, count_ * sizeof(T), hipMemcpyDeviceToHost),
          "copying from the device");
    return values;
  }

 private:
  T* data_ = nullptr;
  std::size_t count_;
};

}  // namespace squall::kernels::hip
