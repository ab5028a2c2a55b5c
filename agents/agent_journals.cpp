#include "agents/agent_journals.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "actors/journal/state_folder.hpp"
#include "scenarios/text/shell_words.hpp"

namespace squall::agents {

namespace fs = std::filesystem;
using actors::JournalError;

namespace {

constexpr const char* extension = ".journal";
constexpr std::size_t name_limit = 100;  // bytes of a run's name

bool is_name(const std::string& run) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !run.empty() && run.size() <= name_limit && run.front() != '.' &&
         std::all_of(run.begin(), run.end(), is_letter);
}

/// Who writes a journal holds a lock on it.
bool is_being_written(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  ::close(descriptor);
  return locked;
}

}  // namespace

fs::path agent_journal_folder(const std::string& asked) {
  if (const auto state = actors::state_folder(asked)) return *state / "agents";
  throw JournalError(
      "nothing says where journals are to be kept: neither SQUALL_STATE nor HOME is set; name a "
      "folder with --state");
}

fs::path agent_journal_file(const fs::path& folder, const actors::PartOpened& part) {
  if (!is_name(part.run))
    throw JournalError("the run's name cannot be a file's; letters, digits, '-', '_' and '.' can");
  return folder / (part.run + "-" + std::to_string(part.epoch) + extension);
}

std::vector<fs::path> journals_left_behind(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == extension && !is_being_written(it->path()))
      files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string hand_over_command(const CoordinatorAddress& coordinator, const fs::path& journal) {
  using scenarios::shell_word;
  std::string command = "squall agent --connect " + shell_word(coordinator.endpoint);
  if (!coordinator.keys.empty())
    command += " --keys " + shell_word(coordinator.keys) + " --coordinator-key " +
               shell_word(coordinator.coordinator_key);
  if (coordinator.insecure) command += " --insecure";
  return command + " --hand-over " + shell_word(journal.string());
}

}  // namespace squall::agents
