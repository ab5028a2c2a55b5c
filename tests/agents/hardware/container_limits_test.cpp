#include "agents/hardware/probe/container_limits.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/hardware/probe/virtualization.hpp"
#include "tests/agents/hardware/machine_tree.hpp"

using namespace squall::agents;
using namespace squall::tests;

namespace {

constexpr std::uint64_t gib = 1 << 30;
const std::vector<int> eight{0, 1, 2, 3, 4, 5, 6, 7};

ContainerLimits limits(const MachineTree& tree) {
  return container_limits(tree.files(), eight, 64 * gib);
}

const char* const version_2 = "36 25 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw";

}  // namespace

BOOST_AUTO_TEST_CASE(the_tightest_group_on_the_way_up_counts) {
  MachineTree tree;
  tree.file("proc/self/mountinfo", version_2)
      .file("proc/self/cgroup", "0::/user.slice/session.scope")
      .file("sys/fs/cgroup/cpu.max", "max 100000")
      .file("sys/fs/cgroup/user.slice/cpu.max", "150000 100000")
      .file("sys/fs/cgroup/user.slice/memory.max", "max")
      .file("sys/fs/cgroup/user.slice/session.scope/cpu.max", "400000 100000")
      .file("sys/fs/cgroup/user.slice/session.scope/memory.max", "1073741824");
  BOOST_TEST(limits(tree).processors == 1.5);
  BOOST_TEST(limits(tree).memory_bytes == gib);
  tree.file("sys/fs/cgroup/user.slice/memory.max", "1073741823");
  BOOST_TEST(limits(tree).memory_bytes == gib - 1);
}

BOOST_AUTO_TEST_CASE(version_1_has_quotas_of_its_own) {
  MachineTree tree;
  tree.file("proc/self/mountinfo",
            "31 24 0:26 /docker/4f2a /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
            "32 24 0:27 /docker/4f2a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory")
      .file("proc/self/cgroup", "4:memory:/docker/4f2a\n3:cpu,cpuacct:/docker/4f2a\n0::/x")
      .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000")
      .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
      .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648");
  BOOST_TEST(limits(tree).processors == 2.5);
  BOOST_TEST(limits(tree).memory_bytes == 2 * gib);
  tree.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1")
      .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  BOOST_TEST(limits(tree).processors == 0);
  BOOST_TEST(limits(tree).memory_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(a_group_that_is_not_seen_here_leaves_the_mount_itself) {
  MachineTree tree;
  tree.file("proc/self/mountinfo", version_2)
      .file("proc/self/cgroup", "0::/../../kubepods/pod1")
      .file("sys/fs/cgroup/cpu.max", "200000 100000");
  BOOST_TEST(limits(tree).processors == 2);
  tree.file("proc/self/cgroup", "0::/not/there");
  BOOST_TEST(limits(tree).processors == 2);
}

BOOST_AUTO_TEST_CASE(processors_that_it_may_not_run_on_do_not_count) {
  MachineTree tree;
  tree.file("proc/self/status", "Threads: 1\nCpus_allowed_list:\t2-4,9-63");
  BOOST_TEST(limits(tree).processors == 3, "of those that are switched on");
  tree.file("proc/self/mountinfo", version_2)
      .file("proc/self/cgroup", "0::/")
      .file("sys/fs/cgroup/cpu.max", "50000 100000");
  BOOST_TEST(limits(tree).processors == 0.5);
  tree.file("sys/fs/cgroup/cpu.max", "500000 100000");
  BOOST_TEST(limits(tree).processors == 3);
}

BOOST_AUTO_TEST_CASE(a_limit_that_does_not_limit_is_none) {
  MachineTree tree;
  tree.file("proc/self/mountinfo", version_2)
      .file("proc/self/cgroup", "0::/")
      .file("sys/fs/cgroup/cpu.max", "800000 100000")
      .file("sys/fs/cgroup/memory.max", "68719476736")
      .file("proc/self/status", "Cpus_allowed_list:\t0-7");
  BOOST_TEST(limits(tree).processors == 0);
  BOOST_TEST(limits(tree).memory_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(virtual_machines_and_containers_are_told_apart) {
  struct Case {
    std::vector<std::pair<std::string, std::string>> files;
    const char* expected;
  };
  const std::pair<std::string, std::string> real{"proc/cpuinfo", "processor: 0\nflags: fpu avx2"};
  const std::pair<std::string, std::string> guest{"proc/cpuinfo",
                                                  "processor: 0\nflags: fpu hypervisor"};
  const std::vector<Case> cases{
      {{}, ""},
      {{real}, "none"},
      {{guest}, "virtual machine"},
      {{guest, {"sys/class/dmi/id/sys_vendor", "QEMU"}}, "kvm"},
      {{guest, {"sys/class/dmi/id/sys_vendor", "VMware, Inc."}}, "vmware"},
      {{guest, {"sys/class/dmi/id/product_name", "Virtual Machine"}}, "hyper-v"},
      {{{"sys/class/dmi/id/sys_vendor", "Amazon EC2"},
        {"sys/class/dmi/id/product_name", "c7g.metal"}},
       "none"},
      {{{"sys/class/dmi/id/sys_vendor", "Amazon EC2"},
        {"sys/class/dmi/id/product_name", "c7g.large"}},
       "kvm"},
      {{real, {"proc/1/cgroup", "4:memory:/docker/1234"}}, "container"},
      {{guest, {"run/.containerenv", ""}}, "container in virtual machine"},
      {{real, {"proc/1/cgroup", "0::/init.scope"}}, "none"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    MachineTree tree;
    for (const auto& [path, text] : cases[i].files) tree.file(path, text);
    BOOST_TEST(virtualization(tree.files()) == cases[i].expected, "case " << i);
  }
}
