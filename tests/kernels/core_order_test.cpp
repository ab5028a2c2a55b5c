#include "kernels/cpu/threads/core_order.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <unistd.h>

namespace squall::kernels {
namespace {

namespace fs = std::filesystem;

/// A directory like /sys/devices/system/cpu.
class Topology {
 public:
  Topology() : root_(fs::temp_directory_path() / ("core_order_test_" + std::to_string(getpid()))) {}
  ~Topology() { fs::remove_all(root_); }

  void write(int core, const std::string& file, const std::string& text) const {
    const fs::path path = root_ / ("cpu" + std::to_string(core)) / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  std::vector<int> order(const std::vector<int>& cores) const {
    return best_first(describe_cores(cores, root_));
  }

 private:
  fs::path root_;
};

BOOST_AUTO_TEST_CASE(without_any_description_the_order_is_the_systems) {
  const Topology topology;
  BOOST_TEST(topology.order({0, 1, 5}) == (std::vector<int>{0, 1, 5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(performance_cores_come_first_and_second_threads_last) {
  const Topology topology;
  // Two slow cores, then two fast ones of two threads each.
  for (const int core : {0, 1}) {
    topology.write(core, "cpufreq/cpuinfo_max_freq", "2000000");
    topology.write(core, "topology/thread_siblings_list", std::to_string(core));
  }
  for (const int core : {2, 3, 4, 5}) {
    topology.write(core, "cpufreq/cpuinfo_max_freq", "4000000");
    topology.write(core, "topology/thread_siblings_list", core % 2 == 0 ? "2,4" : "3,5");
  }
  BOOST_TEST(topology.order({0, 1, 2, 3, 4, 5}) == (std::vector<int>{2, 3, 0, 1, 4, 5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stated_capacity_counts_more_than_a_frequency) {
  const Topology topology;
  topology.write(0, "cpu_capacity", "400");
  topology.write(0, "cpufreq/cpuinfo_max_freq", "3000000");
  topology.write(1, "cpu_capacity", "1024");
  topology.write(1, "cpufreq/cpuinfo_max_freq", "2000000");
  BOOST_TEST(topology.order({0, 1}) == (std::vector<int>{1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_second_thread_whose_first_is_out_of_reach_counts_as_the_first) {
  const Topology topology;
  topology.write(0, "topology/thread_siblings_list", "0,2");
  topology.write(1, "topology/thread_siblings_list", "1,3");
  topology.write(2, "topology/thread_siblings_list", "0,2");
  topology.write(3, "topology/thread_siblings_list", "1,3");
  BOOST_TEST(topology.order({1, 2, 3}) == (std::vector<int>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(this_thread_may_run_somewhere) { BOOST_TEST(!usable_cores().empty()); }

}  // namespace
}  // namespace squall::kernels
