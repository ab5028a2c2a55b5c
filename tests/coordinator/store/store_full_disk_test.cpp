// A disk without room, of which a clear error is all that comes, and what was stored stays. A small
// tmpfs, so it needs root; else skipped.

#include <boost/test/unit_test.hpp>

#include "coordinator/store/database.hpp"
#include "tests/coordinator/store/stored_runs.hpp"
#include "tests/failures/rights.hpp"
#include "tests/failures/small_disk.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

struct NeedsMounts {
  NeedsMounts() { skip_if(keep_mounts_private()); }
};
BOOST_TEST_GLOBAL_CONFIGURATION(NeedsMounts);

void check_told(const std::string& why, const SmallDisk& disk) {
  BOOST_TEST(contains(why, "No space left on device"), "it says: " << why);
  BOOST_TEST(contains(why, disk.path().string()), "it says: " << why);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_that_cannot_be_finished_is_told_and_can_be_when_there_is_room) {
  const SmallDisk disk("2m");
  const TemporaryFolder folder;
  const auto journal = journal_of(folder.path() / "journal", 300);
  RunStore store(disk.path() / "runs.db");
  store_run(store, {.id = run_number(1)}, journal);
  store.begin(beginning_of(run_number(2)));
  disk.fill();
  check_told(
      complaint([&] { store.finish(run_number(2), report_of({.id = run_number(2)}), journal); }),
      disk);
  BOOST_TEST(store.find(run_number(2)).state == "running");
  BOOST_TEST(store.report(run_number(1)) == report_of({.id = run_number(1)}));
  disk.make_room();
  store.finish(run_number(2), report_of({.id = run_number(2)}), journal);
  BOOST_TEST(store.find(run_number(2)).state == "finished");
  BOOST_REQUIRE(store.save_journal(run_number(2), folder.path() / "copy"));
  BOOST_TEST((read_file(folder.path() / "copy") == read_file(journal)));
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_made_is_told) {
  const SmallDisk disk("64k");
  disk.fill();
  check_told(complaint([&] { RunStore store(disk.path() / "runs.db"); }), disk);
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_on_a_full_disk_leaves_a_store_that_opens) {
  const SmallDisk disk("1m");
  const auto file = disk.path() / "runs.db";
  {
    RunStore store(file);
    store_run(store, {.id = run_number(1)});
    disk.fill();
    std::string why;
    for (int run = 2; run < 100 && why.empty(); ++run)
      why = complaint([&] { store_run(store, {.id = run_number(run)}); });
    check_told(why, disk);
  }
  disk.make_room();
  const RunStore store(file);
  for (const auto& run : store.list()) {
    if (run.state == "finished")
      BOOST_TEST(store.report(run.beginning.run) == report_of({.id = run.beginning.run}));
    else
      BOOST_TEST(run.state == "interrupted");
  }
  Database database(file);
  Statement check(database, "PRAGMA integrity_check");
  BOOST_REQUIRE(check.with().step());
  BOOST_TEST(check.text(0) == "ok");
}
