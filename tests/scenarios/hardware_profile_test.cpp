#include "scenarios/hardware/hardware_profile.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

#include "kernels/formats/block_formats.hpp"

using namespace squall::scenarios;

namespace {

constexpr std::uint64_t gib = 1ULL << 30;

/// A server with one socket of 16 cores and 64 GiB.
HardwareFacts server() {
  HardwareFacts facts;
  facts.processor = "AMD EPYC 7R13 Processor";
  facts.architecture = "x86_64";
  facts.sockets = 1;
  facts.cores = 16;
  facts.threads = 32;
  facts.instruction_sets = {"avx2"};
  facts.memory_bytes = 62 * gib;
  facts.kernel = "6.1.0-18-amd64";
  return facts;
}

GpuFacts gpu(const char* name, std::uint64_t memory, bool integrated = false,
             const char* runtime = "") {
  GpuFacts made;
  made.name = name;
  made.vendor = "AMD";
  made.runtime = runtime;
  made.memory_bytes = memory;
  made.integrated = integrated;
  return made;
}

struct Case {
  const char* what;
  std::function<void(HardwareFacts&)> change;
  HardwareClass expected;
};

ModelFacts parameters(std::uint64_t count) {
  ModelFacts model;
  model.parameters = count;
  return model;
}

ModelFacts file(std::uint64_t bytes, const char* format) {
  ModelFacts model;
  model.file_bytes = bytes;
  model.format = format;
  return model;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_rule_of_the_table_holds_at_its_bound_and_not_below) {
  using enum HardwareClass;
  const std::vector<Case> cases{
      {"16 cores and 62 GiB", [](auto&) {}, cpu_high_end},
      {"15 cores", [](auto& f) { f.cores = 15; }, cpu_mid_range},
      {"47 GiB", [](auto& f) { f.memory_bytes = 47 * gib; }, cpu_mid_range},
      {"no vectors", [](auto& f) { f.instruction_sets.clear(); }, cpu_low_end},
      {"plain neon", [](auto& f) { f.instruction_sets = {"neon"}; }, cpu_low_end},
      {"4 cores", [](auto& f) { f.cores = 4; }, cpu_mid_range},
      {"3 cores", [](auto& f) { f.cores = 3; }, cpu_low_end},
      {"12 GiB", [](auto& f) { f.memory_bytes = 12 * gib; }, cpu_mid_range},
      {"11 GiB", [](auto& f) { f.memory_bytes = 11 * gib; }, cpu_low_end},
      {"a limit of 8 cores", [](auto& f) { f.cpu_limit = 8; }, cpu_mid_range},
      {"16 logical processors of 8 cores of 64",
       [](auto& f) { f.cores = 64, f.threads = 128, f.cpu_limit = 16; }, cpu_mid_range},
      {"16 logical processors of as many cores",
       [](auto& f) { f.cores = f.threads = 64, f.cpu_limit = 16; }, cpu_high_end},
      {"a limit of half a core", [](auto& f) { f.cpu_limit = 0.5; }, cpu_low_end},
      {"a limit of 16 GiB", [](auto& f) { f.memory_limit_bytes = 16 * gib; }, cpu_mid_range},
      {"a limit above what is there", [](auto& f) { f.memory_limit_bytes = 999 * gib; },
       cpu_high_end},
      {"12 performance and 8 efficiency cores",
       [](auto& f) { f.cores = 20, f.performance_cores = 12, f.efficiency_cores = 8; },
       cpu_high_end},
      {"12 performance and 7 efficiency cores",
       [](auto& f) { f.cores = 19, f.performance_cores = 12, f.efficiency_cores = 7; },
       cpu_mid_range},
      {"80 GiB of GPU", [](auto& f) { f.gpus = {gpu("MI300X", 80 * gib)}; }, gpu_high_end},
      {"23 GiB of GPU", [](auto& f) { f.gpus = {gpu("3090", 23 * gib)}; }, gpu_high_end},
      {"22 GiB of GPU", [](auto& f) { f.gpus = {gpu("L4", 22 * gib)}; }, gpu_mid_range},
      {"6 GiB of GPU", [](auto& f) { f.gpus = {gpu("2060", 6 * gib)}; }, gpu_mid_range},
      {"80 GiB of an emulated GPU",
       [](auto& f) { f.gpus = {gpu("emulation", 80 * gib)}, f.gpus[0].vendor = "emulation"; },
       cpu_high_end},
      {"5 GiB of GPU", [](auto& f) { f.gpus = {gpu("old", 5 * gib)}; }, cpu_high_end},
      {"GPU in a large processor",
       [](auto& f) { f.gpus = {gpu("890M", 40 * gib, true, "ROCm 6.2")}; }, cpu_high_end},
      {"GPU in a processor, with a runtime",
       [](auto& f) { f.cores = 8, f.gpus = {gpu("890M", 40 * gib, true, "ROCm 6.2")}; },
       gpu_integrated},
      {"GPU in a processor, nothing to compute on it",
       [](auto& f) { f.cores = 8, f.gpus = {gpu("890M", 40 * gib, true)}; }, cpu_mid_range},
      {"x86 on a battery", [](auto& f) { f.battery = true; }, cpu_high_end},
      {"ARM on a battery", [](auto& f) { f.architecture = "aarch64", f.battery = true; }, mobile},
      {"ARM with efficiency cores",
       [](auto& f) {
         f.architecture = "aarch64", f.memory_bytes = 8 * gib;
         f.cores = 8, f.performance_cores = 4, f.efficiency_cores = 4;
       },
       mobile},
      {"a large ARM server",
       [](auto& f) {
         f.architecture = "aarch64", f.instruction_sets = {"neon", "neon_dot"};
       },
       cpu_high_end},
      {"no cores known", [](auto& f) { f.cores = f.threads = 0; }, unknown},
      {"no memory known", [](auto& f) { f.memory_bytes = 0; }, unknown},
      {"only threads known", [](auto& f) { f.cores = 0; }, cpu_high_end},
  };
  for (const Case& each : cases) {
    HardwareFacts facts = server();
    each.change(facts);
    const HardwareProfile found = classify(facts);
    BOOST_TEST(name_of(found.hardware) == name_of(each.expected),
               each.what << ": " << found.reason);
    BOOST_TEST(!found.reason.empty());
  }
}

BOOST_AUTO_TEST_CASE(second_threads_that_a_limit_leaves_do_not_count_as_cores) {
  HardwareFacts facts = server();  // 16 cores of two threads
  const auto cores = [&](double limit) {
    facts.cpu_limit = limit;
    return usable_cores(facts);
  };
  BOOST_TEST(cores(16) == 8);
  BOOST_TEST(cores(32) == 16);
  BOOST_TEST(cores(1) == 1, "one processor may have its core to itself");
  BOOST_TEST(cores(0.5) == 0.5);
}

BOOST_AUTO_TEST_CASE(the_reason_tells_the_rule_and_what_it_looked_at) {
  HardwareFacts facts = server();
  facts.cpu_limit = 0.5;
  facts.memory_limit_bytes = gib;
  BOOST_TEST(classify(facts).reason ==
             "less than the classes above ask for; here: 0.5 cores, 1 GiB");
}

BOOST_AUTO_TEST_CASE(a_declared_class_overrules_the_rules_and_a_wrong_name_does_not) {
  HardwareFacts facts = server();
  facts.declared_class = "mobile";
  BOOST_TEST(name_of(classify(facts).hardware) == "mobile");
  BOOST_TEST(classify(facts).reason.find("declared") != std::string::npos);
  facts.declared_class = "cpu high end";
  BOOST_TEST(classify(facts).reason.find("declared") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(sizes_of_models_change_at_their_bounds) {
  const std::vector<std::pair<std::uint64_t, ModelSize>> cases{
      {1, ModelSize::tiny},
      {99'999'999, ModelSize::tiny},
      {100'000'000, ModelSize::small},
      {999'999'999, ModelSize::small},
      {1'000'000'000, ModelSize::medium},
      {6'999'999'999, ModelSize::medium},
      {7'000'000'000, ModelSize::large},
      {29'999'999'999, ModelSize::large},
      {30'000'000'000, ModelSize::extra_large},
      {0, ModelSize::unknown},
  };
  for (const auto& [count, expected] : cases)
    BOOST_TEST(name_of(size_of(parameters(count))) == name_of(expected), count << " parameters");
}

BOOST_AUTO_TEST_CASE(where_parameters_are_not_known_a_files_size_and_format_tell) {
  // 4.5 GB hold 8 thousand million weights of q4_0, 4.2 of q8_0, 2.25 of f16.
  BOOST_TEST(name_of(size_of(file(4'500'000'000, "q4_0"))) == "large");
  BOOST_TEST(name_of(size_of(file(4'500'000'000, "Q4_K_M"))) == "large");
  BOOST_TEST(name_of(size_of(file(4'500'000'000, "q8_0"))) == "medium");
  BOOST_TEST(name_of(size_of(file(1'900'000'000, "f16"))) == "small");
  BOOST_TEST(name_of(size_of(file(4'500'000'000, ""))) == "unknown");
  BOOST_TEST(name_of(size_of(file(4'500'000'000, "nothing known"))) == "unknown");
  ModelFacts both = file(4'500'000'000, "q4_0");
  both.parameters = 1000;
  BOOST_TEST(name_of(size_of(both)) == "tiny", "parameters tell more than a file's size");
}

BOOST_AUTO_TEST_CASE(bits_of_formats_are_those_of_the_kernels) {
  using namespace squall::kernels;
  for (std::size_t i = 0; i < format_count; ++i) {
    const auto format = static_cast<Format>(i);
    // A file of just below and just above 7 thousand million weights.
    const double bytes = 7e9 * static_cast<double>(bytes_per_block(format)) /
                         static_cast<double>(values_per_block(format));
    const std::string called(name(format));
    BOOST_TEST(name_of(size_of(file(static_cast<std::uint64_t>(bytes * 0.999), called.c_str()))) ==
                   "medium",
               called);
    BOOST_TEST(name_of(size_of(file(static_cast<std::uint64_t>(bytes * 1.001), called.c_str()))) ==
                   "large",
               called);
  }
}

BOOST_AUTO_TEST_CASE(names_can_be_read_back) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(HardwareClass::unknown); ++i) {
    const auto hardware = static_cast<HardwareClass>(i);
    names.insert(name_of(hardware));
    BOOST_TEST((find_hardware_class(name_of(hardware)) == hardware));
  }
  BOOST_TEST(names.size() == 8u);
  for (int i = 0; i <= static_cast<int>(ModelSize::unknown); ++i) {
    const auto size = static_cast<ModelSize>(i);
    BOOST_TEST((find_model_size(name_of(size)) == size));
  }
  BOOST_TEST(!find_hardware_class("gpu").has_value());
  BOOST_TEST(!find_model_size("").has_value());
}

BOOST_AUTO_TEST_CASE(a_fingerprint_changes_with_what_makes_figures_differ) {
  const std::vector<std::function<void(HardwareFacts&)>> changes{
      [](auto& f) { f.processor = "AMD EPYC 9654"; },
      [](auto& f) { f.architecture = "aarch64"; },
      [](auto& f) { f.sockets = 2; },
      [](auto& f) { f.cores = 8; },
      [](auto& f) { f.threads = 16; },
      [](auto& f) { f.performance_cores = 8, f.efficiency_cores = 8; },
      [](auto& f) {
        f.instruction_sets = {"avx2", "avx512_vnni"};
      },
      [](auto& f) { f.memory_bytes = 31 * gib; },
      [](auto& f) { f.memory_limit_bytes = 8 * gib; },
      [](auto& f) { f.cpu_limit = 0.5; },
      [](auto& f) { f.gpus = {gpu("MI300X", 80 * gib)}; },
      [](auto& f) { f.kernel = "5.15.0"; },
  };
  std::set<std::string> seen{fingerprint(server())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    HardwareFacts facts = server();
    changes[i](facts);
    BOOST_TEST(seen.insert(fingerprint(facts)).second, "change " << i << " is not seen");
  }
  for (const auto& each : seen) BOOST_TEST(each.size() == 16u);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_stays_with_what_varies_from_run_to_run) {
  HardwareFacts facts = server();
  facts.gpus = {gpu("A", 80 * gib), gpu("B", 80 * gib)};
  const std::string before = fingerprint(facts);
  facts.memory_free_bytes = 12345;
  facts.memory_bytes -= 300ULL << 20;
  facts.temperature = 71;
  facts.power = 180;
  facts.governor = "powersave";
  facts.kernel = "6.5.1";
  facts.battery = true;
  facts.virtualization = "container";
  facts.declared_class = "mobile";
  facts.ceilings.bandwidth = {{1, 1e10}};
  facts.ceilings.int8_per_second = 1e11;
  std::swap(facts.gpus[0], facts.gpus[1]);
  facts.gpus[0].driver = "560.1";
  BOOST_TEST(fingerprint(facts) == before);
}

BOOST_AUTO_TEST_CASE(a_run_of_one_machine_has_its_fingerprint_and_others_one_over_all) {
  BOOST_TEST(fingerprint_of_all({"00112233aabbccdd"}) == "00112233aabbccdd");
  const std::string two = fingerprint_of_all({"00112233aabbccdd", "1111111111111111"});
  BOOST_TEST(two.size() == 16u);
  BOOST_TEST(two != fingerprint_of_all({"1111111111111111", "1111111111111111"}));
  BOOST_TEST(fingerprint_of_all({}) == "");
  BOOST_TEST(fingerprint_of_all({"00112233aabbccdd", ""}) == "");
}
