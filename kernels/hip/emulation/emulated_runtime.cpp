#include "kernels/hip/emulation/emulated_runtime.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernels/hip/emulation/emulated_memory.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"

namespace squall::kernels::hip::emulation {

using Command = std::function<void()>;

struct Stream {
  bool waits_for_others = true;  // hipMemcpy() waits for it
  std::vector<Command> commands;
  bool captures = false;
  bool capture_is_spoilt = false;
  std::vector<Command> captured;
};

struct Graph {
  std::vector<Command> commands;
};

/// Its time is there once its stream has come to it.
struct Event {
  using Time = std::optional<std::chrono::steady_clock::time_point>;
  std::shared_ptr<Time> time;
  Stream* stream = nullptr;
};

namespace {

struct Device {
  DeviceMemory memory;
  PinnedMemory pinned;
  Stream standard;
  std::set<Stream*> streams{&standard};
  hipError_t last_error = hipSuccess;

  Stream* stream_of(hipStream_t stream) { return stream == nullptr ? &standard : stream; }

  void finish(Stream& stream) {
    if (stream.commands.empty()) return;
    const std::vector<Command> commands = std::exchange(stream.commands, {});
    memory.open(true);
    try {
      for (const Command& command : commands) command();
    } catch (...) {
      pinned.open(true);
      memory.open(false);
      throw;
    }
    memory.open(false);
  }

  void finish_all() {
    for (Stream* const stream : streams) finish(*stream);
  }
};

Device& device() {
  static Device the_device;
  return the_device;
}

/// Every call of the runtime: counts, fails when the device is lost, keeps the error.
template <typename Work>
hipError_t call(Work work) {
  const std::scoped_lock lock(block_mutex());
  Settings& s = settings();
  ++s.calls;
  if (s.lost_at_call != 0 && s.calls >= s.lost_at_call) {
    return device().last_error = hipErrorLaunchFailure;
  }
  const hipError_t error = work();
  if (error != hipSuccess) device().last_error = error;
  return error;
}

/// One that a capture cannot hold: it spoils the captures that are under way.
template <typename Work>
hipError_t call_outside_capture(Work work) {
  return call([&] {
    for (Stream* const stream : device().streams) {
      if (!stream->captures) continue;
      stream->capture_is_spoilt = true;
      return hipErrorStreamCaptureUnsupported;
    }
    return work();
  });
}

hipError_t put(hipStream_t stream, Command command) {
  Stream& to = *device().stream_of(stream);
  if (!device().streams.contains(&to)) return hipErrorInvalidHandle;
  (to.captures ? to.captured : to.commands).push_back(std::move(command));
  return hipSuccess;
}

bool can_copy(const void* to, const void* from, std::size_t bytes, hipMemcpyKind kind,
              bool wants_pinned) {
  const Device& d = device();
  const bool to_device = kind != hipMemcpyDeviceToHost;
  const bool from_device = kind != hipMemcpyHostToDevice;
  const auto fits = [&](const void* memory, bool on_device) {
    if (on_device) return d.memory.holds(memory, bytes);
    return !d.memory.holds(memory, 0) && (!wants_pinned || d.pinned.holds(memory, bytes));
  };
  return fits(to, to_device) && fits(from, from_device);
}

/// Of all streams that the standard stream waits for.
void finish_what_waits() {
  for (Stream* const stream : device().streams) {
    if (stream->waits_for_others) device().finish(*stream);
  }
}

bool is_sound(dim3 grid, dim3 block) {
  const auto within = [](unsigned value, unsigned most) { return value >= 1 && value <= most; };
  return within(grid.x, 0x7FFFFFFFU) && within(grid.y, 65535) && within(grid.z, 65535) &&
         within(block.x, 1024) && within(block.y, 1024) && within(block.z, 64) &&
         block.x * block.y * block.z <= 1024;
}

template <typename Allocate>
hipError_t allocate_with(void** memory, std::size_t bytes, Allocate allocate) {
  *memory = nullptr;
  if (bytes == 0) return hipSuccess;
  try {
    *memory = allocate();
  } catch (const std::bad_alloc&) {
    return hipErrorOutOfMemory;
  }
  return hipSuccess;
}

}  // namespace

hipError_t allocate_device(void** memory, std::size_t bytes) {
  return call_outside_capture([&] {
    const std::size_t whole = settings().memory_bytes;
    const std::size_t used = device().memory.used();
    if (used > whole || bytes > whole - used) return hipErrorOutOfMemory;
    return allocate_with(memory, bytes, [&] { return device().memory.allocate(bytes); });
  });
}

hipError_t allocate_pinned(void** memory, std::size_t bytes) {
  return call_outside_capture([&] {
    return allocate_with(memory, bytes, [&] { return device().pinned.allocate(bytes); });
  });
}

hipError_t launch_kernel(const char* name, dim3 grid, dim3 block, hipStream_t stream,
                         std::function<void()> body, std::initializer_list<const void*> pointers) {
  return call([&] {
    if (!is_sound(grid, block)) return hipErrorInvalidConfiguration;
    for (const void* const pointer : pointers) {
      if (pointer == nullptr || device().memory.holds(pointer, 0)) continue;
      throw EmulationError("kernel '" + std::string(name) +
                           "' is given a pointer to memory that is not the device's");
    }
    return put(stream, [name, grid, block, body = std::move(body)] {
      const Kernel kernel{
          name, [](const void* work) { (*static_cast<const std::function<void()>*>(work))(); },
          &body};
      ++settings().kernels;
      device().pinned.open(false);
      run_grid(kernel, grid, block);
      device().pinned.open(true);
    });
  });
}

}  // namespace squall::kernels::hip::emulation

