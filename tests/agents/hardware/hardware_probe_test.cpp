// Machines that are only files: what the probe tells of them, and what it does not make up.

#include "agents/hardware/probe/hardware_probe.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "scenarios/hardware/hardware_profile.hpp"
#include "tests/agents/hardware/machine_tree.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::tests;
using scenarios::HardwareFacts;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kib = 1 << 10, mib = 1 << 20, gib = 1 << 30;

HardwareFacts probed(const MachineTree& tree, const char* architecture) {
  return probe_hardware(
      {.files = tree.files(), .architecture = architecture, .features = {}, .gpus = {}, .wait = [] {
         return 100ms;
       }});
}

std::string_view class_of(const HardwareFacts& facts) {
  return scenarios::name_of(scenarios::classify(facts).hardware);
}

std::string x86_processor(int number, int package, int core, const std::string& name,
                          const std::string& flags) {
  return "processor\t: " + std::to_string(number) + "\nmodel name\t: " + name +
         "\nphysical id\t: " + std::to_string(package) + "\ncore id\t\t: " + std::to_string(core) +
         "\nflags\t\t: fpu vme " + flags + "\n\n";
}

std::string arm_processor(int number, const char* part) {
  return "processor\t: " + std::to_string(number) +
         "\nBogoMIPS\t: 38.40\nFeatures\t: fp asimd evtstrm aes crc32 asimddp i8mm\n"
         "CPU implementer\t: 0x41\nCPU part\t: " +
         part + "\n\n";
}

/// 2 sockets of 8 cores with 2 threads each, numbered as Linux does: second threads last.
void make_server(MachineTree& tree) {
  std::string info;
  const auto number_of = [](int thread, int package, int core) {
    return thread * 16 + package * 8 + core;
  };
  for (int thread = 0; thread < 2; ++thread)
    for (int package = 0; package < 2; ++package)
      for (int core = 0; core < 8; ++core) {
        const int number = number_of(thread, package, core);
        const int first = number_of(0, package, core);
        info += x86_processor(number, package, core, "AMD EPYC 7262 8-Core Processor",
                              "avx2 fma f16c avx512f");
        tree.place(number, package, std::to_string(first) + ',' + std::to_string(first + 16));
        // Each 4 cores share 32 MiB.
        const int complex = package * 2 + core / 4;
        tree.cache(number, 0, 1, "Data", "32K", std::to_string(first));
        tree.cache(number, 1, 1, "Instruction", "64K", std::to_string(first));
        tree.cache(number, 2, 2, "Unified", "512K", std::to_string(first));
        tree.cache(number, 3, 3, "Unified", "32768K", "complex" + std::to_string(complex));
        tree.processor(number, "cpufreq/scaling_governor", "performance");
        tree.processor(number, "cpufreq/cpuinfo_max_freq", number % 8 == 0 ? "3700000" : "3500000");
      }
  tree.file("proc/cpuinfo", info)
      .file("sys/devices/system/cpu/online", "0-31")
      .file("proc/meminfo",
            "MemTotal:       528000000 kB\nMemFree: 1 kB\nMemAvailable: 500000000 kB")
      .file("proc/sys/kernel/osrelease", "6.1.0-18-amd64")
      .file("sys/class/dmi/id/sys_vendor", "Dell Inc.")
      .file("sys/class/hwmon/hwmon0/name", "nvme")
      .file("sys/class/hwmon/hwmon0/temp1_input", "81000")
      .file("sys/class/hwmon/hwmon1/name", "k10temp")
      .file("sys/class/hwmon/hwmon1/temp1_input", "52125")
      .file("sys/class/hwmon/hwmon1/temp3_input", "48000")
      .file("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-31");
}

/// A phone: 1 + 3 + 4 cores.
void make_phone(MachineTree& tree) {
  std::string info;
  for (int i = 0; i < 8; ++i) {
    const char* const part = i < 4 ? "0xd46" : i < 7 ? "0xd47" : "0xd48";
    info += arm_processor(i, part);
    tree.place(i, -1, std::to_string(i));
    tree.processor(i, "cpu_capacity", i < 4 ? "325" : i < 7 ? "825" : "1024");
    tree.processor(i, "cpufreq/scaling_governor", i < 4 ? "schedutil" : "performance");
  }
  tree.file("proc/cpuinfo", info + "Hardware\t: Qualcomm Technologies, Inc SM8450")
      .file("sys/devices/system/cpu/online", "0-7")
      .file("proc/meminfo", "MemTotal:        7600000 kB\nMemAvailable:    3000000 kB")
      .file("proc/sys/kernel/osrelease", "5.10.136-android12")
      .file("sys/class/power_supply/battery/type", "Battery")
      .file("sys/class/power_supply/battery/status", "Discharging")
      .file("sys/class/power_supply/battery/current_now", "-800000")
      .file("sys/class/power_supply/battery/voltage_now", "4000000")
      .file("sys/class/thermal/thermal_zone0/type", "battery")
      .file("sys/class/thermal/thermal_zone0/temp", "60000")
      .file("sys/class/thermal/thermal_zone1/type", "cpu-0-0-usr")
      .file("sys/class/thermal/thermal_zone1/temp", "41500")
      .file("sys/class/thermal/thermal_zone2/type", "cpu-1-0-usr")
      .file("sys/class/thermal/thermal_zone2/temp", "-274000");
}

