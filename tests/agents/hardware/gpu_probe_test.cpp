// GPUs that are not there: fake_nvml and fake_rocm_smi are small libraries of this test's own, and
// /sys is a tree of files.

#include "agents/hardware/gpus/gpu_probe.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/hardware/gpus/shared_library.hpp"
#include "tests/agents/hardware/machine_tree.hpp"

using namespace squall::agents;
using namespace squall::tests;

namespace {

GpuLibraries libraries(bool nvml, bool rocm) {
  return {.nvml = nvml ? std::vector<std::string>{"not-there.so", FAKE_NVML}
                       : std::vector<std::string>{"not-there.so"},
          .rocm_smi = rocm ? std::vector<std::string>{FAKE_ROCM_SMI} : std::vector<std::string>{}};
}

void add_card(MachineTree& tree, const std::string& card, const std::string& address,
              const std::string& vendor, const std::string& driver) {
  const std::string device = "sys/devices/pci/" + address;
  tree.link("sys/class/drm/" + card + "/device", "../../../devices/pci/" + address);
  tree.file(device + "/vendor", vendor).file(device + "/device", "0x74a1");
  tree.link(device + "/driver", "../../../bus/pci/drivers/" + driver);
}

void add_node(MachineTree& tree, int number, const std::string& properties) {
  tree.file("sys/class/kfd/kfd/topology/nodes/" + std::to_string(number) + "/properties",
            properties);
}

/// The two of fake_rocm_smi, as the kernel's compute driver tells of them.
void add_nodes(MachineTree& tree) {
  add_node(tree, 0, "cpu_cores_count 64\nsimd_count 0\ngfx_target_version 0");
  add_node(tree, 1, "simd_count 1216\ngfx_target_version 90402\nlocation_id 49408\ndomain 0");
  add_node(tree, 2, "simd_count 32\ngfx_target_version 110500\nlocation_id 1280\ndomain 2");
}

}  // namespace

BOOST_AUTO_TEST_CASE(gpus_of_nvidia_are_told_by_their_library) {
  MachineTree tree;
  const auto gpus = probe_gpus(tree.files(), libraries(true, false));
  BOOST_REQUIRE(gpus.size() == 2u);  // the one in between does not answer
  BOOST_TEST(gpus[0].name == "NVIDIA H200");
  BOOST_TEST(gpus[0].vendor == "NVIDIA");
  BOOST_TEST(gpus[0].driver == "550.54.15");
  BOOST_TEST(gpus[0].runtime == "CUDA 12.4");
  BOOST_TEST(gpus[0].architecture == "sm_90");
  BOOST_TEST(gpus[0].memory_bytes == 150754820096ULL);
  BOOST_TEST(!gpus[0].integrated);
  BOOST_TEST(gpus[0].address == "0001:3b:00.0");
  BOOST_TEST(gpus[1].name == "NVIDIA L4");
  BOOST_TEST(gpus[1].address == "0001:af:1f.0");
}

BOOST_AUTO_TEST_CASE(the_library_is_closed_as_often_as_it_is_opened) {
  const SharedLibrary fake(FAKE_NVML);
  const auto opened = fake.function<int()>("fake_nvml_open");
  BOOST_REQUIRE(opened != nullptr);
  {
    MachineTree tree;
    const auto drivers = open_gpu_drivers(tree.files(), libraries(true, false));
    BOOST_TEST(opened() == 1);
  }
  BOOST_TEST(opened() == 0);
}

