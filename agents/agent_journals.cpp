#include "agents/agent_journals.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace squall::agents {

namespace fs = std::filesystem;
using actors::JournalError;

namespace {

constexpr const char* extension = ".journal";
constexpr std::size_t name_limit = 100;  // bytes of a run's name

fs::path from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

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
  fs::path state = asked;
  if (state.empty()) state = from_environment("SQUALL_STATE");
  if (state.empty()) {
    const fs::path base = from_environment("XDG_STATE_HOME");
    if (!base.empty()) state = base / "squall";
  }
  if (state.empty()) {
    const fs::path home = from_environment("HOME");
    if (!home.empty()) state = home / ".local" / "state" / "squall";
  }
  if (state.empty())
    throw JournalError(
        "nothing says where journals are to be kept: neither SQUALL_STATE nor HOME is set; name a "
        "folder with --state");
  return state / "agents";
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

}  // namespace squall::agents
