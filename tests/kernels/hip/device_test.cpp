// A device's memory and its limit, lists of commands, graphs, and tables of the host on the device.

#include "kernels/hip/backend/device.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/hip/backend/command_list.hpp"
#include "kernels/hip/backend/graph_cache.hpp"
#include "kernels/hip/backend/staged_table.hpp"
#include "kernels/hip/emulation/emulation_settings.hpp"

namespace squall::kernels::hip {
namespace {

using emulation::settings;

__global__ void add_to_all(int* values, int addend) { values[threadIdx.x] += addend; }

void launch_add(const Queue& queue, int* values, std::size_t count, int addend) {
  GPU_LAUNCH(add_to_all, 1, static_cast<unsigned>(count), queue, values, addend);
}

std::vector<int> read(const Device& device, const DeviceBlock& block, std::size_t count) {
  device.wait();
  std::vector<int> values(count);
  check(hipMemcpy(values.data(), block.data(), count * sizeof(int), hipMemcpyDeviceToHost),
        "reading");
  return values;
}

std::span<const std::byte> bytes_of(const std::vector<int>& values) {
  return std::as_bytes(std::span(values));
}

}  // namespace

BOOST_AUTO_TEST_CASE(memory_is_counted_against_the_share_that_may_be_taken) {
  Device device({.device = 0, .memory_limit = 10 << 20});
  {
    const DeviceBlock first(device, 6 << 20);
    BOOST_CHECK_EXCEPTION(
        DeviceBlock(device, 5 << 20), DeviceOutOfMemory, [](const DeviceOutOfMemory& error) {
          const std::string what = error.what();
          return what.find("5 MiB more are needed, 4 MiB are free of the 10 MiB") !=
                     std::string::npos &&
                 what.find("keep some layers on the CPU") != std::string::npos;
        });
    const DeviceBlock second(device, 4 << 20);
  }
  const DeviceBlock all(device, 10 << 20);
}

BOOST_AUTO_TEST_CASE(a_full_device_says_how_much_is_free) {
  const auto before = settings();
  Device device({.device = 0, .memory_limit = 0});
  std::size_t free = 0;
  std::size_t total = 0;
  check(hipMemGetInfo(&free, &total), "asking");
  settings().memory_bytes = total - free + (3 << 20);
  BOOST_CHECK_EXCEPTION(
      DeviceBlock(device, 4 << 20), DeviceOutOfMemory, [](const DeviceOutOfMemory& error) {
        return std::string(error.what()).find("3 MiB are free") != std::string::npos;
      });
  settings() = before;
}

BOOST_AUTO_TEST_CASE(a_device_that_is_not_there_is_refused) {
  BOOST_CHECK_THROW(Device({.device = 7, .memory_limit = 0}), DeviceError);
}

BOOST_AUTO_TEST_CASE(an_emulated_device_says_so) {
  const GpuDevice device = describe_device(0);
  BOOST_TEST(device.name.find("emulation") != std::string::npos);
  BOOST_TEST(device.architecture == "emulation");
  BOOST_TEST(device.objection.empty());
  BOOST_TEST(runtime_name() == "emulation");
}

BOOST_AUTO_TEST_CASE(a_list_runs_its_commands_in_order_and_is_equal_to_one_with_the_same) {
  Device device({});
  const DeviceBlock block(device, 4 * sizeof(int));
  check(hipMemset(block.data(), 0, 4 * sizeof(int)), "clearing");
  auto* const values = reinterpret_cast<int*>(block.data());
  CommandList list;
  list.add(launch_add, values, 4, 3);
  list.add(launch_add, values, 2, 100);
  CommandList same;
  same.add(launch_add, values, 4, 3);
  BOOST_TEST(!std::ranges::equal(list.words(), same.words()));
  same.add(launch_add, values, 2, 100);
  BOOST_TEST(std::ranges::equal(list.words(), same.words()));
  CommandList other;
  other.add(launch_add, values, 4, 3);
  other.add(launch_add, values, 2, 101);
  BOOST_TEST(!std::ranges::equal(list.words(), other.words()));
  BOOST_TEST(list.commands() == 2U);
  list.run(device.queue());
  BOOST_TEST(read(device, block, 4) == (std::vector<int>{103, 103, 3, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_comes_again_is_launched_as_a_graph_and_does_the_same) {
  Device device({});
  const DeviceBlock block(device, 4 * sizeof(int));
  check(hipMemset(block.data(), 0, 4 * sizeof(int)), "clearing");
  auto* const values = reinterpret_cast<int*>(block.data());
  GraphCache graphs(device);
  CommandList list;
  list.add(launch_add, values, 4, 1);
  list.add(launch_add, values, 2, 10);
  const std::uint64_t graphs_before = settings().graphs;
  for (int i = 1; i <= 4; ++i) {
    graphs.run(list);
    BOOST_TEST(read(device, block, 4) == (std::vector<int>{11 * i, 11 * i, i, i}),
               boost::test_tools::per_element());
    // The first time as it is, the second time captured, from then on at once.
    BOOST_TEST(settings().graphs - graphs_before == static_cast<std::uint64_t>(i - 1));
  }
  CommandList other;
  other.add(launch_add, values, 4, 5);
  graphs.run(other);
  BOOST_TEST(read(device, block, 4)[3] == 4 + 5);
  BOOST_TEST(settings().graphs - graphs_before == 3U);
}

BOOST_AUTO_TEST_CASE(lists_long_unused_are_forgotten_and_still_right) {
  Device device({});
  const DeviceBlock block(device, sizeof(int));
  check(hipMemset(block.data(), 0, sizeof(int)), "clearing");
  GraphCache graphs(device);
  int sum = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      CommandList list;
      list.add(launch_add, reinterpret_cast<int*>(block.data()), 1, i);
      graphs.run(list);
      sum += i;
    }
  }
  BOOST_TEST(read(device, block, 1)[0] == sum);
}

BOOST_AUTO_TEST_CASE(a_table_keeps_its_addresses_from_step_to_step_and_holds_each_content_once) {
  Device device({});
  StagedTable table(device);
  BOOST_TEST(!table.has_room_for(1));
  table.make_room_for(4000);
  const std::vector<int> first{1, 2, 3};
  const std::vector<int> second{4, 5, 6};
  const std::byte* const a = table.put(bytes_of(first));
  const std::byte* const b = table.put(bytes_of(second));
  BOOST_TEST(a != b);
  BOOST_TEST(table.put(bytes_of(first)) == a);
  table.upload();
  device.wait();
  std::vector<int> got(3);
  check(hipMemcpy(got.data(), b, 12, hipMemcpyDeviceToHost), "reading");
  BOOST_TEST(got == second, boost::test_tools::per_element());
  table.clear();
  BOOST_TEST(table.put(bytes_of(second)) == a);
  table.upload();
  device.wait();
  check(hipMemcpy(got.data(), a, 12, hipMemcpyDeviceToHost), "reading");
  BOOST_TEST(got == second, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_put_after_an_upload_is_uploaded_by_the_next) {
  Device device({});
  StagedTable table(device);
  table.make_room_for(1);
  const std::vector<int> first{1};
  const std::vector<int> second{2};
  const std::byte* const a = table.put(bytes_of(first));
  table.upload();
  const std::byte* const b = table.put(bytes_of(second));
  table.upload();
  device.wait();
  int got = 0;
  check(hipMemcpy(&got, a, sizeof got, hipMemcpyDeviceToHost), "reading");
  BOOST_TEST(got == 1);
  check(hipMemcpy(&got, b, sizeof got, hipMemcpyDeviceToHost), "reading");
  BOOST_TEST(got == 2);
}

}  // namespace squall::kernels::hip
