#include "coordinator/run_folder.hpp"

#include <algorithm>

#include "actors/journal/state_folder.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace {

namespace fs = std::filesystem;

constexpr const char* remedy =
    "; --state FOLDER or $SQUALL_STATE names another place for journals and reports";

bool has_journal(const RunFolder& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder.journal(), ignored);
}

}  // namespace

fs::path state_folder(const std::string& asked) {
  if (auto folder = actors::state_folder(asked)) return *std::move(folder);
  throw RunFolderError("there is no home folder to keep runs in" + std::string(remedy));
}

RunFolder make_run_folder(const fs::path& state, const std::string& run) {
  RunFolder folder{state / "runs" / run};
  std::error_code error;
  fs::create_directories(state / "runs", error);
  if (!error && !fs::create_directory(folder.path, error) && !error)
    throw RunFolderError("there is a run in " + folder.path.string() + " already; start again");
  if (!error) fs::permissions(folder.path, fs::perms::owner_all, error);
  if (error)
    throw RunFolderError("cannot make the folder " + folder.path.string() + ": " + error.message() +
                         remedy);
  return folder;
}

RunFolder find_run_folder(const fs::path& state, const std::string& run) {
  if (run.find('/') != std::string::npos) {
    fs::path path = fs::path(run).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // it ended with a slash
    const RunFolder folder{std::move(path)};
    if (has_journal(folder)) return folder;
    throw RunFolderError("there is no journal in " + run);
  }
  const auto all = list_run_folders(state);
  if (all.empty())
    throw RunFolderError("there are no runs in " + (state / "runs").string() +
                         "; --state or $SQUALL_STATE names another place");
  if (run == "last") return all.back();
  std::vector<std::string> names;
  for (const auto& folder : all) {
    if (folder.run() == run) return folder;
    names.push_back(folder.run());
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string message = "there is no run '" + run + "' in " + (state / "runs").string();
  if (const auto near = scenarios::nearest(run, views); !near.empty())
    message += "; did you mean '" + std::string(near) + "'?";
  throw RunFolderError(message + " ('last' is the newest: " + names.back() + ")");
}

std::vector<RunFolder> list_run_folders(const fs::path& state) {
  std::vector<RunFolder> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state / "runs", error))
    if (RunFolder folder{entry.path()}; has_journal(folder)) folders.push_back(std::move(folder));
  if (error && error != std::errc::no_such_file_or_directory)
    throw RunFolderError("cannot read " + (state / "runs").string() + ": " + error.message() +
                         remedy);
  // Names begin with the time.
  std::ranges::sort(folders, {}, &RunFolder::path);
  return folders;
}

}  // namespace squall::coordinator