/// A laptop of 2 cores with 2 threads each, and 4 efficiency cores.
void make_hybrid_laptop(MachineTree& tree) {
  std::string info;
  for (int i = 0; i < 8; ++i) {
    info += x86_processor(i, 0, i < 4 ? i / 2 * 4 : i + 4, "12th Gen Intel(R) Core(TM) i5-1235U",
                          "avx2 fma f16c avx_vnni");
    tree.place(i, 0, i < 4 ? (i < 2 ? "0-1" : "2-3") : std::to_string(i));
    tree.cache(i, 0, 1, "Data", i < 4 ? "48K" : "32K", std::to_string(i));
    tree.cache(i, 2, 2, "Unified", i < 4 ? "1280K" : "2048K", i < 4 ? std::to_string(i) : "4-7");
    tree.cache(i, 3, 3, "Unified", "12288K", "0-7");
  }
  tree.file("proc/cpuinfo", info)
      .file("sys/devices/system/cpu/online", "0-7")
      .file("sys/devices/cpu_core/cpus", "0-3")
      .file("sys/devices/cpu_atom/cpus", "4-7")
      .file("proc/meminfo", "MemTotal:       16000000 kB\nMemAvailable:    9000000 kB")
      .file("proc/sys/kernel/osrelease", "6.5.0-14-generic")
      .file("sys/class/power_supply/AC/type", "Mains")
      .file("sys/class/power_supply/BAT0/type", "Battery")
      .file("sys/class/power_supply/BAT0/status", "Charging")
      .file("sys/class/power_supply/BAT0/power_now", "30000000")
      .file("sys/class/power_supply/mouse/type", "Battery")
      .file("sys/class/power_supply/mouse/scope", "Device")
      .file("sys/class/thermal/thermal_zone0/type", "acpitz")
      .file("sys/class/thermal/thermal_zone0/temp", "90000")
      .file("sys/class/thermal/thermal_zone1/type", "x86_pkg_temp")
      .file("sys/class/thermal/thermal_zone1/temp", "55000");
}

/// A virtual machine of 4 processors; a container in it has half of one, and 512 MiB.
void make_container(MachineTree& tree) {
  std::string info;
  for (int i = 0; i < 4; ++i) {
    info += x86_processor(i, 0, i, "Intel(R) Xeon(R) Platinum 8259CL", "avx2 fma f16c hypervisor");
    tree.place(i, 0, std::to_string(i));
  }
  tree.file("proc/cpuinfo", info)
      .file("sys/devices/system/cpu/online", "0-3")
      .file("proc/meminfo", "MemTotal:       16000000 kB\nMemAvailable:    9000000 kB")
      .file("proc/sys/kernel/osrelease", "5.15.0-1051-aws")
      .file(".dockerenv", "")
      .file("sys/class/dmi/id/sys_vendor", "Amazon EC2")
      .file("sys/class/dmi/id/product_name", "m5.xlarge")
      .file("proc/self/cgroup", "0::/")
      .file("proc/self/mountinfo",
            "1 0 0:1 / / rw - overlay overlay rw\n"
            "36 25 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate")
      .file("sys/fs/cgroup/cpu.max", "50000 100000")
      .file("sys/fs/cgroup/memory.max", "536870912")
      .file("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-3");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_server_of_two_sockets_is_told_core_by_core) {
  MachineTree tree;
  make_server(tree);
  const HardwareFacts facts = probed(tree, "x86_64");
  BOOST_TEST(facts.processor == "AMD EPYC 7262 8-Core Processor");
  BOOST_TEST(facts.sockets == 2u);
  BOOST_TEST(facts.cores == 16u);
  BOOST_TEST(facts.threads == 32u);
  BOOST_TEST(facts.performance_cores == 0u, "some cores boost a little higher: all are alike");
  BOOST_TEST(facts.efficiency_cores == 0u);
  BOOST_TEST(facts.instruction_sets == std::vector<std::string>{"avx2"},
             boost::test_tools::per_element());
  BOOST_TEST(facts.l1_data_bytes == 32 * kib);
  BOOST_TEST(facts.l2_bytes == 512 * kib);
  BOOST_TEST(facts.l3_bytes == 2 * 32 * mib, "of one socket: two parts");
  BOOST_TEST(facts.memory_bytes == 528'000'000ULL * kib);
  BOOST_TEST(facts.memory_free_bytes == 500'000'000ULL * kib);
  BOOST_TEST(facts.cpu_limit == 0);
  BOOST_TEST(facts.memory_limit_bytes == 0u);
  BOOST_TEST(facts.kernel == "6.1.0-18-amd64");
  BOOST_TEST(facts.governor == "performance");
  BOOST_TEST(facts.virtualization == "none");
  BOOST_TEST(!facts.battery);
  BOOST_TEST(facts.temperature.value_or(0) == 52.125, "not that of the disk");
  BOOST_TEST(!facts.power.has_value());
  BOOST_TEST(class_of(facts) == "cpu-high-end");
}

