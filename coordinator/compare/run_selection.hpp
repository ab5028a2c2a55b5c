#pragma once
// Finds the runs that somebody names on a command line: in the store, by tag or baseline, or as
// files of reports.

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/compare/run_figures.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

/// A name that finds nothing. The message names the remedy.
struct SelectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The lines of --help that explain how runs are named.
extern const char* const naming_of_runs;

/// What `read` makes of a stored run's report; where it throws ReportUnreadable, with the run's id.
/// Throws StoreError.
template <class Read>
auto read_stored(const RunStore& store, const std::string& run, Read read) {
  try {
    return read(store.report(run));
  } catch (const ReportUnreadable& error) {
    throw ReportUnreadable("the report of run " + run + " " + error.what());
  }
}

class RunSelection {
 public:
  /// The store is opened when a name asks for it, not before.
  explicit RunSelection(std::filesystem::path store) : file_(std::move(store)) {}

  /// Each name may be several, by commas, and each of those a RUN, last, last~2, last:5 (the newest
  /// five), tag:NAME (all of them), baseline:NAME or NAME, FILE.json, or a run's folder. The runs
  /// of one name are ordered by age; a run that is named twice is there once. Stored runs without a
  /// report ("running") have nothing but id and outcome. Throws SelectionError, StoreError,
  /// ReportUnreadable.
  std::vector<RunFigures> find(const std::vector<std::string>& names);

  /// The same, of stored runs only, by id.
  std::vector<std::string> find_stored(const std::vector<std::string>& names);

  RunStore& store();

 private:
  std::vector<StoredRun> stored(const std::string& name);
  RunFigures figures_of(const StoredRun& run);

  std::filesystem::path file_;
  std::optional<RunStore> store_;
};

}  // namespace squall::coordinator
