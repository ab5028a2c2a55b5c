#include <fstream>
#include <sstream>

#include "coordinator/store/exported_run.hpp"
#include "coordinator/store/report_index.hpp"
#include "coordinator/store/run_store_state.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

std::string read_report(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    throw StoreError("cannot read " + path.string() +
                     "; a run's folder has a report when the run is over: squall run --resume "
                     "goes on with one that was interrupted");
  return text.str();
}

/// Damage would otherwise be found when somebody needs it.
void check_journal(const fs::path& journal) {
  try {
    const auto end = actors::read_journal(journal, [](std::span<const std::byte>) {});
    if (end.torn_bytes > 0)
      throw StoreError(journal.string() + " was cut off: its last " +
                       std::to_string(end.torn_bytes) +
                       " bytes are no whole record; take the run's folder from where it is whole");
  } catch (const actors::JournalError& error) {
    throw StoreError(error.what());
  }
}

}  // namespace

void RunStore::export_run(const std::string& run, const fs::path& to) const {
  const std::int64_t number = state_->number_of_finished(run);
  Transaction one_view(state_->database, Transaction::Kind::read);
  ExportedRunWriter file(to);
  state_->each_part(number, "report", [&](std::string_view part) { file.report_part(part); });
  state_->each_part(number, "journal", [&](std::string_view part) { file.journal_part(part); });
  Statement tags(state_->database, "SELECT name FROM tag WHERE run = ? ORDER BY name");
  for (tags.with(number); tags.step();) file.tag(tags.text(0));
  file.finish();
}

std::string RunStore::import_folder(const fs::path& folder) {
  const std::string report = read_report(folder / "report.json");
  ReportIndex index = index_of_report(report);
  index.beginning.folder = fs::absolute(folder).lexically_normal().string();
  const fs::path journal = folder / "journal";
  check_journal(journal);
  begin(index.beginning);
  finish(index.beginning.run, report, journal);
  return index.beginning.run;
}

std::string RunStore::import_run(const fs::path& from) {
  std::error_code ignored;
  if (fs::is_directory(from, ignored)) return import_folder(from);
  const ExportedRun checked = read_exported_run(from, [](std::string_view) {});
  const ReportIndex index = index_of_report(checked.report);
  for (const auto& tag : checked.tags) check_name(tag, "tag");
  const std::string& run = index.beginning.run;

  Transaction transaction(state_->database);
  if (state_->has(run))
    throw StoreError("run " + run + " is in the store " + state_->name() +
                     " already; squall delete " + run + " makes room for the one of the file");
  const std::int64_t number = state_->insert_row(index.beginning);
  std::int64_t part = 0;
  const ExportedRun again = read_exported_run(
      from, [&](std::string_view bytes) { state_->keep_part(number, "journal", part++, bytes); });
  if (again.report != checked.report)
    throw StoreError(from.string() + " was written to while it was read; import it again");
  state_->keep_whole(number, "report", checked.report);
  for (const auto& tag : checked.tags) state_->tag_row(number, tag);
  state_->finish_row(number, index);
  transaction.commit();
  return run;
}

}  // namespace squall::coordinator
