// The emulated GPU itself: threads, barriers and shuffles, memory, streams, graphs, and what it
// refuses because a device would hang or guess.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <numeric>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "kernels/hip/gpu_runtime.hpp"
#include "tests/kernels/hip/device_array.hpp"
#include "tests/kernels/hip/every_order.hpp"

namespace squall::kernels::hip {
namespace {

using emulation::EmulationError;
using emulation::settings;

bool tells(const std::exception& error, std::initializer_list<const char*> words) {
  const std::string what = error.what();
  bool all = true;
  for (const char* word : words) {
    all = all && what.find(word) != std::string::npos;
    BOOST_TEST(what.find(word) != std::string::npos, "'" << what << "' lacks '" << word << "'");
  }
  return all;
}

__global__ void count_visits(int* visits) {
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  visits[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1 + static_cast<int>(thread);
}

__global__ void reverse_each_block(int* values) {
  GPU_SHARED(int, turned, 256);
  int* const mine = values + blockIdx.x * blockDim.x;
  turned[blockDim.x - 1 - threadIdx.x] = mine[threadIdx.x];
  __syncthreads();
  mine[threadIdx.x] = turned[threadIdx.x];
}

__global__ void reverse_without_a_barrier(int* values) {
  GPU_SHARED(int, turned, 256);
  turned[blockDim.x - 1 - threadIdx.x] = values[threadIdx.x];
  values[threadIdx.x] = turned[threadIdx.x];
}

/// Of all lanes, to all lanes.
__device__ inline float sum_of_lanes(float value) {
  for (unsigned mask = wave_size() / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}

/// out: [threads, 4]
__global__ void shuffle_all_ways(float* out) {
  const unsigned thread = threadIdx.x;
  const float value = static_cast<float>(thread * thread % 97);
  out[4 * thread] = sum_of_lanes(value);
  out[4 * thread + 1] = wave_max(value);
  out[4 * thread + 2] = shuffle(value, lane_of_wave() + 3);
  out[4 * thread + 3] = shuffle_xor(value, 5);
}

__global__ void wait_with_even_threads(int*) {
  if (threadIdx.x % 2 == 0) __syncthreads();
}

__global__ void shuffle_with_the_first_half(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = shuffle_xor(static_cast<int>(threadIdx.x), 1);
}

__global__ void wait_at_two_places(int*) {
  if (threadIdx.x < 64) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void greatest_of_a_wave(int* out) { out[threadIdx.x] = wave_max(1); }

__global__ void read_unwritten(std::uint32_t* out) {
  GPU_SHARED(std::uint32_t, never_written, 4);
  out[threadIdx.x] = never_written[threadIdx.x];
}

__global__ void want_much_memory(float* out) {
  GPU_SHARED(float, much, 12289);
  much[threadIdx.x] = 1;
  out[threadIdx.x] = much[threadIdx.x];
}

__global__ void load_askew(const std::byte* from, Word4* to) { *to = load_word4(from + 8); }

__global__ void add_one(int* values) { values[threadIdx.x] += 1; }

void launch_on(const TestDevice& device, void (*kernel)(int*), unsigned threads, int* argument) {
  GPU_LAUNCH(kernel, 1, threads, device.queue(), argument);
  device.finish();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_thread_of_every_block_runs_once_with_its_own_indices) {
  in_every_order([] {
    const TestDevice device;
    const DeviceArray<int> visits(std::vector<int>(3 * 2 * 2 * 5 * 3 * 2, 0));
    GPU_LAUNCH(count_visits, dim3(3, 2, 2), dim3(5, 3, 2), device.queue(), visits.data());
    device.finish();
    const std::vector<int> seen = visits.read();
    for (std::size_t i = 0; i < seen.size(); ++i) {
      BOOST_TEST(seen[i] == 1 + static_cast<int>(i % 30));
    }
  });
}

BOOST_AUTO_TEST_CASE(threads_wait_for_each_other_at_a_barrier) {
  in_every_order([] {
    const TestDevice device;
    std::vector<int> values(3 * 200);
    std::iota(values.begin(), values.end(), 0);
    const DeviceArray<int> array(values);
    GPU_LAUNCH(reverse_each_block, 3, 200, device.queue(), array.data());
    device.finish();
    const std::vector<int> turned = array.read();
    for (int i = 0; i < 600; ++i) BOOST_TEST(turned[i] == i / 200 * 200 + 199 - i % 200);
  });
}

BOOST_AUTO_TEST_CASE(shuffles_exchange_values_within_a_wave) {
  in_every_order([] {
    const TestDevice device;
    const DeviceArray<float> out(4 * 128);
    GPU_LAUNCH(shuffle_all_ways, 1, 128, device.queue(), out.data());
    device.finish();
    const std::vector<float> got = out.read();
    const unsigned wave = settings().wave_size;
    const auto value = [](unsigned thread) { return static_cast<float>(thread * thread % 97); };
    for (unsigned i = 0; i < 128; ++i) {
      const unsigned first = i / wave * wave;
      float sum = 0;
      float greatest = 0;
      for (unsigned lane = first; lane < first + wave; ++lane) {
        sum += value(lane);
        greatest = std::max(greatest, value(lane));
      }
      BOOST_TEST(got[4 * i] == sum);
      BOOST_TEST(got[4 * i + 1] == greatest);
      BOOST_TEST(got[4 * i + 2] == value(i + 3 < first + wave ? i + 3 : i));
      BOOST_TEST(got[4 * i + 3] == value(i ^ 5U));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_barrier_that_some_threads_never_reach_is_reported) {
  in_every_order([] {
    const TestDevice device;
    const DeviceArray<int> array(128);
    BOOST_CHECK_EXCEPTION(launch_on(device, wait_with_even_threads, 128, array.data()),
                          EmulationError, [](const EmulationError& error) {
                            return tells(error, {"has ended", "waits at the barrier",
                                                 "emulation_test.cpp:", "block (0, 0, 0)"});
                          });
    BOOST_CHECK_THROW(launch_on(device, wait_at_two_places, 128, array.data()), EmulationError);
    // And the emulation goes on.
    array.write(std::vector<int>(128, 4));
    launch_on(device, add_one, 128, array.data());
    BOOST_TEST(array.read()[127] == 5);
  });
}

BOOST_AUTO_TEST_CASE(a_shuffle_needs_a_whole_wave_at_one_place) {
  in_every_order([] {
    const TestDevice device;
    const DeviceArray<int> array(128);
    BOOST_CHECK_EXCEPTION(launch_on(device, shuffle_with_the_first_half, 64, array.data()),
                          EmulationError, [](const EmulationError& error) {
                            return tells(error, {"waits at the shuffle", "has ended"});
                          });
    BOOST_CHECK_EXCEPTION(launch_on(device, greatest_of_a_wave, 96 + 1, array.data()),
                          EmulationError, [](const EmulationError& error) {
                            return tells(error, {"whole waves", "97 threads"});
                          });
  });
}

BOOST_AUTO_TEST_CASE(a_missing_barrier_shows_in_one_order_or_the_other) {
  int wrong = 0;
  for (const bool backwards : {false, true}) {
    const EmulatedOrder order(32, backwards);
    const TestDevice device;
    const DeviceArray<int> array(std::vector<int>(64, 7));
    launch_on(device, reverse_without_a_barrier, 64, array.data());
    if (array.read() != std::vector<int>(64, 7)) ++wrong;
  }
  BOOST_TEST(wrong > 0);
}

BOOST_AUTO_TEST_CASE(shared_memory_starts_as_no_number_and_has_an_end) {
  const TestDevice device;
  const DeviceArray<std::uint32_t> words(4);
  GPU_LAUNCH(read_unwritten, 1, 4, device.queue(), words.data());
  device.finish();
  BOOST_TEST(words.read() == std::vector<std::uint32_t>(4, 0xFFFFFFFFU),
             boost::test_tools::per_element());
  const DeviceArray<float> out(4);
  GPU_LAUNCH(want_much_memory, 1, 4, device.queue(), out.data());
  BOOST_CHECK_EXCEPTION(device.finish(), EmulationError, [](const EmulationError& error) {
    return tells(error, {"want_much_memory", "'much'", "49156", "49152"});
  });
}

BOOST_AUTO_TEST_CASE(sixteen_bytes_at_once_must_be_aligned) {
  const TestDevice device;
  const DeviceArray<std::byte> from(64);
  const DeviceArray<Word4> to(1);
  GPU_LAUNCH(load_askew, 1, 1, device.queue(), from.data(), to.data());
  BOOST_CHECK_EXCEPTION(device.finish(), EmulationError, [](const EmulationError& error) {
    return tells(error, {"load_askew", "multiple of 16", "8 beyond"});
  });
}

BOOST_AUTO_TEST_CASE(work_is_done_when_it_is_waited_for_and_in_order) {
  const TestDevice device;
  int* pinned = nullptr;
  check(hipHostMalloc(&pinned, 8 * sizeof(int), hipHostMallocDefault), "pinning");
  const DeviceArray<int> array(std::vector<int>(4, 0));
  for (int i = 0; i < 4; ++i) pinned[i] = i;
  check(hipMemcpyAsync(array.data(), pinned, 16, hipMemcpyHostToDevice, device.stream()), "copy");
  GPU_LAUNCH(add_one, 1, 4, device.queue(), array.data());
  check(hipMemcpyAsync(pinned + 4, array.data(), 16, hipMemcpyDeviceToHost, device.stream()),
        "copy back");
  pinned[0] = 40;  // too early: the copy has not been waited for
  pinned[7] = -1;
  BOOST_TEST(array.read() == std::vector<int>(4, 0), boost::test_tools::per_element());
  device.finish();
  BOOST_TEST(pinned[4] == 41);
  BOOST_TEST(pinned[7] == 4);
  check(hipHostFree(pinned), "unpinning");
}

BOOST_AUTO_TEST_CASE(what_a_device_would_refuse_is_refused) {
  const TestDevice device;
  const DeviceArray<int> array(4);
  std::vector<int> pageable(4, 0);
  BOOST_TEST(hipMemcpyAsync(array.data(), pageable.data(), 16, hipMemcpyHostToDevice,
                            device.stream()) == hipErrorInvalidValue);
  BOOST_TEST(hipMemcpy(array.data(), pageable.data(), 20, hipMemcpyHostToDevice) ==
             hipErrorInvalidValue);
  BOOST_TEST(hipMemcpy(pageable.data(), pageable.data(), 4, hipMemcpyDeviceToHost) ==
             hipErrorInvalidValue);
  BOOST_TEST(hipFree(array.data() + 1) == hipErrorInvalidValue);
  BOOST_CHECK_THROW(GPU_LAUNCH(add_one, 1, 4, device.queue(), pageable.data()), EmulationError);
  for (const unsigned threads : {0U, 1025U}) {
    BOOST_CHECK_EXCEPTION(GPU_LAUNCH(add_one, 1, threads, device.queue(), array.data()),
                          DeviceError, [](const DeviceError& error) {
                            return tells(error, {"add_one", "hipErrorInvalidConfiguration"});
                          });
  }
}

BOOST_AUTO_TEST_CASE(device_memory_has_a_limit_and_starts_as_no_number) {
  const EmulatedOrder order(32, false);
  std::size_t free = 0;
  std::size_t total = 0;
  check(hipMemGetInfo(&free, &total), "asking");
  settings().memory_bytes = total - free + 1000;
  void* memory = nullptr;
  BOOST_TEST(hipMalloc(&memory, 1001) == hipErrorOutOfMemory);
  {
    const DeviceArray<unsigned char> array(1000);
    BOOST_TEST(hipMalloc(&memory, 1) == hipErrorOutOfMemory);
    BOOST_TEST(array.read() == std::vector<unsigned char>(1000, 0xFF),
               boost::test_tools::per_element());
  }
  BOOST_TEST(hipMalloc(&memory, 1000) == hipSuccess);
  BOOST_TEST(hipFree(memory) == hipSuccess);
  BOOST_TEST(hipGetLastError() == hipErrorOutOfMemory);
  BOOST_TEST(hipGetLastError() == hipSuccess);
}

BOOST_AUTO_TEST_CASE(the_host_cannot_touch_device_memory) {
  const DeviceArray<int> array(4);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    std::fclose(stderr);
    volatile int* const memory = array.data();
    _exit(*memory == 0 ? 1 : 2);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFSIGNALED(status));
}

BOOST_AUTO_TEST_CASE(a_captured_graph_does_its_work_each_time_it_is_launched) {
  const TestDevice device;
  const DeviceArray<int> array(std::vector<int>(4, 0));
  check(hipStreamBeginCapture(device.stream(), hipStreamCaptureModeThreadLocal), "capture");
  GPU_LAUNCH(add_one, 1, 4, device.queue(), array.data());
  GPU_LAUNCH(add_one, 1, 4, device.queue(), array.data());
  hipGraph_t graph = nullptr;
  check(hipStreamEndCapture(device.stream(), &graph), "end");
  hipGraphExec_t executable = nullptr;
  check(hipGraphInstantiate(&executable, graph, nullptr, nullptr, 0), "instantiate");
  check(hipGraphDestroy(graph), "destroy");
  device.finish();
  BOOST_TEST(array.read()[0] == 0);  // recorded, not done
  for (int i = 0; i < 3; ++i) check(hipGraphLaunch(executable, device.stream()), "launch");
  device.finish();
  BOOST_TEST(array.read()[3] == 6);
  check(hipGraphExecDestroy(executable), "destroy");
}

BOOST_AUTO_TEST_CASE(a_capture_is_spoilt_by_what_it_cannot_hold) {
  const TestDevice device;
  check(hipStreamBeginCapture(device.stream(), hipStreamCaptureModeThreadLocal), "capture");
  void* memory = nullptr;
  BOOST_TEST(hipMalloc(&memory, 16) == hipErrorStreamCaptureUnsupported);
  BOOST_TEST(hipStreamSynchronize(device.stream()) == hipErrorStreamCaptureUnsupported);
  hipGraph_t graph = nullptr;
  BOOST_TEST(hipStreamEndCapture(device.stream(), &graph) == hipErrorStreamCaptureInvalidated);
  BOOST_TEST(graph == nullptr);
  BOOST_TEST(hipStreamSynchronize(device.stream()) == hipSuccess);
}

BOOST_AUTO_TEST_CASE(a_lost_device_refuses_every_call_from_then_on) {
  const TestDevice device;
  const DeviceArray<int> array(std::vector<int>(4, 0));
  {
    const EmulatedOrder order(32, false);
    settings().lost_at_call = settings().calls + 2;
    GPU_LAUNCH(add_one, 1, 4, device.queue(), array.data());
    for (int i = 0; i < 2; ++i) {
      BOOST_CHECK_EXCEPTION(device.finish(), DeviceError, [](const DeviceError& error) {
        return tells(error, {"waiting for the stream", "hipErrorLaunchFailure", "is lost"});
      });
    }
  }
  device.finish();
}

BOOST_AUTO_TEST_CASE(halves_and_dot_products_are_what_they_are_elsewhere) {
  BOOST_TEST(dot4(0x7F80FF01, 0x7F80FF02, 10) == 10 + 127 * 127 + 128 * 128 + 1 + 2);
  BOOST_TEST(half_to_float(float_to_half(-1.5F)) == -1.5F);
  BOOST_TEST(bfloat16_to_float(0xC049) == -3.140625F);
}

}  // namespace squall::kernels::hip
