#pragma once
// Where runs are written down, and where they are found again.
//
//   STATE/runs/RUN/journal      everything, as it happened (actors/journal/run_entries.hpp)
//   STATE/runs/RUN/report.json  the report, when the run is over
//   STATE/runs/RUN/keys/        of local agents, while the run lasts

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace squall::coordinator {

/// A folder that cannot be made, a run that is not there. The message names the remedy.
struct RunFolderError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `asked`, else $SQUALL_STATE, else $XDG_STATE_HOME/squall, else ~/.local/state/squall. Throws
/// RunFolderError when nothing says where.
std::filesystem::path state_folder(const std::string& asked = {});

struct RunFolder {
  std::filesystem::path path;

  std::string run() const { return path.filename().string(); }
  std::filesystem::path journal() const { return path / "journal"; }
  std::filesystem::path report() const { return path / "report.json"; }
  std::filesystem::path keys() const { return path / "keys"; }
};

/// A folder for a new run, which only its owner may read. Throws RunFolderError.
RunFolder make_run_folder(const std::filesystem::path& state, const std::string& run);

/// The run with that name, the newest for "last", or a folder that holds a journal. Throws
/// RunFolderError.
RunFolder find_run_folder(const std::filesystem::path& state, const std::string& run);

/// All that have a journal, the oldest first.
std::vector<RunFolder> list_run_folders(const std::filesystem::path& state);

}  // namespace squall::coordinator
