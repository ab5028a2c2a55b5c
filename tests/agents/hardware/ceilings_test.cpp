#include "agents/hardware/ceilings.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "agents/hardware/ceilings_file.hpp"
#include "agents/hardware/memory_ceiling.hpp"
#include "tests/agents/hardware/machine_tree.hpp"

using namespace squall::agents;
using namespace squall::tests;
using squall::scenarios::HardwareFacts;

namespace {

constexpr std::uint64_t mib = 1 << 20;

HardwareFacts machine() {
  HardwareFacts facts;
  facts.sockets = 1;
  facts.cores = 6;
  facts.threads = 12;
  facts.l3_bytes = 32 * mib;
  facts.memory_bytes = 16384 * mib;
  facts.memory_free_bytes = 8192 * mib;
  return facts;
}

MachineCeilings some(double scale = 1) {
  return {.processors = {.bandwidth = {{1, 1.25e10 * scale}, {2, 2e10 / 3}},
                         .threads = 2,
                         .int8_per_second = 1e11,
                         .float_per_second = 5e10 * scale,
                         .int8_of_one_thread = 6e10,
                         .float_of_one_thread = 3e10},
          .gpus = {{0, 4e12 / 3 * scale, 4e14}}};
}

CeilingsKey key(const std::string& boot = "boot-1") {
  return {.boot = boot, .hardware = "00112233aabbccdd", .tool_version = "1", .instruction_set = ""};
}

bool at_once() { return true; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_plan_reads_with_one_thread_up_to_all_that_may_run) {
  const auto plan = plan_ceilings(machine());
  BOOST_TEST(plan.thread_counts == (std::vector<std::size_t>{1, 2, 4, 8, 12}),
             boost::test_tools::per_element());
  BOOST_TEST(plan.threads == 12u);
  BOOST_TEST(plan.share == 1);
  BOOST_TEST(plan.buffer_bytes == 256 * mib);
  HardwareFacts one = machine();
  one.threads = 1;
  BOOST_TEST(plan_ceilings(one).thread_counts == std::vector<std::size_t>{1},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_plan_goes_by_what_a_limit_leaves) {
  HardwareFacts facts = machine();
  facts.cpu_limit = 2.5;
  BOOST_TEST(plan_ceilings(facts).threads == 3u);
  BOOST_TEST(plan_ceilings(facts).share == 2.5 / 3);
  facts.cpu_limit = 0.5;
  BOOST_TEST(plan_ceilings(facts).threads == 1u);
  BOOST_TEST(plan_ceilings(facts).share == 0.5);
}

BOOST_AUTO_TEST_CASE(a_buffer_is_much_larger_than_the_caches_or_not_there) {
  HardwareFacts facts = machine();
  facts.l3_bytes = 256 * mib;
  BOOST_TEST(plan_ceilings(facts).buffer_bytes == 1024 * mib);
  facts.sockets = 4;
  BOOST_TEST(plan_ceilings(facts).buffer_bytes == 2048 * mib, "at most");
  facts = machine();
  facts.memory_limit_bytes = 512 * mib;
  BOOST_TEST(plan_ceilings(facts).buffer_bytes == 128 * mib, "a quarter of what may be used");
  facts.memory_limit_bytes = 128 * mib;
  BOOST_TEST(plan_ceilings(facts).buffer_bytes == 0u, "caches would be measured");
}

BOOST_AUTO_TEST_CASE(every_figure_is_measured_and_a_share_of_time_lowers_what_lasts) {
  const CeilingsPlan plan{
      .threads = 2, .thread_counts = {1, 2}, .buffer_bytes = 64 * mib, .share = 1e-6};
  const auto found = measure_ceilings(plan);
  BOOST_REQUIRE(found.bandwidth.size() == 2u);
  BOOST_TEST(found.bandwidth[0].threads == 1u);
  BOOST_TEST(found.bandwidth[0].bytes_per_second > 1e7);
  BOOST_TEST(found.bandwidth[1].bytes_per_second > 0);
  // No machine reads with two threads a thousandth of what it reads with one, but for the share.
  BOOST_TEST(found.bandwidth[1].bytes_per_second < found.bandwidth[0].bytes_per_second / 1000);
  BOOST_TEST(found.int8_of_one_thread > 1e6);
  BOOST_TEST(found.float_of_one_thread > 1e6);
  BOOST_TEST(found.int8_per_second > 0);
  BOOST_TEST(found.int8_per_second < found.int8_of_one_thread / 1000);
  BOOST_TEST(found.threads == 2u);
}

BOOST_AUTO_TEST_CASE(without_a_buffer_there_are_no_bandwidths) {
  const auto found =
      measure_ceilings({.threads = 1, .thread_counts = {1}, .buffer_bytes = 0, .share = 1});
  BOOST_TEST(found.bandwidth.empty());
  BOOST_TEST(found.int8_per_second > 0);
  BOOST_TEST(found.int8_per_second == found.int8_of_one_thread);
}

BOOST_AUTO_TEST_CASE(a_part_that_does_not_divide_evenly_can_be_read) {
  const ReadBuffer buffer(3 * mib + 17, 3);
  BOOST_TEST(read_rate(buffer, 3, std::chrono::nanoseconds(0)) > 0);
  BOOST_TEST(read_rate(buffer, 1, std::chrono::nanoseconds(0)) > 0);
}

BOOST_AUTO_TEST_CASE(the_best_of_two_measurements_is_taken_figure_by_figure) {
  const auto best = best_of(some(2), some(1));
  BOOST_TEST(best.processors.bandwidth[0].bytes_per_second == 2.5e10);
  BOOST_TEST(best.processors.bandwidth[1].bytes_per_second == 2e10 / 3);
  BOOST_TEST(best.processors.float_per_second == 1e11);
  BOOST_TEST((best_of(some(1), some(2)) == best));
  auto others = some(2);
  others.processors.bandwidth[0].threads = 8;
  others.processors.threads = 8;
  others.gpus.clear();
  BOOST_TEST((best_of(others, some(1)) == some(1)), "of other numbers of threads nothing is taken");
}

BOOST_AUTO_TEST_CASE(of_gpus_the_best_is_taken_too_and_those_of_either_measurement) {
  const MachineCeilings before{.processors = {}, .gpus = {{0, 1e12, 3e14}, {2, 5e11, 1e13}}};
  const MachineCeilings fresh{.processors = {}, .gpus = {{0, 2e12, 2e14}, {1, 0, 0}}};
  const std::vector<GpuCeiling> expected{{0, 2e12, 3e14}, {1, 0, 0}, {2, 5e11, 1e13}};
  BOOST_TEST((best_of(before, fresh).gpus == expected));
  BOOST_TEST((best_of(fresh, before).gpus == expected));
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_read_back_to_the_last_bit_and_not_measured_again) {
  MachineTree folder;
  const CeilingsFile file(folder.root() / "hardware", key());
  int measured = 0;
  const auto measure = [&] { return ++measured, some(); };
  BOOST_TEST(!file.read().has_value());
  BOOST_TEST((file.get(measure, at_once) == some()));
  BOOST_TEST((file.get(measure, at_once) == some()));
  BOOST_TEST((file.read() == some()));
  BOOST_TEST(measured == 1);
}

BOOST_AUTO_TEST_CASE(another_start_hardware_version_or_instruction_set_is_measured_anew) {
  MachineTree folder;
  CeilingsFile(folder.root(), key()).get([] { return some(); }, at_once);
  auto version = key();
  version.tool_version = "2";
  auto set = key();
  set.instruction_set = "reference";
  auto hardware = key();
  hardware.hardware = "ffffffffffffffff";
  for (const auto& other : {key("boot-2"), version, set, hardware})
    BOOST_TEST(!CeilingsFile(folder.root(), other).read().has_value());
  BOOST_TEST(CeilingsFile(folder.root(), key()).read().has_value());
}

BOOST_AUTO_TEST_CASE(measuring_again_keeps_the_best) {
  MachineTree folder;
  const CeilingsFile file(folder.root(), key());
  file.get([] { return some(2); }, at_once);
  const auto again = file.measure_again([] { return some(1); }, at_once);
  BOOST_TEST((again == some(2)));
  BOOST_TEST((file.measure_again([] { return some(4); }, at_once) == some(4)));
  BOOST_TEST((file.read() == some(4)));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_cut_or_garbled_anywhere_is_measured_anew) {
  MachineTree folder;
  const CeilingsFile file(folder.root(), key());
  file.get([] { return some(); }, at_once);
  const auto path = folder.root() / "ceilings-00112233aabbccdd";
  std::ifstream in(path);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  BOOST_REQUIRE(whole.size() > 100u);
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    std::ofstream(path) << whole.substr(0, length);
    BOOST_TEST(!file.read().has_value(), "cut after " << length);
  }
  for (const char* const instead : {"read x 1", "read 1", "read 0 1e9", "read 1 -1", "read 1 nan",
                                    "read 1 1e9 2", "wrong", "multiply 1 2 3", ""}) {
    std::string garbled = whole;
    const auto line = garbled.find("read 1 ");
    garbled.replace(line, garbled.find('\n', line) - line, instead);
    std::ofstream(path) << garbled;
    BOOST_TEST(!file.read().has_value(), instead);
  }
  for (const char* const instead : {"gpu 0 1e12", "gpu 0 1e12 -1", "gpu 0 nan 1", "gpu 0 1 2 3"}) {
    std::string garbled = whole;
    const auto line = garbled.find("gpu 0 ");
    garbled.replace(line, garbled.find('\n', line) - line, instead);
    std::ofstream(path) << garbled;
    BOOST_TEST(!file.read().has_value(), instead);
  }
  BOOST_TEST((file.get([] { return some(3); }, at_once) == some(3)));
  BOOST_TEST((file.read() == some(3)));
}

BOOST_AUTO_TEST_CASE(a_gpu_of_which_nothing_is_kept_is_measured_and_one_that_failed_is_not_again) {
  MachineTree folder;
  CeilingsFile(folder.root(), key()).get([] { return some(); }, at_once);
  BOOST_TEST(CeilingsFile(folder.root(), key(), true, {0}).read().has_value());
  const CeilingsFile two(folder.root(), key(), true, {0, 1});
  BOOST_TEST(!two.read().has_value(), "a module for the second is there now");
  auto both = some();
  both.gpus.push_back({1, 0, 0});
  int measured = 0;
  const auto measure = [&] { return ++measured, both; };
  BOOST_TEST((two.get(measure, at_once) == both));
  BOOST_TEST((two.get(measure, at_once) == both));
  BOOST_TEST(measured == 1);
}

BOOST_AUTO_TEST_CASE(a_process_that_sees_another_gpu_measures_it_and_loses_nothing_of_the_first) {
  MachineTree folder;
  CeilingsFile(folder.root(), key()).get([] { return some(); }, at_once);
  const CeilingsFile second(folder.root(), key(), true, {1});
  BOOST_TEST(!second.read().has_value(), "what is kept is of the first");
  auto fresh = some();
  fresh.gpus = {{1, 2e12, 3e14}};
  auto both = some();
  both.gpus.push_back({1, 2e12, 3e14});
  BOOST_TEST((second.get([&] { return fresh; }, at_once) == both));
  BOOST_TEST((CeilingsFile(folder.root(), key(), true, {0, 1}).read() == both));
}

BOOST_AUTO_TEST_CASE(of_those_that_ask_at_once_one_measures_and_the_others_wait) {
  MachineTree folder;
  std::atomic<int> measured{0};
  std::vector<std::jthread> askers;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i)
    askers.emplace_back([&] {
      const CeilingsFile file(folder.root(), key());
      const auto found = file.get(
          [&] {
            ++measured;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            return some();
          },
          [] { return std::this_thread::sleep_for(std::chrono::milliseconds(5)), true; });
      right += found == some();
    });
  askers.clear();
  BOOST_TEST(measured == 1);
  BOOST_TEST(right == 4);
}

