// Processes that write one store at once, and processes that are killed in the middle of it.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "coordinator/store/database.hpp"
#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
namespace fs = std::filesystem;

namespace {

/// A process that does `act` and ends, with code 1 when anything is thrown.
template <class Act>
pid_t in_a_process(Act act) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 0;
  try {
    act();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  _exit(code);
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string integrity(const fs::path& file) {
  Database database(file);
  Statement check(database, "PRAGMA integrity_check");
  return check.with().step() ? check.text(0) : "";
}

/// What a writer did, told through a pipe: 'b' or 'f' and the number of the run.
struct Told {
  char what;
  int run;
};

void write_for_ever(const fs::path& file, const fs::path& journal, int first, int pipe) {
  RunStore store(file);
  for (int run = first;; ++run) {
    const auto tell = [&](char what) {
      const Told told{what, run};
      if (write(pipe, &told, sizeof told) != sizeof told) _exit(2);
    };
    store.begin(beginning_of(run_number(run)));
    tell('b');
    store.finish(run_number(run), report_of({.id = run_number(run)}), journal);
    tell('f');
  }
}

std::map<int, char> read_all_told(int pipe) {
  std::map<int, char> newest;
  for (Told told{}; read(pipe, &told, sizeof told) == sizeof told;) newest[told.run] = told.what;
  return newest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_writer_killed_at_any_moment_leaves_whole_runs_and_interrupted_ones) {
  const TemporaryFolder folder;
  const auto journal = journal_of(folder.path() / "journal", 100);
  std::mt19937 random(20261121);
  int interrupted = 0, finished = 0, next = 1;
  for (int kills = 0; kills < 100; ++kills) {
    // Every fifth store is new: it may be killed while it is made.
    const fs::path file = folder.path() / ("store-" + std::to_string(kills / 5) + ".db");
    int pipe[2];
    BOOST_REQUIRE(::pipe(pipe) == 0);
    const pid_t writer = in_a_process([&] { write_for_ever(file, journal, next, pipe[1]); });
    ::close(pipe[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 120'000));
    kill(writer, SIGKILL);
    BOOST_REQUIRE(wait_for(writer) == -1);
    const auto told = read_all_told(pipe[0]);
    ::close(pipe[0]);

    const RunStore store(file);
    BOOST_REQUIRE(integrity(file) == "ok");
    std::map<std::string, StoredRun> runs;
    for (auto& run : store.list()) runs[run.beginning.run] = run;
    for (const auto& [run, what] : told) {
      const std::string id = run_number(run);
      BOOST_REQUIRE(runs.contains(id));
      BOOST_TEST((runs[id].state == "finished" || (what == 'b' && runs[id].state == "interrupted")),
                 id << " is " << runs[id].state << " and was told " << what);
    }
    for (const auto& [id, run] : runs) {
      if (id < run_number(next)) continue;  // looked at before
      if (run.state == "interrupted") {
        ++interrupted;
        BOOST_TEST(run.figures.empty());
        BOOST_TEST(run.outcome.empty());
        continue;
      }
      ++finished;
      BOOST_TEST(run.state == "finished");
      BOOST_TEST(store.report(id) == report_of({.id = id}));
      BOOST_TEST(run.figures.size() == 5u);
      store.save_journal(id, folder.path() / "copy");
      BOOST_TEST((read_file(folder.path() / "copy") == read_file(journal)));
    }
    if (!told.empty()) next = told.rbegin()->first;
    next += 2;  // one may have begun that nobody was told of
  }
  BOOST_TEST_MESSAGE("100 kills: " << finished << " finished, " << interrupted << " interrupted");
  BOOST_TEST(interrupted > 0);
  BOOST_TEST(finished > 0);
}

BOOST_AUTO_TEST_CASE(several_processes_make_and_write_one_store_at_once) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  const auto journal = journal_of(folder.path() / "journal", 5);
  constexpr int writers = 4, each = 12;
  std::vector<pid_t> children;
  for (int writer = 0; writer < writers; ++writer)
    children.push_back(in_a_process([&] {
      RunStore store(file);
      for (int i = 0; i < each; ++i) {
        const std::string id = run_number(100 * writer + i);
        store_run(store, {.id = id}, journal);
        store.tag(id, "writer" + std::to_string(writer));
      }
    }));
  // Nobody was killed: a run may be running or finished, whenever one looks.
  RunStore reader(file);
  bool all = false;
  for (int looks = 0; looks < 20'000 && !all; ++looks) {
    const auto runs = reader.list();
    std::size_t finished = 0;
    for (const auto& run : runs) {
      if (run.state == "interrupted") BOOST_ERROR(run.beginning.run + " is not interrupted");
      finished += run.state == "finished" ? 1 : 0;
    }
    all = finished == writers * each;
    if (!all && runs.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const pid_t child : children) BOOST_TEST(wait_for(child) == 0);
  BOOST_TEST(reader.list().size() == static_cast<std::size_t>(writers * each));
  for (int writer = 0; writer < writers; ++writer)
    BOOST_TEST(reader.list({.tag = "writer" + std::to_string(writer)}).size() ==
               static_cast<std::size_t>(each));
  BOOST_TEST(integrity(file) == "ok");
}

BOOST_AUTO_TEST_CASE(a_writer_that_stands_still_is_running_and_no_other_takes_its_run) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  RunStore store(file);
  int pipe[2];
  BOOST_REQUIRE(::pipe(pipe) == 0);
  const pid_t writer = in_a_process([&] {
    RunStore own(file);
    own.begin(beginning_of(run_number(1)));
    if (write(pipe[1], "b", 1) != 1) _exit(2);
    pause();
  });
  char begun = 0;
  BOOST_REQUIRE(read(pipe[0], &begun, 1) == 1);
  kill(writer, SIGSTOP);
  BOOST_TEST(store.find("last").state == "running");
  BOOST_TEST(contains(complaint([&] { store.begin(beginning_of(run_number(1))); }), "another"));
  store_run(store, {.id = run_number(2)});  // others go on
  kill(writer, SIGKILL);
  BOOST_TEST(wait_for(writer) == -1);
  BOOST_TEST(store.find(run_number(1)).state == "interrupted");
  store_run(store, {.id = run_number(1)});
  BOOST_TEST(store.find(run_number(1)).state == "finished");
}