using namespace squall::kernels::hip::emulation;

const char* hipGetErrorName(hipError_t error) {
  switch (error) {
    case hipSuccess:
      return "hipSuccess";
    case hipErrorInvalidValue:
      return "hipErrorInvalidValue";
    case hipErrorOutOfMemory:
      return "hipErrorOutOfMemory";
    case hipErrorInvalidConfiguration:
      return "hipErrorInvalidConfiguration";
    case hipErrorInsufficientDriver:
      return "hipErrorInsufficientDriver";
    case hipErrorNoDevice:
      return "hipErrorNoDevice";
    case hipErrorInvalidDevice:
      return "hipErrorInvalidDevice";
    case hipErrorNoBinaryForGpu:
      return "hipErrorNoBinaryForGpu";
    case hipErrorInvalidHandle:
      return "hipErrorInvalidHandle";
    case hipErrorNotReady:
      return "hipErrorNotReady";
    case hipErrorLaunchFailure:
      return "hipErrorLaunchFailure";
    case hipErrorStreamCaptureUnsupported:
      return "hipErrorStreamCaptureUnsupported";
    case hipErrorStreamCaptureInvalidated:
      return "hipErrorStreamCaptureInvalidated";
  }
  return "hipErrorUnknown";
}

const char* hipGetErrorString(hipError_t error) {
  switch (error) {
    case hipSuccess:
      return "no error";
    case hipErrorInvalidValue:
      return "invalid argument";
    case hipErrorOutOfMemory:
      return "out of memory";
    case hipErrorInvalidConfiguration:
      return "invalid configuration argument";
    case hipErrorInsufficientDriver:
      return "the driver is too old for the runtime";
    case hipErrorNoDevice:
      return "no device is detected";
    case hipErrorInvalidDevice:
      return "invalid device ordinal";
    case hipErrorNoBinaryForGpu:
      return "no code for this device";
    case hipErrorInvalidHandle:
      return "invalid resource handle";
    case hipErrorNotReady:
      return "the device is not there yet";
    case hipErrorLaunchFailure:
      return "the emulated device is lost";
    case hipErrorStreamCaptureUnsupported:
      return "not permitted while a stream is captured";
    case hipErrorStreamCaptureInvalidated:
      return "the capture has failed before";
  }
  return "unknown error";
}

