#include "agents/resources/machine_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "tests/agents/resources/simulated_machine.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

nanoseconds ticks(int count) { return nanoseconds(1s) / sysconf(_SC_CLK_TCK) * count; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(machine_reader, SimulatedMachine)

BOOST_AUTO_TEST_CASE(processors_are_told_apart_and_waiting_for_a_disk_is_idleness) {
  write("proc/stat",
        "cpu  30 3 12 90 8 1 2 5 7 0\n"
        "cpu0 10 1 4 40 3 0 1 2 3 0\n"
        "cpu3 20 2 8 50 5 1 1 3 4 0\n"
        "intr 12345 0 0\n"
        "ctxt 99\n");
  const auto reading = MachineReader(root()).read();
  BOOST_REQUIRE_EQUAL(reading.processors.size(), 2u);
  const ProcessorTime& first = reading.processors.at(0);
  BOOST_TEST((first.busy == ticks(16)));  // user, nice, system, interrupts; guests are in user
  BOOST_TEST((first.idle == ticks(43)));
  BOOST_TEST((first.stolen == ticks(2)));
  BOOST_TEST((reading.processors.at(3).busy == ticks(32)));
}

BOOST_AUTO_TEST_CASE(an_old_kernel_that_tells_no_stolen_time_is_understood) {
  write("proc/stat", "cpu0 10 1 4 40\n");
  const auto reading = MachineReader(root()).read();
  BOOST_TEST((reading.processors.at(0).busy == ticks(15)));
  BOOST_TEST((reading.processors.at(0).stolen == 0ns));
}

BOOST_AUTO_TEST_CASE(a_machine_without_any_files_tells_nothing) {
  MachineReader machine(root());
  const auto reading = machine.read();
  BOOST_TEST(reading.processors.empty());
  BOOST_TEST(!reading.memory_available_bytes);
  BOOST_TEST(reading.disks.empty());
  BOOST_TEST(reading.interfaces.empty());
  BOOST_TEST(!machine.temperature());
  BOOST_TEST(!machine.frequency());
  BOOST_TEST(!machine.proportional_bytes());
}

BOOST_AUTO_TEST_CASE(files_of_garbage_tell_nothing) {
  write("proc/stat", "cpu0 ten\ncpux\n\xff\xfe");
  write("proc/meminfo", "MemAvailable: much\n");
  write("proc/diskstats", "vda\n");
  write("sys/block/vda/size", "1\n");
  write("proc/net/dev", "eth0: 1 2\n");
  write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
  write("sys/class/thermal/thermal_zone0/temp", "\n");
  MachineReader machine(root());
  const auto reading = machine.read();
  BOOST_TEST(reading.processors.empty());
  BOOST_TEST(!reading.memory_available_bytes);
  BOOST_TEST(reading.disks.empty());
  BOOST_TEST(reading.interfaces.empty());
  BOOST_TEST(!machine.temperature());
}

BOOST_AUTO_TEST_CASE(only_whole_disks_count_and_none_twice) {
  for (const char* name : {"nvme0n1", "dm-0", "loop0", "md0"})
    write(std::string("sys/block/") + name + "/size", "1\n");
  write("proc/diskstats",
        "   7 0 loop0 1 0 999 0 1 0 999 0 0 0 0\n"
        " 259 0 nvme0n1 10 2 100 5 20 3 200 7 0 0 0 0 0 0 0 0 0\n"
        " 259 1 nvme0n1p1 9 2 90 5 19 3 190 7 0 0 0\n"
        " 253 0 dm-0 9 2 90 5 19 3 190 7 0 0 0\n"
        "   9 0 md0 9 2 90 5 19 3 190 7 0 0 0\n");
  const auto reading = MachineReader(root()).read();
  BOOST_REQUIRE_EQUAL(reading.disks.size(), 1u);
  BOOST_TEST(reading.disks.at("nvme0n1").in == 100u * 512);
  BOOST_TEST(reading.disks.at("nvme0n1").out == 200u * 512);
}

BOOST_AUTO_TEST_CASE(interfaces_are_read_with_and_without_a_space_behind_the_colon) {
  write("proc/net/dev",
        "Inter-|   Receive                            |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes packets\n"
        "    lo: 1000 1 0 0 0 0 0 0 2000 9 0 0 0 0 0 0\n"
        "  eth0:12345678901 1 0 0 0 0 0 0 55 9 0 0 0 0 0 0\n");
  const auto reading = MachineReader(root()).read();
  BOOST_REQUIRE_EQUAL(reading.interfaces.size(), 2u);
  BOOST_TEST(reading.interfaces.at("lo").out == 2000u);
  BOOST_TEST(reading.interfaces.at("eth0").in == 12345678901u);
}

BOOST_AUTO_TEST_CASE(interfaces_that_are_stacked_on_others_do_not_count_twice) {
  const std::string numbers = ": 1000 1 0 0 0 0 0 0 2000 9 0 0 0 0 0 0\n";
  write("proc/net/dev",
        "eth0" + numbers + "bond0" + numbers + "bond0.7" + numbers + "tun0" + numbers);
  write("sys/class/net/eth0/upper_bond0/mtu", "1500\n");
  write("sys/class/net/bond0/lower_eth0/mtu", "1500\n");
  write("sys/class/net/bond0/upper_bond0.7/mtu", "1500\n");
  write("sys/class/net/bond0.7/lower_bond0/mtu", "1500\n");
  write("sys/class/net/tun0/mtu", "1500\n");
  const auto interfaces = MachineReader(root()).read().interfaces;
  BOOST_REQUIRE_EQUAL(interfaces.size(), 2u);
  BOOST_TEST(interfaces.count("eth0") == 1u);
  BOOST_TEST(interfaces.count("tun0") == 1u);
}

BOOST_AUTO_TEST_CASE(a_bridge_that_gets_members_later_counts_no_more_from_then_on) {
  const std::string numbers = ": 1000 1 0 0 0 0 0 0 2000 9 0 0 0 0 0 0\n";
  write("proc/net/dev", "br0" + numbers + "eth0" + numbers);
  write("sys/class/net/br0/mtu", "1500\n");
  MachineReader reader(root());
  BOOST_TEST(reader.read().interfaces.count("br0") == 1u);
  write("sys/class/net/br0/lower_eth0/mtu", "1500\n");
  const auto interfaces = reader.read().interfaces;
  BOOST_TEST(interfaces.count("br0") == 0u);
  BOOST_TEST(interfaces.count("eth0") == 1u);
}

BOOST_AUTO_TEST_CASE(available_memory_is_not_free_memory) {
  write("proc/meminfo", "MemTotal: 100 kB\nMemFree: 7 kB\nMemAvailable:      42 kB\n");
  BOOST_TEST(MachineReader(root()).read().memory_available_bytes.value() == 42u * 1024);
}

BOOST_AUTO_TEST_CASE(the_hottest_sensor_of_the_processor_counts_and_no_disk) {
  write("sys/class/hwmon/hwmon0/name", "nvme\n");
  write("sys/class/hwmon/hwmon0/temp1_input", "90000\n");
  write("sys/class/hwmon/hwmon1/name", "coretemp\n");
  write("sys/class/hwmon/hwmon1/temp1_input", "51000\n");
  write("sys/class/hwmon/hwmon1/temp2_input", "63500\n");
  write("sys/class/hwmon/hwmon1/temp2_max", "99000\n");
  write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
  write("sys/class/thermal/thermal_zone0/temp", "77000\n");
  BOOST_TEST(MachineReader(root()).temperature().value() == 63.5);
}

BOOST_AUTO_TEST_CASE(a_sensor_that_is_broken_or_off_is_left_out) {
  write("sys/class/hwmon/hwmon1/name", "coretemp\n");
  write("sys/class/hwmon/hwmon1/temp1_input", "51000\n");
  write("sys/class/hwmon/hwmon1/temp2_input", "2147483647\n");
  BOOST_TEST(MachineReader(root()).temperature().value() == 51);
  write("sys/class/hwmon/hwmon1/temp1_input", "0\n");
  BOOST_TEST(!MachineReader(root()).temperature());
}

BOOST_AUTO_TEST_CASE(a_phone_tells_its_heat_by_zones) {
  write("sys/class/thermal/thermal_zone0/type", "battery\n");
  write("sys/class/thermal/thermal_zone0/temp", "99000\n");
  write("sys/class/thermal/thermal_zone1/type", "cpu-1-0\n");
  write("sys/class/thermal/thermal_zone1/temp", "48200\n");
  BOOST_TEST(MachineReader(root()).temperature().value() == 48.2);
}

BOOST_AUTO_TEST_CASE(frequency_is_the_mean_and_processors_that_are_off_are_left_out) {
  write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3000000\n");
  write("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1000000\n");
  write("sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq", "\n");
  write("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "9000000\n");
  BOOST_TEST(MachineReader(root()).frequency().value() == 2e9);
}

BOOST_AUTO_TEST_CASE(a_virtual_machine_tells_its_frequency_as_its_processors_describe_themselves) {
  write("proc/cpuinfo",
        "processor\t: 0\ncpu MHz\t\t: 2445.428\n\nprocessor\t: 1\ncpu MHz\t\t: 2447.428\n");
  BOOST_TEST(MachineReader(root()).frequency().value() == 2446.428e6,
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(shared_pages_count_by_share) {
  write("proc/self/smaps_rollup",
        "55..7f ---p [rollup]\nRss: 1700 kB\nPss: 216 kB\nPss_Anon: 1 kB\n");
  BOOST_TEST(MachineReader(root()).proportional_bytes().value() == 216u * 1024);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(this_machine_tells_of_its_processors_and_its_memory) {
  MachineReader machine;
  const auto reading = machine.read();
  BOOST_TEST(reading.processors.size() >= 1u);
  BOOST_TEST(reading.memory_available_bytes.value_or(0) > 0u);
  BOOST_TEST(reading.interfaces.count("lo") == 1u);
}
