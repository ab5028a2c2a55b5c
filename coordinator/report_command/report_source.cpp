#include "coordinator/report_command/report_source.hpp"

#include <filesystem>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/report/json_report.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

void take(ReportSource& source, const std::optional<ReplayedRun>& replayed) {
  if (!replayed) return;
  source.report = make_run_report(replayed->record);
  source.json = json_report(*source.report, replayed->record);
  source.intervals = replayed->intervals;
  source.requests = replayed->requests;
  for (const auto& category : replayed->record.scenario.categories)
    source.categories.push_back(category.name);
}

std::string read_report(const fs::path& file) {
  return read_text_file(file.string(), "cannot read the report",
                        "squall run --json FILE writes one; squall list shows stored runs");
}

ReportSource of_file(const fs::path& file) {
  ReportSource source;
  source.name = file.string();
  source.json = read_report(file);
  source.why_no_report = "a JSON report is not the run's journal";
  return source;
}

ReportSource of_folder(const RunFolder& folder, Replay what) {
  ReportSource source;
  source.name = "the run in " + folder.path.string();
  std::error_code ignored;
  if (fs::exists(folder.journal(), ignored))
    take(source, replay_journal(folder.journal(), what, source.why_no_report));
  else
    source.why_no_report = "there is no journal in its folder";
  if (source.json.empty()) source.json = read_report(folder.report());
  return source;
}

[[noreturn]] void refuse_unfinished(const StoredRun& run) {
  const std::string& id = run.beginning.run;
  if (run.state == "running")
    throw StoreError("run " + id + " is running; it has a report when it is over");
  throw StoreError("run " + id + " was interrupted and has no report; squall run --resume " + id +
                   " goes on with it");
}

ReportSource of_store(const RunStore& store, const SourceQuestion& question) {
  const StoredRun run = store.find(question.run);
  if (run.state != "finished") refuse_unfinished(run);
  ReportSource source;
  source.name = "run " + run.beginning.run;
  take(source, replay_stored(store, run, question.what, source.why_no_report));
  if (source.json.empty()) source.json = store.report(run.beginning.run);
  return source;
}

}  // namespace

ReportSource find_report(const SourceQuestion& question) {
  const fs::path path = question.run;
  std::error_code ignored;
  const bool named_by_path =
      question.run.find('/') != std::string::npos || question.run.ends_with(".json");
  if (fs::is_directory(path, ignored)) return of_folder(RunFolder{path}, question.what);
  if (named_by_path) return of_file(path);
  const fs::path store = store_file(question.store, question.state);
  if (fs::exists(store, ignored)) return of_store(RunStore(store), question);
  if (!question.store.empty())
    throw StoreError("there is no store " + store.string() + "; squall run --store makes it");
  // Where every run was made with --no-store, they have their folders all the same.
  return of_folder(find_run_folder(state_folder(question.state), question.run), question.what);
}

}  // namespace squall::coordinator