hipError_t hipGetLastError() { return std::exchange(device().last_error, hipSuccess); }

hipError_t hipGetDeviceCount(int* count) {
  return call([&] {
    *count = settings().devices;
    return *count > 0 ? hipSuccess : hipErrorNoDevice;
  });
}

hipError_t hipSetDevice(int index) {
  return call([&] {
    if (index == settings().broken_device) return hipErrorLaunchFailure;
    return index >= 0 && index < settings().devices ? hipSuccess : hipErrorInvalidDevice;
  });
}

hipError_t hipGetDeviceProperties(hipDeviceProp_t* properties, int index) {
  return call([&] {
    if (index < 0 || index >= settings().devices) return hipErrorInvalidDevice;
    if (index == settings().broken_device) return hipErrorLaunchFailure;
    *properties = {};
    std::strcpy(properties->name, "emulation of a GPU on the CPU");
    std::strcpy(properties->gcnArchName, "emulation");
    properties->totalGlobalMem = settings().memory_bytes;
    properties->sharedMemPerBlock = most_shared_bytes;
    properties->multiProcessorCount = static_cast<int>(settings().multiprocessors);
    properties->warpSize = static_cast<int>(settings().wave_size);
    return hipSuccess;
  });
}

hipError_t hipFuncGetAttributes(hipFuncAttributes* attributes, const void*) {
  *attributes = {};
  return call([] { return hipSuccess; });
}

hipError_t hipMemGetInfo(std::size_t* free, std::size_t* total) {
  return call([&] {
    *total = settings().memory_bytes;
    *free = *total - std::min(*total, device().memory.used());
    return hipSuccess;
  });
}

hipError_t hipFree(void* memory) {
  return call_outside_capture([&] {
    if (memory == nullptr) return hipSuccess;
    device().finish_all();
    return device().memory.free(memory) ? hipSuccess : hipErrorInvalidValue;
  });
}

hipError_t hipHostFree(void* memory) {
  return call_outside_capture([&] {
    if (memory == nullptr) return hipSuccess;
    device().finish_all();
    return device().pinned.free(memory) ? hipSuccess : hipErrorInvalidValue;
  });
}

hipError_t hipMemcpy(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind) {
  return call_outside_capture([&] {
    if (!can_copy(to, from, bytes, kind, false)) return hipErrorInvalidValue;
    finish_what_waits();
    device().memory.open(true);
    std::memcpy(to, from, bytes);
    device().memory.open(false);
    return hipSuccess;
  });
}

hipError_t hipMemcpyAsync(void* to, const void* from, std::size_t bytes, hipMemcpyKind kind,
                          hipStream_t stream) {
  return call([&] {
    if (!can_copy(to, from, bytes, kind, true)) return hipErrorInvalidValue;
    return put(stream, [=] { std::memcpy(to, from, bytes); });
  });
}

hipError_t hipMemset(void* memory, int value, std::size_t bytes) {
  return call_outside_capture([&] {
    if (!device().memory.holds(memory, bytes)) return hipErrorInvalidValue;
    finish_what_waits();
    device().memory.open(true);
    std::memset(memory, value, bytes);
    device().memory.open(false);
    return hipSuccess;
  });
}

hipError_t hipMemsetAsync(void* memory, int value, std::size_t bytes, hipStream_t stream) {
  return call([&] {
    if (!device().memory.holds(memory, bytes)) return hipErrorInvalidValue;
    return put(stream, [=] { std::memset(memory, value, bytes); });
  });
}

hipError_t hipDeviceSynchronize() {
  return call_outside_capture([] {
    device().finish_all();
    return hipSuccess;
  });
}

hipError_t hipStreamCreateWithFlags(hipStream_t* stream, unsigned flags) {
  return call_outside_capture([&] {
    *stream = new Stream;
    (*stream)->waits_for_others = flags != hipStreamNonBlocking;
    device().streams.insert(*stream);
    return hipSuccess;
  });
}

