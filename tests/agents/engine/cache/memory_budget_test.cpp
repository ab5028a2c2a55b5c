// How much memory there is, from files as Linux writes them, and how many pages that makes.

#include "agents/engine/cache/memory_budget.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace squall::agents;

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t mebibyte = 1 << 20;

class FakeRoot {
 public:
  FakeRoot()
      : path_(fs::temp_directory_path() / ("squall_memory_budget_" + std::to_string(getpid()))) {}
  ~FakeRoot() { fs::remove_all(path_); }

  FakeRoot& write(const std::string& name, const std::string& text) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return *this;
  }
  std::optional<std::uint64_t> available() const { return available_memory(path_); }

 private:
  fs::path path_;
};

std::string number(std::uint64_t value) { return std::to_string(value) + "\n"; }

}  // namespace

BOOST_AUTO_TEST_CASE(without_groups_the_machine_says_what_is_available) {
  FakeRoot root;
  BOOST_TEST(!root.available().has_value());
  root.write("proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable:    2048 kB\n");
  BOOST_TEST(root.available().value() == 2 * mebibyte);
}

BOOST_AUTO_TEST_CASE(the_tightest_group_on_the_way_up_limits_and_cached_files_do_not_count) {
  FakeRoot root;
  root.write("proc/meminfo", "MemAvailable: 1048576 kB\n")
      .write("proc/self/cgroup", "0::/outer/inner\n")
      .write("sys/fs/cgroup/outer/memory.max", number(100 * mebibyte))
      .write("sys/fs/cgroup/outer/memory.current", number(60 * mebibyte))
      .write("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 20971520\n")
      .write("sys/fs/cgroup/outer/inner/memory.max", "max\n")
      .write("sys/fs/cgroup/outer/inner/memory.current", number(60 * mebibyte));
  BOOST_TEST(root.available().value() == 60 * mebibyte);
  root.write("sys/fs/cgroup/outer/inner/memory.max", number(61 * mebibyte));
  BOOST_TEST(root.available().value() == mebibyte);
  root.write("sys/fs/cgroup/memory.max", number(mebibyte))
      .write("sys/fs/cgroup/memory.current", number(2 * mebibyte));
  BOOST_TEST(root.available().value() == 0U);
}

BOOST_AUTO_TEST_CASE(groups_of_the_first_version_limit_too) {
  FakeRoot root;
  root.write("proc/meminfo", "MemAvailable: 1048576 kB\n")
      .write("proc/self/cgroup", "11:cpu:/x\n4:memory:/jobs\n")
      .write("sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", number(30 * mebibyte))
      .write("sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", number(10 * mebibyte));
  BOOST_TEST(root.available().value() == 20 * mebibyte);
}

BOOST_AUTO_TEST_CASE(this_machine_has_memory) { BOOST_TEST(available_memory().value() > mebibyte); }

BOOST_AUTO_TEST_CASE(pages_are_half_of_what_the_weights_leave_and_no_more_than_can_be_used) {
  KvDemand demand{.page_bytes = mebibyte,
                  .most_pages = 1000,
                  .weight_bytes = 100 * mebibyte,
                  .available = 500 * mebibyte};
  BOOST_TEST(affordable_pages(demand) == 200U);
  demand.most_pages = 150;
  BOOST_TEST(affordable_pages(demand) == 150U);
  demand.available = 0;
  BOOST_TEST(affordable_pages(demand) == 1U);
}

BOOST_AUTO_TEST_CASE(
    where_nobody_knows_what_is_available_keys_and_values_get_as_much_as_the_weights) {
  const KvDemand demand{.page_bytes = mebibyte, .most_pages = 1000, .weight_bytes = 100 * mebibyte};
  BOOST_TEST(affordable_pages(demand) == 100U);
}

BOOST_AUTO_TEST_CASE(what_is_wanted_in_bytes_is_made_and_less_than_a_page_is_nothing) {
  KvDemand demand{.page_bytes = 1000, .most_pages = 5, .wanted_bytes = 12'999, .available = 1};
  BOOST_TEST(affordable_pages(demand) == 12U);
  demand.wanted_bytes = 999;
  BOOST_TEST(affordable_pages(demand) == 0U);
}
