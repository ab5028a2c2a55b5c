#include "coordinator/store/schema.hpp"

#include <array>
#include <string>

namespace squall::coordinator {

namespace {

constexpr std::int64_t application = 0x53514c52;  // "SQLR" in the file's header

// Version 1: runs, what is kept of them, and the figures that lists and trends need.
constexpr const char* runs = R"(
CREATE TABLE run (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: run_locks.hpp counts on it
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished')),
  started_at TEXT NOT NULL,                  -- UTC
  scenario TEXT NOT NULL,
  scenario_hash TEXT NOT NULL,
  scenario_text TEXT NOT NULL,
  scenario_file TEXT NOT NULL,
  tool_version TEXT NOT NULL,
  folder TEXT NOT NULL,                      -- with journal and report.json; '': came by import
  outcome TEXT NOT NULL DEFAULT '',          -- from here on: known when it is finished
  model TEXT NOT NULL DEFAULT '',
  model_fingerprint TEXT NOT NULL DEFAULT '',
  hardware_fingerprint TEXT NOT NULL DEFAULT '',
  load TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX run_by_time ON run (started_at, id);
CREATE INDEX run_by_scenario ON run (scenario);

CREATE TABLE content (                       -- zstd streams, cut into parts
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('report', 'journal')),
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (run, kind, part)
) STRICT;

CREATE TABLE figure (                        -- seconds, per second, shares
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
)";

// Version 2: what people say of runs.
constexpr const char* tags_and_baselines = R"(
CREATE TABLE tag (
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name TEXT NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_name ON tag (name);

CREATE TABLE baseline (
  name TEXT NOT NULL,
  position INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES run,       -- no cascade: a baseline does not shrink unnoticed
  PRIMARY KEY (name, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX baseline_by_run ON baseline (run);
)";

constexpr std::array steps{runs, tags_and_baselines};
constexpr auto newest = static_cast<std::int64_t>(steps.size());

void refuse_what_is_not_ours(Database& database, std::int64_t version) {
  const std::string file = database.file().string();
  const bool empty = database.value_of("SELECT count(*) FROM sqlite_schema") == 0;
  if (!empty && database.value_of("PRAGMA application_id") != application)
    throw ForeignDatabase(file +
                          " is a database of something else, no store of runs; --store FILE or "
                          "$SQUALL_STORE names another place");
  if (version > newest || version < 0)
    throw StoreError("the store " + file + " was written by a newer Squall (its version is " +
                     std::to_string(version) + ", this one knows " + std::to_string(newest) +
                     "); use that one, or name another store with --store FILE");
}

}  // namespace

std::span<const char* const> schema_steps() { return steps; }

void bring_forward(Database& database) {
  refuse_what_is_not_ours(database, database.value_of("PRAGMA user_version"));
  database.turn_to_wal();  // not before: what is not ours stays as it is
  if (database.value_of("PRAGMA user_version") == newest &&
      database.value_of("PRAGMA application_id") == application)
    return;
  Transaction transaction(database);
  const std::int64_t version = database.value_of("PRAGMA user_version");
  refuse_what_is_not_ours(database, version);
  for (std::int64_t step = version; step < newest; ++step)
    database.execute(steps[static_cast<std::size_t>(step)]);
  database.execute("PRAGMA application_id = " + std::to_string(application));
  database.execute("PRAGMA user_version = " + std::to_string(newest));
  transaction.commit();
}

}  // namespace squall::coordinator
