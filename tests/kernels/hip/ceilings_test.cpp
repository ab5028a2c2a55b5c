// Copying and multiplying for the sake of their rates: that the work is done, and that the rates
// are figures. In the emulation they are those of the host, and mean nothing.

#include "kernels/hip/ceilings.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/hip/emulation/emulation_settings.hpp"
#include "tests/kernels/hip/every_order.hpp"

namespace squall::kernels::hip {
namespace {

template <typename T>
std::vector<T> read(const Device& device, const DeviceBlock& block, std::size_t first,
                    std::size_t count) {
  device.wait();
  std::vector<T> values(count);
  check(hipMemcpy(values.data(), block.data() + first * sizeof(T), count * sizeof(T),
                  hipMemcpyDeviceToHost),
        "reading");
  return values;
}

/// Value k of row (column) `line` of a tile; the left ones come first.
double value(unsigned tile, unsigned line, unsigned k) {
  return static_cast<double>(kernels::half_to_float(tile_value(tile * 256 + line * 16 + k)));
}

/// By plain arithmetic: of left tile l and right tile r, where row and column meet.
double product(unsigned l, unsigned r, unsigned row, unsigned column) {
  double sum = 0;
  for (unsigned k = 0; k < 16; ++k) sum += value(l, row, k) * value(left_tiles + r, column, k);
  return sum;
}

/// An emulated device with so much memory left, until the end of the test.
class SmallMemory {
 public:
  explicit SmallMemory(std::uint64_t bytes) : before_(emulation::settings().memory_bytes) {
    std::size_t free = 0;
    std::size_t total = 0;
    check(hipMemGetInfo(&free, &total), "asking");
    emulation::settings().memory_bytes = total - free + bytes;
  }
  ~SmallMemory() { emulation::settings().memory_bytes = before_; }
  SmallMemory(const SmallMemory&) = delete;
  SmallMemory& operator=(const SmallMemory&) = delete;

 private:
  std::uint64_t before_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_byte_is_copied_and_none_beyond_the_end) {
  in_every_order([] {
    Device device({});
    // More pieces than blocks, and no multiple of them.
    constexpr std::size_t bytes = 70 * copied_at_once;
    const DeviceBlock from(device, bytes);
    const DeviceBlock to(device, bytes + copied_at_once);
    std::vector<std::uint32_t> words(bytes / 4);
    std::iota(words.begin(), words.end(), 7U);
    check(hipMemcpy(from.data(), words.data(), bytes, hipMemcpyHostToDevice), "writing");
    check(hipMemset(to.data(), 0, bytes + copied_at_once), "clearing");
    copy_memory(device.queue(), from.data(), to.data(), bytes);
    BOOST_TEST((read<std::uint32_t>(device, to, 0, words.size()) == words));
    BOOST_TEST((read<std::uint32_t>(device, to, words.size(), copied_at_once / 4) ==
                std::vector<std::uint32_t>(copied_at_once / 4, 0)));
  });
}

// Products of halves are exact in floats; 16 of them for each round, each at most 1, are added in
// floats, of which every sum can be off by half a unit in the last place: 16 * rounds * 2^-24 of
// what there is at most, which is 16 * rounds.
BOOST_AUTO_TEST_CASE(all_pairs_of_tiles_are_multiplied_in_every_round_by_every_wave) {
  in_every_order([] {
    Device device({});
    constexpr unsigned rounds = 3, blocks = 2;
    const DeviceFacts& facts = *device.queue().facts;
    const std::size_t sums = tile_sums(facts);
    const DeviceBlock block(device, blocks * sums * sizeof(float));
    multiply_kept_tiles(device.queue(), {.blocks = blocks, .rounds = rounds},
                        reinterpret_cast<float*>(block.data()));
    const auto found = read<float>(device, block, 0, blocks * sums);
    constexpr double tolerance = 16.0 * rounds * 16 * rounds / (1 << 24);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto tile = static_cast<unsigned>(i / 256 % (left_tiles * right_tiles));
      const auto place = static_cast<unsigned>(i % 256);
      const double wanted =
          rounds * product(tile / right_tiles, tile % right_tiles, place % 16, place / 16);
      wrong += !(std::abs(static_cast<double>(found[i]) - wanted) <= tolerance);
    }
    BOOST_TEST(wrong == 0U);
    // What is counted: 16 for each sum in a round.
    BOOST_TEST(tile_multiply_adds(facts) * blocks == 16.0 * static_cast<double>(found.size()));
  });
}

BOOST_AUTO_TEST_CASE(values_of_tiles_are_between_a_half_and_one_and_of_both_signs) {
  unsigned negative = 0;
  for (unsigned i = 0; i < 6 * 256; ++i) {
    const float each = kernels::half_to_float(tile_value(i));
    BOOST_TEST_REQUIRE(std::abs(each) >= 0.5F);
    BOOST_TEST_REQUIRE(std::abs(each) < 1.0F);
    negative += each < 0;
  }
  BOOST_TEST(negative > 500U);
  BOOST_TEST(negative < 1036U);
}

BOOST_AUTO_TEST_CASE(both_rates_are_measured_and_the_memory_is_given_back) {
  in_every_order([] {
    const SmallMemory small(64 << 20);
    Device device({});
    std::size_t before = 0, after = 0, total = 0;
    check(hipMemGetInfo(&before, &total), "asking");
    const GpuCeilings found = measure_ceilings(device);
    check(hipMemGetInfo(&after, &total), "asking");
    BOOST_TEST(std::isfinite(found.copy_bytes_per_second));
    BOOST_TEST(found.copy_bytes_per_second > 1e3);
    BOOST_TEST(std::isfinite(found.matrix_per_second));
    BOOST_TEST(found.matrix_per_second > 1e3);
    BOOST_TEST(before == after);
  });
}

BOOST_AUTO_TEST_CASE(too_little_free_memory_is_said_instead_of_measuring_caches) {
  const SmallMemory small(512 << 10);
  Device device({});
  BOOST_CHECK_EXCEPTION(
      measure_ceilings(device), DeviceOutOfMemory, [](const DeviceOutOfMemory& error) {
        return std::string(error.what()).find("too little to measure") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(events_tell_the_time_between_them_once_the_device_has_come_to_them) {
  Device device({});
  hipEvent_t first = nullptr, second = nullptr;
  check(hipEventCreate(&first), "making an event");
  check(hipEventCreate(&second), "making an event");
  float milliseconds = -1;
  BOOST_TEST(hipEventElapsedTime(&milliseconds, first, second) == hipErrorInvalidHandle);
  check(hipEventRecord(first, device.stream()), "recording");
  check(hipEventRecord(second, device.stream()), "recording");
  BOOST_TEST(hipEventElapsedTime(&milliseconds, first, second) == hipErrorNotReady);
  check(hipEventSynchronize(second), "waiting");
  BOOST_TEST(hipEventElapsedTime(&milliseconds, first, second) == hipSuccess);
  BOOST_TEST(milliseconds >= 0);
  check(hipEventDestroy(first), "ending an event");
  check(hipEventDestroy(second), "ending an event");
  static_cast<void>(hipGetLastError());
}

}  // namespace squall::kernels::hip
