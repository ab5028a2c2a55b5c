#include "agents/resources/resource_sampler.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "tests/agents/resources/simulated_machine.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  SimulatedMachine machine;
  Instant start{1h};
  Instant now = start;
  int gpus_asked = 0;
  nanoseconds gpus_take{0};

  /// Of two processors, in hundredths of a second since the machine's start.
  void set_processors(int busy0, int idle0, int busy1, int idle1, int stolen1 = 0) const {
    const long second = sysconf(_SC_CLK_TCK);
    const auto in_ticks = [second](int hundredths) {
      return std::to_string(hundredths * second / 100);
    };
    machine.write("proc/stat", "cpu0 " + in_ticks(busy0) + " 0 0 " + in_ticks(idle0) +
                                   " 0 0 0 0\ncpu1 " + in_ticks(busy1) + " 0 0 " + in_ticks(idle1) +
                                   " 0 0 0 " + in_ticks(stolen1) + "\n");
  }
  void set_network(const std::string& name, int in, int out) const {
    machine.write("proc/net/dev", name + ": " + std::to_string(in) + " 0 0 0 0 0 0 0 " +
                                      std::to_string(out) + " 0 0 0 0 0 0 0\n");
  }
  ResourceSampler sampler() {
    return {ResourceSources{MachineReader(machine.root()), [] { return 4711u; },
                            [this] {
                              ++gpus_asked;
                              now += gpus_take;
                              return std::vector<squall::actors::GpuSample>(20);
                            },
                            [this] { return now; }},
            start};
  }
};

ResourceUse used(nanoseconds cpu, std::uint64_t switches = 0) {
  ResourceUse use;
  use.cpu = cpu;
  use.resident_bytes = 1 << 20;
  use.voluntary_switches = switches;
  use.minor_faults = 10 * switches;
  return use;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resource_sampler, Fixture)

BOOST_AUTO_TEST_CASE(the_first_reading_has_nothing_to_compare_with) {
  ResourceSampler sampled = sampler();
  BOOST_TEST(!sampled.sample(used(3s)).has_value());
}

BOOST_AUTO_TEST_CASE(counters_are_differences_and_gauges_are_as_at_the_end) {
  set_processors(100, 900, 500, 500, 10);
  machine.write("proc/meminfo", "MemAvailable: 8 kB\n");
  ResourceSampler sampled = sampler();
  sampled.sample(used(3s, 7));
  now += 1s;
  set_processors(125, 975, 590, 500, 20);
  machine.write("proc/meminfo", "MemAvailable: 4 kB\n");
  const auto sample = sampled.sample(used(3300ms, 12));
  BOOST_REQUIRE(sample.has_value());
  BOOST_TEST((sample->from == 0s));
  BOOST_TEST((sample->to == 1s));
  BOOST_TEST((sample->cpu_busy == 1150ms));
  BOOST_TEST((sample->cpu_stolen == 100ms));
  BOOST_REQUIRE_EQUAL(sample->core_busy.size(), 2u);
  BOOST_TEST(int{sample->core_busy[0]} == 25);
  BOOST_TEST(int{sample->core_busy[1]} == 90);
  BOOST_TEST((sample->own_cpu == 300ms));
  BOOST_TEST(sample->voluntary_switches == 5u);
  BOOST_TEST(sample->minor_faults == 50u);
  BOOST_TEST(sample->resident_bytes == 1u << 20);
  BOOST_TEST(sample->memory_available_bytes.value() == 4096u);
  BOOST_TEST(sample->allocated_bytes.value() == 4711u);
}

BOOST_AUTO_TEST_CASE(what_the_machine_does_not_tell_is_absent_and_not_zero) {
  ResourceSampler sampled = sampler();
  sampled.sample(used(1s));
  now += 1s;
  const auto sample = sampled.sample(used(2s));
  BOOST_REQUIRE(sample.has_value());
  BOOST_TEST(sample->core_busy.empty());
  BOOST_TEST(!sample->memory_available_bytes);
  BOOST_TEST(!sample->disk_read_bytes);
  BOOST_TEST(!sample->network_sent_bytes);
  BOOST_TEST(!sample->temperature);
  BOOST_TEST(!sample->frequency);
  BOOST_TEST(!sample->proportional_bytes);
}

