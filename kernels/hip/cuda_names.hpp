#pragma once
// HIP's names for CUDA's runtime: the calls that this folder makes, and no others.

#include <cuda_runtime.h>

using hipError_t = cudaError_t;
using hipStream_t = cudaStream_t;
using hipEvent_t = cudaEvent_t;
using hipGraph_t = cudaGraph_t;
using hipGraphExec_t = cudaGraphExec_t;
using hipDeviceProp_t = cudaDeviceProp;
using hipFuncAttributes = cudaFuncAttributes;

constexpr hipError_t hipSuccess = cudaSuccess;
constexpr hipError_t hipErrorOutOfMemory = cudaErrorMemoryAllocation;
constexpr hipError_t hipErrorNoDevice = cudaErrorNoDevice;
constexpr hipError_t hipErrorNoBinaryForGpu = cudaErrorNoKernelImageForDevice;
constexpr hipError_t hipErrorInsufficientDriver = cudaErrorInsufficientDriver;
constexpr auto hipMemcpyHostToDevice = cudaMemcpyHostToDevice;
constexpr auto hipMemcpyDeviceToHost = cudaMemcpyDeviceToHost;
constexpr unsigned hipStreamNonBlocking = cudaStreamNonBlocking;
constexpr unsigned hipHostMallocDefault = cudaHostAllocDefault;
constexpr auto hipStreamCaptureModeThreadLocal = cudaStreamCaptureModeThreadLocal;

#define SQUALL_GPU_NAME(hip_name, cuda_name)     \
  template <typename... Arguments>               \
  inline auto hip_name(Arguments... arguments) { \
    return cuda_name(arguments...);              \
  }
SQUALL_GPU_NAME(hipGetErrorName, cudaGetErrorName)
SQUALL_GPU_NAME(hipGetErrorString, cudaGetErrorString)
SQUALL_GPU_NAME(hipGetLastError, cudaGetLastError)
SQUALL_GPU_NAME(hipGetDeviceCount, cudaGetDeviceCount)
SQUALL_GPU_NAME(hipSetDevice, cudaSetDevice)
SQUALL_GPU_NAME(hipMemGetInfo, cudaMemGetInfo)
SQUALL_GPU_NAME(hipFree, cudaFree)
SQUALL_GPU_NAME(hipHostFree, cudaFreeHost)
SQUALL_GPU_NAME(hipMemcpyAsync, cudaMemcpyAsync)
SQUALL_GPU_NAME(hipMemsetAsync, cudaMemsetAsync)
SQUALL_GPU_NAME(hipStreamCreateWithFlags, cudaStreamCreateWithFlags)
SQUALL_GPU_NAME(hipStreamDestroy, cudaStreamDestroy)
SQUALL_GPU_NAME(hipStreamSynchronize, cudaStreamSynchronize)
SQUALL_GPU_NAME(hipDeviceGetPCIBusId, cudaDeviceGetPCIBusId)
SQUALL_GPU_NAME(hipEventCreate, cudaEventCreate)
SQUALL_GPU_NAME(hipEventDestroy, cudaEventDestroy)
SQUALL_GPU_NAME(hipEventRecord, cudaEventRecord)
SQUALL_GPU_NAME(hipEventSynchronize, cudaEventSynchronize)
SQUALL_GPU_NAME(hipEventElapsedTime, cudaEventElapsedTime)
SQUALL_GPU_NAME(hipStreamBeginCapture, cudaStreamBeginCapture)
SQUALL_GPU_NAME(hipStreamEndCapture, cudaStreamEndCapture)
SQUALL_GPU_NAME(hipGraphDestroy, cudaGraphDestroy)
SQUALL_GPU_NAME(hipGraphLaunch, cudaGraphLaunch)
SQUALL_GPU_NAME(hipGraphExecDestroy, cudaGraphExecDestroy)
#undef SQUALL_GPU_NAME

inline hipError_t hipGetDeviceProperties(hipDeviceProp_t* properties, int device) {
  return cudaGetDeviceProperties(properties, device);
}
inline hipError_t hipFuncGetAttributes(hipFuncAttributes* attributes, const void* kernel) {
  return cudaFuncGetAttributes(attributes, kernel);
}

// These have overloads or parameters of several kinds in CUDA.
template <typename T>
inline hipError_t hipMalloc(T** memory, std::size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(memory), bytes);
}
template <typename T>
inline hipError_t hipHostMalloc(T** memory, std::size_t bytes, unsigned flags) {
  return cudaHostAlloc(reinterpret_cast<void**>(memory), bytes, flags);
}
inline hipError_t hipLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** arguments,
                                  std::size_t shared_bytes, hipStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}
inline hipError_t hipGraphInstantiate(hipGraphExec_t* executable, hipGraph_t graph, void*, char*,
                                      std::size_t) {
  return cudaGraphInstantiate(executable, graph, 0);
}
