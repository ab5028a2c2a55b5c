#include "coordinator/selftest/child_run.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <spawn.h>
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
    std::string pattern = ((error ? "/tmp" : place) / "squall-selftest-XXXXXX").string();
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

pid_t start(std::vector<std::string> command, const std::string& errors) {
  std::vector<char*> argv;
  for (auto& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);  // a terminal's Ctrl-C is ours to pass on
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw ChildRunError("cannot start " + command[0] + ": " + std::strerror(error));
  return child;
}

int wait_for(pid_t child, std::chrono::seconds limit, const std::function<bool()>& go_on) {
  const auto begun = std::chrono::steady_clock::now();
  auto last_word = begun + limit;
  bool told_to_end = false;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    const auto now = std::chrono::steady_clock::now();
    if (!told_to_end && (now >= last_word || !go_on())) {
      told_to_end = true;
      kill(child, SIGINT);  // it drains, and ends its agents
      last_word = now + 10s;
    } else if (told_to_end && now >= last_word) {
      kill(child, SIGKILL);
    }
    usleep(50'000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

ChildRunResult run_in_child(const std::string& scenario, unsigned agents,
                            std::chrono::seconds limit, const std::function<bool()>& go_on) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("selftest.toml"), std::ios::binary) << scenario;
  const pid_t child = start(
      {sibling_program("squall").string(), "run", folder.file("selftest.toml"), "--agents",
       std::to_string(agents), "--state", folder.file("state"), "--json", folder.file("run.json")},
      folder.file("errors"));
  ChildRunResult result;
  result.exit_code = wait_for(child, limit, go_on);
  result.json = content_of(folder.file("run.json"));
  result.errors = content_of(folder.file("errors"));
  return result;
}

}  // namespace squall::coordinator
