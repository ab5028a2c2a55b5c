#pragma once
// The calls of HIP's runtime that this folder makes, for a device that is only emulated: all work
// is put off until the host waits for it, so that what was not waited for shows.
//
// Stricter than a device: asynchronous copies want pinned memory, kernels' pointers must be the
// device's, and while a stream is captured nothing may be called that a capture could not hold.

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/hip/emulation/emulated_block.hpp"

namespace squall::kernels::hip::emulation {
struct Stream;
struct Graph;
struct Event;
}  // namespace squall::kernels::hip::emulation

using hipStream_t = squall::kernels::hip::emulation::Stream*;
using hipEvent_t = squall::kernels::hip::emulation::Event*;
using hipGraph_t = squall::kernels::hip::emulation::Graph*;
using hipGraphExec_t = squall::kernels::hip::emulation::Graph*;

// The numbers are CUDA's and HIP's.
enum hipError_t : int {
  hipSuccess = 0,
  hipErrorInvalidValue = 1,
  hipErrorOutOfMemory = 2,
  hipErrorInvalidConfiguration = 9,
  hipErrorInsufficientDriver = 35,
  hipErrorNoDevice = 100,
  hipErrorInvalidDevice = 101,
  hipErrorNoBinaryForGpu = 209,
  hipErrorInvalidHandle = 400,
  hipErrorNotReady = 600,
  hipErrorLaunchFailure = 719,
  hipErrorStreamCaptureUnsupported = 900,
  hipErrorStreamCaptureInvalidated = 901,
};
enum hipMemcpyKind { hipMemcpyHostToDevice = 1, hipMemcpyDeviceToHost, hipMemcpyDeviceToDevice };
enum hipStreamCaptureMode { hipStreamCaptureModeThreadLocal = 1 };
constexpr unsigned hipStreamNonBlocking = 1;
constexpr unsigned hipHostMallocDefault = 0;
struct hipDeviceProp_t {
  char name[256];
  char gcnArchName[256];
  std::size_t totalGlobalMem;
  std::size_t sharedMemPerBlock;
  int multiProcessorCount;
  int l2CacheSize;
  int warpSize;
};
struct hipFuncAttributes {
  int numRegs;
};

const char* hipGetErrorName(hipError_t error);
const char* hipGetErrorString(hipError_t error);
hipError_t hipGetLastError();
hipError_t hipGetDeviceCount(int* count);
hipError_t hipSetDevice(int device);
hipError_t hipGetDeviceProperties(hipDeviceProp_t* properties, int device);
hipError_t hipFuncGetAttributes(hipFuncAttributes* attributes, const void* kernel);
hipError_t hipMemGetInfo(std::size_t* free, std::size_t* total);
hipError_t hipFree(void* memory);
hipError_t hipHostFree(void* memory);
hipError_t hipMemcpy(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind);
hipError_t hipMemcpyAsync(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind,
                          hipStream_t stream);
hipError_t hipMemset(void* memory, int value, std::size_t bytes);
hipError_t hipMemsetAsync(void* memory, int value, std::size_t bytes, hipStream_t stream);
hipError_t hipDeviceSynchronize();
hipError_t hipStreamCreateWithFlags(hipStream_t* stream, unsigned flags);
hipError_t hipStreamDestroy(hipStream_t stream);
hipError_t hipStreamSynchronize(hipStream_t stream);
/// Its device is on no bus: the text is empty.
hipError_t hipDeviceGetPCIBusId(char* text, int length, int device);
/// Events' times are those of the host that emulates.
hipError_t hipEventCreate(hipEvent_t* event);
hipError_t hipEventDestroy(hipEvent_t event);
hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream);
hipError_t hipEventSynchronize(hipEvent_t event);
hipError_t hipEventElapsedTime(float* milliseconds, hipEvent_t start, hipEvent_t stop);
hipError_t hipStreamBeginCapture(hipStream_t stream, hipStreamCaptureMode mode);
hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t* graph);
hipError_t hipGraphInstantiate(hipGraphExec_t* executable, hipGraph_t graph, void* node, char* log,
                               std::size_t log_bytes);
hipError_t hipGraphDestroy(hipGraph_t graph);
hipError_t hipGraphLaunch(hipGraphExec_t executable, hipStream_t stream);
hipError_t hipGraphExecDestroy(hipGraphExec_t executable);

namespace squall::kernels::hip::emulation {

hipError_t allocate_device(void** memory, std::size_t bytes);
hipError_t allocate_pinned(void** memory, std::size_t bytes);

/// pointers: the kernel's arguments that are any.
hipError_t launch_kernel(const char* name, dim3 grid, dim3 block, hipStream_t stream,
                         std::function<void()> body, std::initializer_list<const void*> pointers);

/// An argument as the device's memory is asked for it; null: it is no pointer.
template <typename T>
const void* pointer_of(const T& argument) {
  if constexpr (std::is_pointer_v<T>) {
    return static_cast<const void*>(argument);
  } else {
    return nullptr;
  }
}

template <typename... Parameters, typename... Arguments>
hipError_t launch(const char* name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                  hipStream_t stream, Arguments&&... arguments) {
  const std::tuple<Parameters...> values(static_cast<Parameters>(arguments)...);
  return std::apply(
      [&](const auto&... each) {
        return launch_kernel(name, grid, block, stream,
                             [kernel, values] { std::apply(kernel, values); },
                             {pointer_of(each)...});
      },
      values);
}

}  // namespace squall::kernels::hip::emulation

template <typename T>
hipError_t hipMalloc(T** memory, std::size_t bytes) {
  void* got = nullptr;
  const hipError_t error = squall::kernels::hip::emulation::allocate_device(&got, bytes);
  *memory = static_cast<T*>(got);
  return error;
}
template <typename T>
hipError_t hipHostMalloc(T** memory, std::size_t bytes, unsigned) {
  void* got = nullptr;
  const hipError_t error = squall::kernels::hip::emulation::allocate_pinned(&got, bytes);
  *memory = static_cast<T*>(got);
  return error;
}
