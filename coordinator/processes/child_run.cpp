#include "coordinator/processes/child_run.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "coordinator/processes/child_process.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

/// A folder that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    const auto place = std::filesystem::temp_directory_path(error);
    std::string pattern = ((error ? "/tmp" : place) / "squall-run-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw ChildRunError("cannot make a temporary folder " + pattern + ": " +
                          std::strerror(errno) + "; TMPDIR names another place");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A file that another process writes.
class GrowingLines {
 public:
  explicit GrowingLines(const std::string& path) : file_(path, std::ios::binary) {}

  void tell_new(const std::function<void(const std::string&)>& hear) {
    file_.clear();  // it may have met the end before
    for (std::string part; std::getline(file_, part);) {
      line_ += part;
      if (file_.eof()) break;  // the rest is still to come
      hear(line_);
      line_.clear();
    }
  }

 private:
  std::ifstream file_;
  std::string line_;
};

/// Ends a child as people do: Ctrl-C, then Ctrl-C again, which takes its agents with it.
class PatientEnd {
 public:
  explicit PatientEnd(pid_t child) : child_(child) {}

  void go_on(std::chrono::steady_clock::time_point now) {
    if (now < next_) return;
    kill(child_, asked_ < 2 ? SIGINT : SIGKILL);
    next_ = now + (asked_ == 0 ? 10s : 3s);
    ++asked_;
  }

 private:
  pid_t child_;
  int asked_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

pid_t start(const std::vector<std::string>& command, const std::string& errors) {
  const int file = open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) throw ChildRunError("cannot write " + errors + ": " + std::strerror(errno));
  try {
    const pid_t child = start_child(command, {.errors = file}, WithoutParent::is_interrupted);
    close(file);
    return child;
  } catch (const ProcessError& error) {
    close(file);
    throw ChildRunError(error.what());
  }
}

int wait_for(pid_t child, std::chrono::seconds limit, const std::function<bool()>& go_on) {
  const auto last_word = std::chrono::steady_clock::now() + limit;
  std::optional<PatientEnd> end;
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (ended < 0) return -1;
    const auto now = std::chrono::steady_clock::now();
    if (!end && (now >= last_word || !go_on())) end.emplace(child);
    if (end) end->go_on(now);
    usleep(50'000);
  }
}

}  // namespace

ChildRunResult run_in_child(const std::vector<std::string>& arguments, std::chrono::seconds limit,
                            const std::function<bool()>& go_on,
                            const std::function<void(const std::string&)>& hear) {
  const TemporaryFolder folder;
  std::vector<std::string> command{sibling_program("squall").string(), "run", "--json",
                                   folder.file("run.json")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const pid_t child = start(command, folder.file("errors"));
  GrowingLines said(folder.file("errors"));
  ChildRunResult result;
  result.exit_code = wait_for(child, limit, [&] {
    if (hear) said.tell_new(hear);
    return go_on();
  });
  result.json = content_of(folder.file("run.json"));
  result.errors = content_of(folder.file("errors"));
  return result;
}

ChildRunResult run_in_child(const std::string& scenario, unsigned agents,
                            std::chrono::seconds limit, const std::function<bool()>& go_on) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("selftest.toml"), std::ios::binary) << scenario;
  return run_in_child({folder.file("selftest.toml"), "--agents", std::to_string(agents), "--state",
                       folder.file("state"), "--no-store"},
                      limit, go_on);
}

}  // namespace squall::coordinator
