// Files of older and newer releases, and files that are no stores.

#include <boost/test/unit_test.hpp>

#include "coordinator/store/schema.hpp"
#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

/// A store as a release of that version left it: with two runs, as far as it knew runs.
void make_version(const std::filesystem::path& file, std::size_t version) {
  Database database(file);
  for (std::size_t step = 0; step < version; ++step) database.execute(schema_steps()[step]);
  database.execute("PRAGMA application_id = 1397836882");
  database.execute("PRAGMA user_version = " + std::to_string(version));
  if (version == 0) return;
  for (const char* id : {"20260101-000001-1", "20260101-000002-2"})
    Statement(database,
              "INSERT INTO run (id, state, started_at, scenario, scenario_hash, scenario_text, "
              "scenario_file, tool_version, folder) VALUES (?, 'running', '2026-01-01T00:00:01Z', "
              "'old', 'h', 't', 'f', '0.0.9', '/folder')")
        .with(std::string_view(id))
        .run();
}

std::string why_not_opened(const std::filesystem::path& file) {
  return complaint([&] { RunStore store(file); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_older_version_is_brought_forward_with_what_it_holds) {
  for (std::size_t version = 0; version < schema_steps().size(); ++version) {
    BOOST_TEST_CONTEXT("version " << version) {
      const TemporaryFolder folder;
      const auto file = folder.path() / "runs.db";
      make_version(file, version);
      for (int opened = 0; opened < 2; ++opened) {
        RunStore store(file);
        BOOST_TEST(store.list().size() == (version == 0 ? 0u : 2u) + opened);
        if (opened > 0) continue;
        store_run(store, {.id = run_number(1)});
        store.tag(run_number(1), "new");
        store.set_baseline("main", {run_number(1)});
        if (version > 0) BOOST_TEST(store.find("20260101-000001-1").beginning.scenario == "old");
      }
      Database database(file);
      BOOST_TEST(database.value_of("PRAGMA user_version") ==
                 static_cast<std::int64_t>(schema_steps().size()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_newer_version_is_refused_and_left_as_it_is) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  { RunStore store(file); }
  const auto newer = static_cast<std::int64_t>(schema_steps().size()) + 1;
  { Database(file).execute("PRAGMA user_version = " + std::to_string(newer)); }
  const std::string why = why_not_opened(file);
  BOOST_TEST(contains(why, "newer Squall"), why);
  BOOST_TEST(contains(why, file.string()), why);
  BOOST_TEST(contains(why, "--store"), why);
  BOOST_TEST(Database(file).value_of("PRAGMA user_version") == newer);
}

BOOST_AUTO_TEST_CASE(a_database_of_something_else_is_refused_and_left_as_it_is) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "photos.db";
  {
    Database(file).execute(
        "PRAGMA journal_mode = DELETE; CREATE TABLE photo (name TEXT); "
        "INSERT INTO photo VALUES ('x')");
  }
  const std::string before = read_file(file);
  const std::string why = why_not_opened(file);
  BOOST_TEST(contains(why, "database of something else"), why);
  BOOST_TEST(contains(why, "--store"), why);
  BOOST_TEST((read_file(file) == before));
  for (const char* part : {".lock", "-wal", "-shm", "-journal"})
    BOOST_TEST(!std::filesystem::exists(file.string() + part), part);
}

BOOST_AUTO_TEST_CASE(a_store_is_for_its_owners_eyes) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "deep" / "er" / "runs.db";
  RunStore store(file);
  using std::filesystem::perms;
  for (const char* part : {"", "-wal", "-shm", ".lock"}) {
    const auto rights = std::filesystem::status(file.string() + part).permissions();
    BOOST_TEST((rights == (perms::owner_read | perms::owner_write)), part);
  }
}