BOOST_AUTO_TEST_CASE(a_phone_has_cores_of_three_sizes_and_a_battery) {
  MachineTree tree;
  make_phone(tree);
  const HardwareFacts facts = probed(tree, "aarch64");
  BOOST_TEST(facts.processor ==
             "Qualcomm Technologies, Inc SM8450 (Cortex-A510 x 4, Cortex-A710 x 3, Cortex-X2 x 1)");
  BOOST_TEST(facts.sockets == 0u, "it does not tell");
  BOOST_TEST(facts.cores == 8u);
  BOOST_TEST(facts.performance_cores == 4u);
  BOOST_TEST(facts.efficiency_cores == 4u);
  BOOST_TEST(facts.instruction_sets == (std::vector<std::string>{"neon", "neon_dot", "i8mm"}),
             boost::test_tools::per_element());
  BOOST_TEST(facts.governor == "performance, schedutil");
  BOOST_TEST(facts.virtualization == "", "nothing tells");
  BOOST_TEST(facts.battery);
  BOOST_TEST(facts.temperature.value_or(0) == 41.5, "not that of the battery, nor of a broken one");
  BOOST_TEST(facts.power.value_or(0) == 3.2, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(class_of(facts) == "mobile");
}

BOOST_AUTO_TEST_CASE(a_hybrid_laptop_has_cores_of_two_kinds) {
  MachineTree tree;
  make_hybrid_laptop(tree);
  const HardwareFacts facts = probed(tree, "x86_64");
  BOOST_TEST(facts.cores == 6u);
  BOOST_TEST(facts.threads == 8u);
  BOOST_TEST(facts.performance_cores == 2u);
  BOOST_TEST(facts.efficiency_cores == 4u);
  BOOST_TEST(facts.l1_data_bytes == 48 * kib, "of a performance core");
  BOOST_TEST(facts.l2_bytes == 1280 * kib);
  BOOST_TEST(facts.l3_bytes == 12 * mib);
  BOOST_TEST(facts.instruction_sets == (std::vector<std::string>{"avx2", "avx_vnni"}),
             boost::test_tools::per_element());
  BOOST_TEST(facts.battery);
  BOOST_TEST(facts.temperature.value_or(0) == 55);
  BOOST_TEST(!facts.power.has_value(), "a battery that is charged tells nothing of it");
  BOOST_TEST(class_of(facts) == "cpu-mid-range", "2 cores and 4 that count half");
}

BOOST_AUTO_TEST_CASE(cores_differ_by_frequency_where_nothing_else_tells) {
  MachineTree tree;
  make_hybrid_laptop(tree);
  tree.remove("sys/devices/cpu_core");
  tree.remove("sys/devices/cpu_atom");
  BOOST_TEST(probed(tree, "x86_64").efficiency_cores == 0u);
  for (int i = 0; i < 8; ++i)
    tree.processor(i, "cpufreq/cpuinfo_max_freq", i < 4 ? "4400000" : "3290000");
  BOOST_TEST(probed(tree, "x86_64").efficiency_cores == 4u);
  tree.processor(7, "cpufreq/cpuinfo_max_freq", "fast");
  BOOST_TEST(probed(tree, "x86_64").efficiency_cores == 0u,
             "one that does not tell, and none does");
}

BOOST_AUTO_TEST_CASE(a_container_with_half_a_processor_is_no_more_than_that) {
  MachineTree tree;
  make_container(tree);
  const HardwareFacts facts = probed(tree, "x86_64");
  BOOST_TEST(facts.cores == 4u);
  BOOST_TEST(facts.cpu_limit == 0.5);
  BOOST_TEST(facts.memory_limit_bytes == gib / 2);
  BOOST_TEST(facts.virtualization == "container in kvm");
  BOOST_TEST(class_of(facts) == "cpu-low-end");
}

BOOST_AUTO_TEST_CASE(what_the_processor_says_of_itself_overrules_the_kernels_flags) {
  MachineTree tree;
  make_server(tree);
  kernels::CpuFeatures features;
  features.avx2 = features.avx512_vnni = true;
  const auto facts = probe_hardware({.files = tree.files(),
                                     .architecture = "x86_64",
                                     .features = features,
                                     .gpus = {},
                                     .wait = {}});
  BOOST_TEST(facts.instruction_sets == (std::vector<std::string>{"avx2", "avx512_vnni"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(power_is_energy_over_the_time_that_was_waited) {
  MachineTree tree;
  make_server(tree);
  const std::string zone = "sys/class/powercap/intel-rapl:";
  for (int package = 0; package < 2; ++package) {
    const std::string folder = zone + std::to_string(package);
    tree.file(folder + "/name", "package-" + std::to_string(package));
    tree.file(folder + "/max_energy_range_uj", "1000000000");
  }
  tree.file(zone + "0/energy_uj", "5000000").file(zone + "1/energy_uj", "999000000");
  tree.file(zone + "0:0/name", "core").file(zone + "0:0/energy_uj", "1");
  const auto wait = [&]() -> std::chrono::nanoseconds {
    tree.file(zone + "0/energy_uj", "15000000").file(zone + "1/energy_uj", "4000000");
    return 200ms;
  };
  const auto facts = probe_hardware(
      {.files = tree.files(), .architecture = "x86_64", .features = {}, .gpus = {}, .wait = wait});
  // 10 J of the first, 5 J of the second, whose counter began anew, in a fifth of a second.
  BOOST_TEST(facts.power.value_or(0) == 75, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(an_empty_tree_tells_nothing_and_nothing_is_made_up) {
  MachineTree tree;
  HardwareFacts nothing;
  nothing.architecture = "riscv64";
  BOOST_TEST((probed(tree, "riscv64") == nothing));
  BOOST_TEST(class_of(nothing) == "unknown");
}

BOOST_AUTO_TEST_CASE(garbled_files_are_as_good_as_none) {
  const char* const garbage[] = {"",
                                 "-",
                                 "max",
                                 "-1",
                                 "0x10",
                                 "1e9",
                                 "99999999999999999999999",
                                 "\x01\xff\xfe",
                                 "1-",
                                 ",,,",
                                 "3-1",
                                 "0-99999999",
                                 "1 2 3",
                                 "kB kB kB",
                                 ": : :",
                                 "::::"};
  for (const bool processors_are_known : {false, true}) {
    MachineTree tree;
    make_container(tree);
    make_hybrid_laptop(tree);
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree.root()))
      if (entry.is_regular_file() && !(processors_are_known && entry.path().filename() == "online"))
        files.push_back(entry.path());
    for (const char* const text : garbage) {
      for (const auto& file : files) std::ofstream(file) << text;
      const HardwareFacts facts = probed(tree, "x86_64");
      BOOST_TEST(facts.threads == (processors_are_known ? 8u : 0u), text);
      BOOST_TEST(facts.memory_bytes == 0u, text);
      BOOST_TEST(facts.cpu_limit == 0, text);
      BOOST_TEST(facts.memory_limit_bytes == 0u, text);
      BOOST_TEST(!facts.temperature.has_value(), text);
      BOOST_TEST(facts.l3_bytes == 0u, text);
      BOOST_TEST(!facts.battery, text);
    }
  }
}

BOOST_AUTO_TEST_CASE(this_machine_can_be_told) {
  const HardwareFacts facts = probe_hardware(this_machine());
  BOOST_TEST(facts.architecture != "");
  BOOST_TEST(facts.kernel != "");
  BOOST_TEST(facts.threads > 0u);
  BOOST_TEST(facts.memory_bytes > 0u);
  BOOST_TEST(facts.memory_bytes >= facts.memory_free_bytes);
  BOOST_TEST(class_of(facts) != "unknown");
  BOOST_TEST(scenarios::fingerprint(facts) ==
             scenarios::fingerprint(probe_hardware(this_machine())));
}