BOOST_AUTO_TEST_CASE(a_process_that_was_stopped_has_one_long_sample_and_none_made_up) {
  set_processors(0, 0, 0, 0);
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  now += 30s;
  set_processors(600, 2400, 0, 3000);
  const auto sample = sampled.sample(used(6s));
  BOOST_REQUIRE(sample.has_value());
  BOOST_TEST((sample->to - sample->from == 30s));
  BOOST_TEST((sample->cpu_busy == 6s));
  BOOST_TEST(int{sample->core_busy[0]} == 20);
}

BOOST_AUTO_TEST_CASE(who_asks_again_at_once_gets_nothing_and_loses_nothing) {
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  now += 200ms;
  BOOST_TEST(!sampled.sample(used(100ms)).has_value());
  now += 800ms;
  BOOST_TEST((sampled.sample(used(500ms)).value().own_cpu == 500ms));
}

BOOST_AUTO_TEST_CASE(a_processor_that_is_switched_on_counts_from_then_on) {
  machine.write("proc/stat", "cpu0 0 0 0 100\n");
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  now += 1s;
  machine.write("proc/stat", "cpu0 0 0 0 200\ncpu1 5000 0 0 100\n");
  const auto sample = sampled.sample(used(0s));
  BOOST_TEST(sample.value().core_busy.size() == 1u);
  BOOST_TEST((sample->cpu_busy == 0s));
}

BOOST_AUTO_TEST_CASE(an_interface_that_comes_or_begins_anew_is_not_taken_for_traffic) {
  set_network("eth0", 5000, 700);
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  now += 1s;
  set_network("eth0", 6000, 900);
  auto sample = sampled.sample(used(0s)).value();
  BOOST_TEST(sample.network_received_bytes.value() == 1000u);
  BOOST_TEST(sample.network_sent_bytes.value() == 200u);
  now += 1s;
  set_network("eth0", 10, 10);
  sample = sampled.sample(used(0s)).value();
  BOOST_TEST(!sample.network_received_bytes);
  now += 1s;
  set_network("wlan0", 9999, 9999);
  sample = sampled.sample(used(0s)).value();
  BOOST_TEST(!sample.network_sent_bytes);
}

BOOST_AUTO_TEST_CASE(shares_of_pages_are_looked_at_every_ten_seconds) {
  machine.write("proc/self/smaps_rollup", "Pss: 9 kB\n");
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  int told = 0;
  for (int second = 1; second <= 30; ++second) {
    now += 1s;
    told += sampled.sample(used(0s)).value().proportional_bytes.has_value() ? 1 : 0;
  }
  BOOST_TEST(told >= 3);
  BOOST_TEST(told <= 4);
}

BOOST_AUTO_TEST_CASE(what_takes_long_is_read_so_rarely_that_it_takes_a_thousandth_of_the_time) {
  gpus_take = 20ms;
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  for (int second = 1; second <= 60; ++second) {
    now += 1s;
    sampled.sample(used(0s));
  }
  BOOST_TEST(gpus_asked == 3);  // after 20 s each
}

BOOST_AUTO_TEST_CASE(more_gpus_than_a_message_takes_are_left_out) {
  ResourceSampler sampled = sampler();
  sampled.sample(used(0s));
  now += 1s;
  BOOST_TEST(sampled.sample(used(0s)).value().gpus.size() == 16u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(this_process_is_seen_working) {
  Instant now = std::chrono::steady_clock::now();
  ResourceSampler sampled({MachineReader{}, {}, {}, [&] { return now; }}, now);
  sampled.sample(measure_own_process());
  const auto before = measure_own_process();
  std::string text;
  while (measure_own_process().cpu - before.cpu < 50ms) text += "x";
  now += 1s;
  const auto sample = sampled.sample(measure_own_process());
  BOOST_REQUIRE(sample.has_value());
  BOOST_TEST((sample->own_cpu >= 50ms));
  BOOST_TEST((sample->own_cpu < 30s));
  BOOST_TEST(sample->resident_bytes > 100'000u);
  BOOST_TEST(!sample->core_busy.empty());
}
