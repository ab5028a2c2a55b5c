// GPUs of a module that is a class of this test, matched with what was told of the machine's.

#include "agents/hardware/gpus/module_gpus.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>

#include "agents/hardware/agent_hardware.hpp"
#include "agents/hardware/hardware_report.hpp"
#include "tests/agents/hardware/machine_tree.hpp"

using namespace squall;
using namespace squall::agents;
using kernels::DeviceError;
using kernels::DeviceOutOfMemory;
using kernels::FoundGpu;
using kernels::GpuDevice;
using scenarios::GpuFacts;
using squall::tests::MachineTree;

namespace {

/// Devices that are made up, each with its ceilings or with what it throws instead.
class MadeUpModule final : public kernels::GpuModule {
 public:
  explicit MadeUpModule(std::string runtime) : runtime_(std::move(runtime)) {}

  std::string_view runtime() const override { return runtime_; }
  std::vector<GpuDevice> devices(std::string&) override { return {}; }
  std::unique_ptr<kernels::Backend> make_backend(const kernels::GpuBackendOptions&) override {
    throw DeviceError("nothing computes here");
  }
  kernels::GpuCeilings measure(int device) override {
    ++measured;
    if (device == full_device) throw DeviceOutOfMemory("full");
    if (device == lost_device) throw DeviceError("lost");
    return {1e12 * (device + 1), 1e14 * (device + 1)};
  }

  FoundGpu found(int index, const std::string& name, const std::string& address = "") {
    GpuDevice device;
    device.index = index;
    device.name = name;
    device.architecture = "sm_90";
    device.address = address;
    device.memory_bytes = 1000;
    return {this, device};
  }

  int full_device = -1, lost_device = -1, measured = 0;