BOOST_AUTO_TEST_CASE(who_will_not_wait_has_nothing) {
  MachineTree folder;
  const CeilingsFile file(folder.root(), key());
  std::optional<MachineCeilings> impatient = some();
  file.get(
      [&] {
        impatient =
            CeilingsFile(folder.root(), key()).get([] { return some(9); }, [] { return false; });
        return some();
      },
      at_once);
  BOOST_TEST(!impatient.has_value());
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_kept_it_is_measured_each_time) {
  MachineTree folder;
  folder.file("in-the-way", "");
  const CeilingsFile file(folder.root() / "in-the-way" / "below", key());
  int measured = 0;
  for (int i = 0; i < 2; ++i)
    BOOST_TEST((file.get([&] { return ++measured, some(); }, at_once) == some()));
  BOOST_TEST(measured == 2);
}

BOOST_AUTO_TEST_CASE(where_no_bandwidth_can_be_measured_what_is_left_is_kept) {
  MachineTree folder;
  const CeilingsFile small(folder.root(), key(), false);
  auto half = some();
  half.processors.bandwidth.clear();
  int measured = 0;
  const auto measure = [&] { return ++measured, half; };
  BOOST_TEST((small.get(measure, at_once) == half));
  BOOST_TEST((small.get(measure, at_once) == half));
  BOOST_TEST(measured == 1);

  // Once there is memory for it, it is measured, and then not lost again.
  const CeilingsFile large(folder.root(), key());
  BOOST_TEST(!large.read().has_value());
  BOOST_TEST((large.get([] { return some(); }, at_once) == some()));
  BOOST_TEST((small.measure_again(measure, at_once) == some()));
  BOOST_TEST((large.read() == some()));
}

BOOST_AUTO_TEST_CASE(a_measurement_with_something_missing_is_not_kept) {
  MachineTree folder;
  const CeilingsFile file(folder.root(), key());
  auto half = some();
  half.processors.bandwidth.clear();
  BOOST_TEST((file.get([&] { return half; }, at_once) == half));
  BOOST_TEST(!file.read().has_value());
}