hipError_t hipStreamDestroy(hipStream_t stream) {
  return call([&] {
    if (stream == nullptr || !device().streams.contains(stream)) return hipErrorInvalidHandle;
    device().finish(*stream);
    device().streams.erase(stream);
    delete stream;
    return hipSuccess;
  });
}

hipError_t hipStreamSynchronize(hipStream_t stream) {
  return call_outside_capture([&] {
    Stream* const waited_for = device().stream_of(stream);
    if (!device().streams.contains(waited_for)) return hipErrorInvalidHandle;
    device().finish(*waited_for);
    return hipSuccess;
  });
}

hipError_t hipDeviceGetPCIBusId(char* text, int length, int index) {
  return call([&] {
    if (index < 0 || index >= settings().devices) return hipErrorInvalidDevice;
    if (length < 1) return hipErrorInvalidValue;
    *text = '\0';
    return hipSuccess;
  });
}

hipError_t hipEventCreate(hipEvent_t* event) {
  return call_outside_capture([&] {
    *event = new Event;
    return hipSuccess;
  });
}

hipError_t hipEventDestroy(hipEvent_t event) {
  delete event;
  return call([] { return hipSuccess; });
}

hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream) {
  return call([&] {
    event->time = std::make_shared<Event::Time>();
    event->stream = device().stream_of(stream);
    return put(stream, [time = event->time] { *time = std::chrono::steady_clock::now(); });
  });
}

hipError_t hipEventSynchronize(hipEvent_t event) {
  return call_outside_capture([&] {
    if (event->time == nullptr || event->time->has_value()) return hipSuccess;
    if (!device().streams.contains(event->stream)) return hipErrorInvalidHandle;
    device().finish(*event->stream);
    return hipSuccess;
  });
}

hipError_t hipEventElapsedTime(float* milliseconds, hipEvent_t start, hipEvent_t stop) {
  return call([&] {
    if (start->time == nullptr || stop->time == nullptr) return hipErrorInvalidHandle;
    if (!start->time->has_value() || !stop->time->has_value()) return hipErrorNotReady;
    const std::chrono::duration<float, std::milli> between = **stop->time - **start->time;
    *milliseconds = between.count();
    return hipSuccess;
  });
}

hipError_t hipStreamBeginCapture(hipStream_t stream, hipStreamCaptureMode) {
  return call_outside_capture([&] {
    if (stream == nullptr) return hipErrorStreamCaptureUnsupported;
    if (!device().streams.contains(stream)) return hipErrorInvalidHandle;
    stream->captures = true;
    stream->capture_is_spoilt = false;
    stream->captured.clear();
    return hipSuccess;
  });
}

hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t* graph) {
  return call([&] {
    *graph = nullptr;
    if (stream == nullptr || !stream->captures) return hipErrorInvalidValue;
    stream->captures = false;
    if (stream->capture_is_spoilt) return hipErrorStreamCaptureInvalidated;
    *graph = new Graph{std::exchange(stream->captured, {})};
    return hipSuccess;
  });
}

hipError_t hipGraphInstantiate(hipGraphExec_t* executable, hipGraph_t graph, void*, char*,
                               std::size_t) {
  return call([&] {
    *executable = new Graph(*graph);
    return hipSuccess;
  });
}

hipError_t hipGraphDestroy(hipGraph_t graph) {
  delete graph;
  return call([] { return hipSuccess; });
}

hipError_t hipGraphLaunch(hipGraphExec_t executable, hipStream_t stream) {
  return call_outside_capture([&] {
    ++settings().graphs;
    for (const Command& command : executable->commands) {
      if (const hipError_t error = put(stream, command); error != hipSuccess) return error;
    }
    return hipSuccess;
  });
}

hipError_t hipGraphExecDestroy(hipGraphExec_t executable) { return hipGraphDestroy(executable); }