 private:
  std::string runtime_;
};

GpuFacts told(const std::string& name, const std::string& address = "",
              const std::string& vendor = "NVIDIA") {
  GpuFacts gpu;
  gpu.name = name;
  gpu.vendor = vendor;
  gpu.architecture = "sm_90";
  gpu.address = address;
  return gpu;
}

std::vector<std::size_t> places(const std::vector<MatchedGpu>& matched) {
  std::vector<std::size_t> all;
  for (const MatchedGpu& each : matched) all.push_back(each.gpu);
  return all;
}

void expect_places(const std::vector<MatchedGpu>& matched, const std::vector<std::size_t>& all) {
  BOOST_TEST(places(matched) == all, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(addresses_tell_which_is_which_when_the_order_differs) {
  MadeUpModule cuda("CUDA");
  std::vector<GpuFacts> gpus{told("A", "0000:01:00.0"), told("A", "0000:02:00.0")};
  const auto before = gpus;
  const auto matched =
      match_gpus({cuda.found(0, "A", "0000:02:00.0"), cuda.found(1, "A", "0000:01:00.0")}, gpus);
  expect_places(matched, {1, 0});
  BOOST_TEST(matched[0].device == 0);
  BOOST_TEST((gpus[0].name == before[0].name && gpus.size() == 2u));
}

BOOST_AUTO_TEST_CASE(of_those_that_are_hidden_from_the_runtime_nothing_is_matched) {
  MadeUpModule cuda("CUDA");
  std::vector<GpuFacts> gpus{told("A", "0000:01:00.0"), told("A", "0000:02:00.0")};
  expect_places(match_gpus({cuda.found(0, "A", "0000:02:00.0")}, gpus), {1});
  // Another address than any: it is another GPU, whatever its name.
  expect_places(match_gpus({cuda.found(0, "A", "0000:03:00.0")}, gpus), {2});
  BOOST_REQUIRE(gpus.size() == 3u);
  BOOST_TEST(gpus[2].address == "0000:03:00.0");
}

BOOST_AUTO_TEST_CASE(without_addresses_names_tell_in_their_order) {
  MadeUpModule cuda("CUDA");
  std::vector<GpuFacts> gpus{told("B"), told("A"), told("A")};
  expect_places(match_gpus({cuda.found(0, "A"), cuda.found(1, "A"), cuda.found(2, "B")}, gpus),
                {1, 2, 0});
  BOOST_TEST(gpus.size() == 3u);
}

BOOST_AUTO_TEST_CASE(what_only_the_kernel_told_of_gets_the_rest_from_the_runtime) {
  MadeUpModule cuda("CUDA");
  GpuFacts number = told("NVIDIA GPU 0x2335");
  number.architecture.clear();
  std::vector<GpuFacts> gpus{told("Radeon", "", "AMD"), number};
  expect_places(match_gpus({cuda.found(0, "NVIDIA H200", "0000:01:00.0")}, gpus), {1});
  BOOST_TEST(gpus[1].name == "NVIDIA GPU 0x2335", "what was told stays");
  BOOST_TEST(gpus[1].architecture == "sm_90");
  BOOST_TEST(gpus[1].memory_bytes == 1000u);
  BOOST_TEST(gpus[1].runtime == "CUDA");
  BOOST_TEST(gpus[1].address == "0000:01:00.0");
}

BOOST_AUTO_TEST_CASE(where_nobody_else_tells_the_module_alone_does) {
  MadeUpModule hip("HIP"), cuda("CUDA"), emulated("emulation");
  std::vector<GpuFacts> gpus;
  expect_places(match_gpus({hip.found(0, "MI210"), cuda.found(0, "H200"),
                            emulated.found(0, "emulation of a GPU on the CPU")},
                           gpus),
                {0, 1});  // an emulated one is not to be measured
  BOOST_REQUIRE(gpus.size() == 3u);
  BOOST_TEST(gpus[0].vendor == "AMD");
  BOOST_TEST(gpus[0].name == "MI210");
  BOOST_TEST(gpus[1].vendor == "NVIDIA");
  BOOST_TEST(gpus[2].vendor == "emulation");
  BOOST_TEST(gpus[2].runtime == "emulation");
}

BOOST_AUTO_TEST_CASE(a_device_that_is_found_twice_counts_once) {
  MadeUpModule cuda("CUDA"), again("CUDA");
  std::vector<GpuFacts> gpus;
  expect_places(match_gpus({cuda.found(0, "A"), cuda.found(0, "A"), cuda.found(1, "A")}, gpus),
                {0, 1});
  gpus.clear();
  expect_places(
      match_gpus({cuda.found(0, "A", "0000:01:00.0"), again.found(0, "A", "0000:01:00.0")}, gpus),
      {0});
  BOOST_TEST(gpus.size() == 1u);
}

BOOST_AUTO_TEST_CASE(each_is_measured_and_one_that_fails_has_no_rates) {
  MadeUpModule cuda("CUDA");
  cuda.full_device = 1;
  cuda.lost_device = 2;
  std::vector<GpuFacts> gpus;
  const auto matched = match_gpus(
      {cuda.found(0, "A"), cuda.found(1, "B"), cuda.found(2, "C"), cuda.found(3, "D")}, gpus);
  const auto ceilings = measure_gpus(matched);
  const std::vector<GpuCeiling> expected{{0, 1e12, 1e14}, {1, 0, 0}, {2, 0, 0}, {3, 4e12, 4e14}};
  BOOST_TEST((ceilings == expected));
  tell_ceilings(ceilings, gpus);
  BOOST_TEST(gpus[0].copy_bytes_per_second == 1e12);
  BOOST_TEST(gpus[0].matrix_per_second == 1e14);
  BOOST_TEST(gpus[1].copy_bytes_per_second == 0);
  BOOST_TEST(gpus[3].matrix_per_second == 4e14);
  BOOST_TEST(cuda.measured == 4);
}

namespace {

/// A machine with one more GPU than it has, and an empty folder to keep figures in.
struct MadeUpMachine {
  MachineTree folder;
  MadeUpModule cuda{"CUDA"};
  int searches = 0;
  HardwareWishes wishes;

  MadeUpMachine() {
    setenv("XDG_CACHE_HOME", folder.root().c_str(), 1);
    wishes.find_gpus = [this] {
      ++searches;
      return kernels::GpuSearch{{cuda.found(1, "Made up", "ffff:00:00.0")}, {}};
    };
  }
  ~MadeUpMachine() { unsetenv("XDG_CACHE_HOME"); }
};

const GpuFacts* made_up(const scenarios::HardwareFacts& facts) {
  const auto found = std::ranges::find(facts.gpus, std::string("Made up"), &GpuFacts::name);
  return found == facts.gpus.end() ? nullptr : &*found;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_machine_tells_what_was_measured_once_of_its_gpu, MadeUpMachine) {
  for (int i = 0; i < 2; ++i) {
    auto facts = hardware_here(wishes);
    BOOST_TEST(facts.ceilings.int8_per_second > 0);
    BOOST_TEST(look_for_gpus(wishes, facts).usable.size() == 1u);
    BOOST_REQUIRE(made_up(facts) != nullptr);
    BOOST_TEST(made_up(facts)->copy_bytes_per_second == 2e12);
    BOOST_TEST(made_up(facts)->matrix_per_second == 2e14);
    BOOST_TEST(facts.ceilings.int8_per_second > 0);
    BOOST_TEST(hardware_text(facts).find("Made up, 2000 GB/s read and written, "
                                         "200000 G multiply-adds/s of halves") !=
               std::string::npos);
  }
  BOOST_TEST(cuda.measured == 1);
}

BOOST_FIXTURE_TEST_CASE(nobody_looks_for_gpus_to_compute_on_before_an_engine_wants_one,
                        MadeUpMachine) {
  wishes.measuring = Measuring::never;
  AgentMachine machine(wishes, hardware_here(wishes));
  BOOST_TEST(made_up(machine.facts()) == nullptr);
  BOOST_TEST(searches == 0);
  BOOST_TEST(machine.find_gpus().usable.size() == 1u);
  BOOST_TEST(searches == 1);
  BOOST_REQUIRE(made_up(machine.facts()) != nullptr);
  BOOST_TEST(made_up(machine.facts())->copy_bytes_per_second == 0);
  BOOST_TEST(cuda.measured == 0);
}

BOOST_AUTO_TEST_CASE(kept_ceilings_of_gpus_that_are_gone_are_of_no_use) {
  std::vector<GpuFacts> gpus{told("A")};
  tell_ceilings({{0, 1e12, 1e14}, {1, 2e12, 2e14}}, gpus);
  BOOST_TEST(gpus.size() == 1u);
  BOOST_TEST(gpus[0].copy_bytes_per_second == 1e12);
}
