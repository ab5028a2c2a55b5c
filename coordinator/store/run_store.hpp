#pragma once
// All runs of a user in one SQLite file (WAL), for lists, comparisons, baselines and trends. What a
// run is, its report says ("squall-run/…" JSON); the store adds an index, tags and baselines.
//
// A run is begun, then finished in one transaction: killed at any moment, the store opens again and
// the run counts as interrupted, never as complete. Several processes may write one store. Every
// call may throw StoreError, whose message names file and remedy. One owner, any thread.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/store_error.hpp"

namespace squall::coordinator {

/// What is known of a run before it ends.
struct RunBeginning {
  std::string run;       // its id: "20261121-063341-4f2a"
  std::string scenario;  // its name
  std::string scenario_hash, scenario_text, scenario_file;
  std::string started_at;  // UTC: "2026-11-21T06:33:41Z"
  std::string tool_version;
  std::string folder;  // with journal and report.json; empty: it came by import_run
};

/// One line of `squall list`.
struct StoredRun {
  RunBeginning beginning;
  std::string state;  // "running", "finished", "interrupted" (its process is no more)
  // What follows is known of finished runs only.
  std::string outcome;  // "pass", "fail", "inconclusive", "invalid", "interrupted"
  std::string model, model_fingerprint, hardware_fingerprint;  // several agents: "a + b"
  std::string load;                                            // "8 users"
  // "tokens_per_second", "error_rate", "ttft_p50", "e2e_p99", "ttft_mean", …; seconds, per second,
  // 0..1. What the report does not tell is not in it.
  std::map<std::string, double> figures;
  std::vector<std::string> tags;  // of all runs; in order of the alphabet
};

/// All that are given must hold; empty: any.
struct RunQuery {
  std::string scenario{}, scenario_hash{}, hardware_fingerprint{}, model_fingerprint{}, tag{};
  std::optional<std::string> outcome{};  // "interrupted": also runs whose process is no more
  std::size_t newest = 0;                // only so many; 0: all
};

class RunStore {
 public:
  /// Opens the file, makes it where it is not, and brings an older schema forward. A newer one is
  /// refused.
  explicit RunStore(const std::filesystem::path& file);
  RunStore(RunStore&&) noexcept;
  ~RunStore();

  /// Also of a run that was begun before and interrupted: it goes on. From here to finish, or to
  /// the end of this object or its process, the run is "running".
  void begin(const RunBeginning& run);
  /// `report` is the JSON report, from which the index is filled; `journal` the file to keep beside
  /// it (compressed), none when empty. When this fails, nothing of the run counts as finished.
  void finish(const std::string& run, const std::string& report,
              const std::filesystem::path& journal = {});

  /// The oldest first.
  std::vector<StoredRun> list(const RunQuery& query = {}) const;
  /// By id, a prefix of it that only one run has, "last", "last~2", or "tag:NAME" (the newest).
  StoredRun find(const std::string& name) const;
  std::string report(const std::string& run) const;  // JSON; throws where the run has none
  /// Writes the run's journal to a file; false when none was kept of it.
  bool save_journal(const std::string& run, const std::filesystem::path& to) const;

  /// Names of tags and baselines are letters, digits, '.', '_' and '-'.
  void tag(const std::string& run, const std::string& tag);
  void untag(const std::string& run, const std::string& tag);
  /// Its rows, not its folder. Refused while it runs, and while a baseline names it.
  void remove(const std::string& run);

  /// One file that import_run takes elsewhere, report and journal included.
  void export_run(const std::string& run, const std::filesystem::path& to) const;
  /// Such a file, or a run's folder with report.json and journal. All of it is checked before
  /// anything is written. Returns the run's id.
  std::string import_run(const std::filesystem::path& from);

  // ---- baselines: named lists of accepted (finished) runs, in the order given. None is named like
  // a run: not "last", not as ids begin.
  void set_baseline(const std::string& name, const std::vector<std::string>& runs);
  std::vector<std::string> baseline(const std::string& name) const;  // throws when there is none
  std::vector<std::string> baselines() const;                        // names
  void remove_baseline(const std::string& name);

 private:
  std::string import_folder(const std::filesystem::path& folder);

  struct State;
  std::unique_ptr<State> state_;
};

/// `asked`, else $SQUALL_STORE, else runs.db in the state folder (coordinator/run_folder.hpp; there
/// `state` is what was asked). Throws RunFolderError.
std::filesystem::path store_file(const std::string& asked = {}, const std::string& state = {});

}  // namespace squall::coordinator
