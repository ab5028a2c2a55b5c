#include "kernels/hip/backend/device.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <utility>

#include "kernels/hip/backend/probe.hpp"

namespace squall::kernels::hip {
namespace {

constexpr std::size_t granularity = 512;  // what runtimes round allocations to

std::string architecture_of(const hipDeviceProp_t& properties) {
#if defined(__CUDACC__) && !defined(__HIP__)
  return "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
#else
  // "gfx90a:sramecc+:xnack-": what follows the name are modes that our code does not depend on.
  const std::string name = properties.gcnArchName;
  return name.substr(0, name.find(':'));
#endif
}

/// "0000:c1:00.0", as the kernel writes it; empty: not told.
std::string address_of(int index) {
  std::array<char, 32> text{};
  if (hipDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), index) != hipSuccess) {
    static_cast<void>(hipGetLastError());
    return {};
  }
  std::string address = text.data();
  for (char& digit : address) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  return address;
}

/// The architectures that this module has code for; empty: whatever there is.
#if !defined(SQUALL_GPU_ARCHITECTURES)
#define SQUALL_GPU_ARCHITECTURES ""
#endif
constexpr std::string_view built_architectures = SQUALL_GPU_ARCHITECTURES;

bool is_built_for(const std::string& architecture) {
#if defined(__CUDACC__) && !defined(__HIP__)
  // The runtime can translate for newer ones; it is asked below.
  static_cast<void>(architecture);
  return true;
#else
  std::istringstream list{std::string(built_architectures)};
  for (std::string name; list >> name;) {
    if (name == architecture) return true;
  }
  return built_architectures.empty();
#endif
}

std::string objection_to(const std::string& architecture) {
  const std::string sentence = "this build has no code for its architecture " + architecture +
                               " (it has: " + std::string(built_architectures) + ")";
  if (!is_built_for(architecture)) return sentence;
  const hipError_t error = look_for_code();
  if (error == hipSuccess) return {};
  static_cast<void>(hipGetLastError());
  if (error == hipErrorNoBinaryForGpu) return sentence;
  return "the device's runtime says " + words_of(error);
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + (1U << 20) - 1) >> 20) + " MiB";
}

}  // namespace

std::string_view runtime_name() {
#if defined(SQUALL_GPU_EMULATION)
  return "emulation";
#elif defined(__CUDACC__) && !defined(__HIP__)
  return "CUDA";
#else
  return "HIP";
#endif
}

GpuDevice describe_device(int index) {
  hipDeviceProp_t properties{};
  check(hipGetDeviceProperties(&properties, index), "asking for a device's properties");
  GpuDevice device{.index = index,
                   .name = properties.name,
                   .architecture = architecture_of(properties),
                   .address = address_of(index),
                   .memory_bytes = properties.totalGlobalMem,
                   .free_bytes = 0,
                   .objection = {}};
  check(hipSetDevice(index), "choosing a device");
  device.objection = objection_to(device.architecture);
  if (!device.objection.empty()) return device;
  std::size_t free = 0;
  std::size_t total = 0;
  check(hipMemGetInfo(&free, &total), "asking for a device's free memory");
  device.free_bytes = free;
  return device;
}

Device::Device(const GpuBackendOptions& options)
    : index_(options.device), limit_(options.memory_limit) {
  const GpuDevice device = describe_device(index_);
  if (!device.objection.empty()) {
    throw DeviceError(device.name + " cannot be used: " + device.objection);
  }
  name_ = device.name;
  hipDeviceProp_t properties{};
  check(hipGetDeviceProperties(&properties, index_), "asking for a device's properties");
  facts_ = {.wave_size = static_cast<unsigned>(properties.warpSize),
            .multiprocessors = static_cast<unsigned>(properties.multiProcessorCount)};
  cache_bytes_ = static_cast<std::size_t>(std::max(0, properties.l2CacheSize));
  check(hipStreamCreateWithFlags(&stream_, hipStreamNonBlocking), "making a stream");
}

Device::~Device() { static_cast<void>(hipStreamDestroy(stream_)); }

void Device::use() const { check(hipSetDevice(index_), "choosing a device"); }

void Device::wait() const { check(hipStreamSynchronize(stream_), "computing"); }

std::byte* Device::take(std::size_t bytes) {
  use();
  const std::size_t rounded = (bytes + granularity - 1) / granularity * granularity;
  if (limit_ != 0 && rounded > limit_ - std::min(limit_, taken_)) refuse(bytes);
  std::byte* memory = nullptr;
  const hipError_t error = hipMalloc(&memory, std::max<std::size_t>(bytes, 1));
  if (error == hipErrorOutOfMemory) {
    static_cast<void>(hipGetLastError());
    refuse(bytes);
  }
  check(error, "allocating device memory");
  taken_ += rounded;
  return memory;
}

void Device::give_back(std::byte* memory, std::size_t bytes) noexcept {
  // Of a lost device nothing can be freed; whoever uses it next is told.
  static_cast<void>(hipFree(memory));
  taken_ -= (bytes + granularity - 1) / granularity * granularity;
}

void Device::refuse(std::size_t bytes) const {
  std::size_t free = 0;
  std::size_t total = 0;
  if (hipMemGetInfo(&free, &total) != hipSuccess) static_cast<void>(hipGetLastError());
  const bool ours = limit_ != 0 && limit_ - std::min(limit_, taken_) < free;
  const std::uint64_t left = ours ? limit_ - std::min(limit_, taken_) : free;
  throw DeviceOutOfMemory(
      "out of memory on " + name_ + ": " + mebibytes(bytes) + " more are needed, " +
      mebibytes(left) + " are free of " +
      (ours ? "the " + mebibytes(limit_) + " that may be taken" : mebibytes(total)) +
      "; take a smaller model or format, fewer sequences or a shorter context, or keep some layers "
      "on the CPU");
}

DeviceBlock::DeviceBlock(Device& device, std::size_t bytes)
    : device_(&device), data_(device.take(bytes)), bytes_(bytes) {}

DeviceBlock::DeviceBlock(DeviceBlock&& other) noexcept
    : device_(std::exchange(other.device_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBlock& DeviceBlock::operator=(DeviceBlock&& other) noexcept {
  if (this == &other) return *this;
  release();
  device_ = std::exchange(other.device_, nullptr);
  data_ = std::exchange(other.data_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void DeviceBlock::release() noexcept {
  if (data_ != nullptr) device_->give_back(data_, bytes_);
  data_ = nullptr;
  bytes_ = 0;
}

PinnedBlock::PinnedBlock(std::size_t bytes) : bytes_(bytes) {
  check(hipHostMalloc(&data_, bytes, hipHostMallocDefault), "pinning memory of the host");
}

PinnedBlock::~PinnedBlock() {
  if (data_ != nullptr) static_cast<void>(hipHostFree(data_));
}

PinnedBlock::PinnedBlock(PinnedBlock&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

PinnedBlock& PinnedBlock::operator=(PinnedBlock&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace squall::kernels::hip
