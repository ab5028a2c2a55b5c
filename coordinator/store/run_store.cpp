#include "coordinator/store/run_store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>

#include "coordinator/store/compressed_bytes.hpp"
#include "coordinator/store/report_index.hpp"
#include "coordinator/store/run_store_state.hpp"
#include "coordinator/store/schema.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_report = std::size_t{1} << 30;
constexpr std::size_t longest_name = 100;

const fs::path& with_folder(const fs::path& file) {
  std::error_code error;
  const fs::path folder = fs::absolute(file).parent_path();
  fs::create_directories(folder, error);
  if (error)
    throw StoreError("cannot make the folder " + folder.string() + " of the store: " +
                     error.message() + "; --store FILE or $SQUALL_STORE names another place");
  return file;
}

/// "2026", "20261121-06": digits, as ids begin, and a time behind them.
bool may_begin_an_id(const std::string& name) {
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const std::string day = name.substr(0, name.find('-'));
  if (day.empty() || !std::ranges::all_of(day, digit)) return false;
  return day.size() == name.size() ? day.size() <= 8 : day.size() == 8;
}

/// Reads a file in pieces; for journals, which may be long.
void read_pieces(const fs::path& path, const TakeBytes& take) {
  std::ifstream file(path, std::ios::binary);
  std::string piece(1 << 20, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (file.gcount() > 0)
      take(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) throw StoreError("cannot read " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

void check_name(const std::string& name, const char* of) {
  const auto good = [](unsigned char c) { return std::isalnum(c) || std::strchr("._-", c); };
  if (name.empty() || name.size() > longest_name || !std::ranges::all_of(name, good))
    throw StoreError("'" + name.substr(0, longest_name) + "' cannot name a " + of +
                     ": take letters, digits, '.', '_' and '-', at most " +
                     std::to_string(longest_name));
}

// ---- what the parts share

RunStore::State::State(const fs::path& file) : locks(with_folder(file)), database(file) {}

// A statement that stands at a row keeps its view of the store, from which nothing can be written
// once others have written: hence these end before anything is.
bool RunStore::State::has(const std::string& run) {
  return Statement(database, "SELECT 1 FROM run WHERE id = ?").with(run).step();
}

bool RunStore::State::is_finished(std::int64_t run) {
  Statement row(database, "SELECT 1 FROM run WHERE number = ? AND state = 'finished'");
  return row.with(run).step();
}

std::int64_t RunStore::State::number_of(const std::string& run) {
  Statement row(database, "SELECT number FROM run WHERE id = ?");
  if (!row.with(run).step())
    throw StoreError("there is no run '" + run + "' in the store " + name() +
                     "; squall list shows what there is");
  return row.integer(0);
}

std::int64_t RunStore::State::number_of_finished(const std::string& run) {
  const std::int64_t number = number_of(run);
  if (is_finished(number)) return number;
  throw StoreError("run " + run + " is not finished, so it has no report; squall run --resume " +
                   run + " goes on with one that was interrupted");
}

std::int64_t RunStore::State::insert_row(const RunBeginning& run) {
  Statement insert(database,
                   "INSERT INTO run (id, state, started_at, scenario, scenario_hash, "
                   "scenario_text, scenario_file, tool_version, folder) "
                   "VALUES (?, 'running', ?, ?, ?, ?, ?, ?, ?)");
  insert
      .with(run.run, run.started_at, run.scenario, run.scenario_hash, run.scenario_text,
            run.scenario_file, run.tool_version, run.folder)
      .run();
  return database.last_number();
}

void RunStore::State::finish_row(std::int64_t run, const ReportIndex& index) {
  Statement(database,
            "UPDATE run SET state = 'finished', outcome = ?, model = ?, model_fingerprint = ?, "
            "hardware_fingerprint = ?, load = ? WHERE number = ?")
      .with(index.outcome, index.model, index.model_fingerprint, index.hardware_fingerprint,
            index.load, run)
      .run();
  Statement figure(database, "INSERT INTO figure (run, name, value) VALUES (?, ?, ?)");
  for (const auto& [name, value] : index.figures) figure.with(run, name, value).run();
}

void RunStore::State::keep_part(std::int64_t run, const char* kind, std::int64_t part,
                                std::string_view bytes) {
  Statement(database, "INSERT INTO content (run, kind, part, bytes) VALUES (?, ?, ?, ?)")
      .with(run, std::string_view(kind), part, AsBlob{bytes})
      .run();
}

void RunStore::State::keep_whole(std::int64_t run, const char* kind, std::string_view plain) {
  std::int64_t part = 0;
  Compressor compressor([&](std::string_view bytes) { keep_part(run, kind, part++, bytes); });
  compressor.write(plain);
  compressor.finish();
}

bool RunStore::State::each_part(std::int64_t run, const char* kind, const TakeBytes& take) {
  Statement parts(database, "SELECT bytes FROM content WHERE run = ? AND kind = ? ORDER BY part");
  parts.with(run, std::string_view(kind));
  bool any = false;
  for (; parts.step(); any = true) take(parts.bytes(0));
  return any;
}

bool RunStore::State::read(std::int64_t run, const char* kind, const TakeBytes& take) {
  try {
    Decompressor decompressor(take);
    if (!each_part(run, kind, [&](std::string_view part) { decompressor.write(part); }))
      return false;
    decompressor.finish();
    return true;
  } catch (const DamagedBytes& damage) {
    throw StoreError("the store " + name() + " is damaged: the " + kind +
                     " of a run is not what was written (" + damage.what() +
                     "); squall delete removes the run, squall import takes it again from its "
                     "folder or from an exported file");
  }
}

void RunStore::State::tag_row(std::int64_t run, const std::string& tag) {
  check_name(tag, "tag");
  Statement(database, "INSERT OR IGNORE INTO tag (run, name) VALUES (?, ?)").with(run, tag).run();
}

// ---- opening

RunStore::RunStore(const fs::path& file) {
  // Before anything else looks at the file: making it and turning it to WAL is for one at a time.
  RunLocks gate(with_folder(file));
  gate.begin_opening();
  try {
    state_ = std::make_unique<State>(file);
    bring_forward(state_->database);
  } catch (const ForeignDatabase&) {
    gate.leave_no_trace();
    throw;
  }
}

RunStore::RunStore(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

// ---- the life of a run

void RunStore::begin(const RunBeginning& run) {
  Transaction transaction(state_->database);
  const bool again = state_->has(run.run);
  const std::int64_t number = again ? state_->number_of(run.run) : state_->insert_row(run);
  if (again && state_->is_finished(number))
    throw StoreError("run " + run.run + " is finished in the store " + state_->name() +
                     " already; squall delete " + run.run + " makes room for it");
  // Before the row can be seen: nobody ever sees it running without its lock.
  if (state_->locks.held_here(number) || !state_->locks.hold(number))
    throw StoreError("run " + run.run + " is being written to the store " + state_->name() +
                     " already, perhaps by another process; wait for its end");
  try {
    if (again)
      Statement(state_->database, "UPDATE run SET folder = ?, tool_version = ? WHERE number = ?")
          .with(run.folder, run.tool_version, number)
          .run();
    transaction.commit();
  } catch (...) {
    state_->locks.release(number);
    throw;
  }
}

void RunStore::finish(const std::string& run, const std::string& report, const fs::path& journal) {
  const ReportIndex index = index_of_report(report);
  if (index.beginning.run != run)
    throw StoreError("this is no report of run " + run + ", but of " + index.beginning.run);
  const std::int64_t number = state_->number_of(run);
  if (state_->is_finished(number))
    throw StoreError("run " + run + " is finished in the store already");
  if (!state_->locks.held_here(number) && !state_->locks.hold(number))
    throw StoreError("run " + run + " is being written by another process; wait for its end");
  // Whoever held the lock until now may have finished it.
  if (state_->is_finished(number)) {
    state_->locks.release(number);
    throw StoreError("run " + run + " is finished in the store already");
  }

  // Long journals are written bit by bit, so that others get their turn. Nobody looks at the parts
  // of a run that is not finished; those of an earlier attempt go.
  Statement(state_->database, "DELETE FROM content WHERE run = ?").with(number).run();
  if (!journal.empty()) {
    std::int64_t part = 0;
    Compressor compressor(
        [&](std::string_view bytes) { state_->keep_part(number, "journal", part++, bytes); });
    read_pieces(journal, [&](std::string_view piece) { compressor.write(piece); });
    compressor.finish();
  }
  Transaction transaction(state_->database);
  state_->keep_whole(number, "report", report);
  state_->finish_row(number, index);
  transaction.commit();
  state_->locks.release(number);
}

std::string RunStore::report(const std::string& run) const {
  std::string text;
  const std::int64_t number = state_->number_of_finished(run);
  const bool any = state_->read(number, "report", [&](std::string_view piece) {
    if (text.size() + piece.size() > longest_report) throw DamagedBytes("it is too long");
    text += piece;
  });
  if (!any)
    throw StoreError("the store " + state_->name() + " is damaged: run " + run +
                     " has no report in it; squall delete removes the run");
  return text;
}

bool RunStore::save_journal(const std::string& run, const fs::path& to) const {
  const std::int64_t number = state_->number_of_finished(run);
  std::ofstream file(to, std::ios::binary | std::ios::trunc);
  const bool any = state_->read(number, "journal", [&](std::string_view piece) {
    file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  });
  file.close();
  if (!file)
    throw StoreError("cannot write " + to.string() + ": " + std::strerror(errno) +
                     "; make room, or name another place");
  return any;
}

void RunStore::remove(const std::string& run) {
  Transaction transaction(state_->database);
  const std::int64_t number = state_->number_of(run);
  if (!state_->is_finished(number) && state_->locks.held_by_anyone(number))
    throw StoreError("run " + run + " is running; wait for its end, or interrupt it");
  Statement named(state_->database, "SELECT name FROM baseline WHERE run = ? ORDER BY name");
  if (named.with(number).step())
    throw StoreError("run " + run + " belongs to the baseline " + named.text(0) +
                     "; set that to other runs, or delete it, first");
  Statement(state_->database, "DELETE FROM run WHERE number = ?").with(number).run();
  transaction.commit();
}

// ---- tags and baselines

void RunStore::tag(const std::string& run, const std::string& tag) {
  state_->tag_row(state_->number_of(run), tag);
}

void RunStore::untag(const std::string& run, const std::string& tag) {
  Statement(state_->database, "DELETE FROM tag WHERE run = ? AND name = ?")
      .with(state_->number_of(run), tag)
      .run();
  if (state_->database.changed() == 0)
    throw StoreError("run " + run + " has no tag '" + tag + "'; squall list shows its tags");
}

void RunStore::set_baseline(const std::string& name, const std::vector<std::string>& runs) {
  check_name(name, "baseline");
  if (name == "last" || name.ends_with(".json") || may_begin_an_id(name))
    throw StoreError("'" + name + "' cannot name a baseline: it would name " +
                     (name.ends_with(".json") ? "a file" : "a run") +
                     ", too; take another, such as main");
  if (runs.empty()) throw StoreError("baseline " + name + " needs at least one run");
  Transaction transaction(state_->database);
  Statement(state_->database, "DELETE FROM baseline WHERE name = ?").with(name).run();
  Statement insert(state_->database, "INSERT INTO baseline (name, position, run) VALUES (?, ?, ?)");
  std::int64_t position = 0;
  for (const auto& run : runs) insert.with(name, position++, state_->number_of_finished(run)).run();
  transaction.commit();
}

std::vector<std::string> RunStore::baseline(const std::string& name) const {
  Statement rows(state_->database,
                 "SELECT run.id FROM baseline JOIN run ON run.number = baseline.run "
                 "WHERE name = ? ORDER BY position");
  rows.with(name);
  std::vector<std::string> runs;
  while (rows.step()) runs.push_back(rows.text(0));
  if (!runs.empty()) return runs;
  std::string message = "there is no baseline '" + name + "' in the store " + state_->name();
  const auto known = baselines();
  for (const auto& each : known)
    message += (&each == &known.front() ? "; there are " : ", ") + each;
  throw StoreError(message + (known.empty() ? "; squall baseline set makes one" : ""));
}

std::vector<std::string> RunStore::baselines() const {
  Statement rows(state_->database, "SELECT DISTINCT name FROM baseline ORDER BY name");
  std::vector<std::string> names;
  for (rows.with(); rows.step();) names.push_back(rows.text(0));
  return names;
}

void RunStore::remove_baseline(const std::string& name) {
  baseline(name);  // says what there is, when this is not
  Statement(state_->database, "DELETE FROM baseline WHERE name = ?").with(name).run();
}

}  // namespace squall::coordinator