BOOST_AUTO_TEST_CASE(gauges_that_do_not_answer_are_absent) {
  MachineTree tree;
  const auto nvidia = open_gpu_drivers(tree.files(), libraries(true, false));
  BOOST_REQUIRE(nvidia.size() == 1u);
  const auto samples = nvidia.front()->sample();
  BOOST_REQUIRE(samples.size() == 2u);
  BOOST_TEST(samples[0].busy.value_or(0) == 0.37);
  BOOST_TEST(samples[0].memory_used_bytes.value_or(0) == 754820096ULL);
  BOOST_TEST(samples[0].temperature.value_or(0) == 64);
  BOOST_TEST(!samples[0].power.has_value());

  const auto amd = open_gpu_drivers(tree.files(), libraries(false, true));
  BOOST_REQUIRE(amd.size() == 1u);
  const auto others = amd.front()->sample();
  BOOST_REQUIRE(others.size() == 2u);
  BOOST_TEST(others[0].busy.value_or(0) == 1);
  BOOST_TEST(!others[1].busy.has_value(), "255 percent is no answer");
  BOOST_TEST(others[1].memory_used_bytes.value_or(0) == 1001u);
  BOOST_TEST(others[0].temperature.value_or(0) == 41.5);
  BOOST_TEST(others[0].power.value_or(0) == 176, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(gpus_of_amd_are_told_by_their_library_and_the_kernel) {
  MachineTree tree;
  add_nodes(tree);
  tree.file("opt/rocm/.info/version", "6.2.4-139");
  const auto gpus = probe_gpus(tree.files(), libraries(false, true));
  BOOST_REQUIRE(gpus.size() == 2u);
  BOOST_TEST(gpus[0].name == "AMD Instinct MI300X");
  BOOST_TEST(gpus[0].architecture == "gfx942");
  BOOST_TEST(gpus[0].runtime == "ROCm 6.2.4-139");
  BOOST_TEST(gpus[0].driver == "6.8.5");
  BOOST_TEST(gpus[0].memory_bytes == 206141652992ULL);
  BOOST_TEST(!gpus[0].integrated);
  BOOST_TEST(gpus[0].address == "0000:c1:00.0");
  BOOST_TEST(gpus[1].address == "0002:05:00.0");
  BOOST_TEST(gpus[1].architecture == "gfx1150");
  BOOST_TEST(gpus[1].integrated);
}

BOOST_AUTO_TEST_CASE(without_a_library_the_kernel_tells_what_it_knows) {
  MachineTree tree;
  add_nodes(tree);
  add_card(tree, "card1", "0000:c1:00.0", "0x1002", "amdgpu");
  tree.file("sys/devices/pci/0000:c1:00.0/mem_info_vram_total", "206141652992");
  tree.file("sys/devices/pci/0000:c1:00.0/product_name", "AMD Instinct MI300X OAM");
  add_card(tree, "card2", "0000:00:02.0", "0x8086", "i915");
  add_card(tree, "card3", "0000:03:00.0", "0x1a03", "ast");  // a server's own display
  add_card(tree, "card4", "0000:04:00.0", "0x8086", "xe");
  tree.link("sys/class/drm/card1-HDMI-A-1/device", "../card1");
  const auto gpus = probe_gpus(tree.files(), libraries(false, false));
  BOOST_REQUIRE(gpus.size() == 3u);
  BOOST_TEST(gpus[0].name == "AMD Instinct MI300X OAM");
  BOOST_TEST(gpus[0].driver == "amdgpu");
  BOOST_TEST(gpus[0].architecture == "gfx942");
  BOOST_TEST(gpus[0].runtime == "");
  BOOST_TEST(gpus[0].address == "0000:c1:00.0");
  BOOST_TEST(gpus[0].memory_bytes == 206141652992ULL);
  BOOST_TEST(gpus[1].name == "Intel GPU 0x74a1");
  BOOST_TEST(gpus[1].integrated);
  BOOST_TEST(!gpus[2].integrated);
}

BOOST_AUTO_TEST_CASE(a_gpu_is_told_once_by_its_library_or_by_the_kernel) {
  MachineTree tree;
  add_card(tree, "card0", "0000:01:00.0", "0x10de", "nvidia");
  BOOST_TEST(probe_gpus(tree.files(), libraries(true, false)).size() == 2u);
  BOOST_TEST(probe_gpus(tree.files(), libraries(false, false)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_library_that_is_something_else_is_no_driver) {
  MachineTree tree;
  BOOST_TEST(!open_nvml(FAKE_ROCM_SMI));
  BOOST_TEST(!open_rocm_smi(FAKE_NVML, tree.files()));
  BOOST_TEST(probe_gpus(tree.files(), {}).empty());
}
