#include "coordinator/local_agents.hpp"

#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

std::string describe_end(int status) {
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

/// A child in a process group of its own: a terminal's Ctrl-C reaches the coordinator alone, which
/// then lets the agent drain.
pid_t spawn(const std::filesystem::path& program, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // The summary on standard output is the coordinator's alone.
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw LocalAgentError("cannot start the agent program " + program.string() + ": " +
                          std::strerror(error) +
                          "; it belongs beside squall, built by the same build");
  return child;
}

}  // namespace

std::filesystem::path sibling_program(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return name;
  const auto sibling = self.parent_path() / name;
  return sibling;
}

LocalAgents::~LocalAgents() { wait_or_end(0ms); }

void LocalAgents::start(std::size_t count, const std::string& endpoint) {
  const auto program = sibling_program("squall-agent");
  for (std::size_t i = 1; i <= count; ++i)
    running_.push_back(spawn(
        program, {program.string(), "--connect", endpoint, "--name", "local-" + std::to_string(i),
                  "--agents-here", std::to_string(count), "--quiet"}));
}

std::vector<EndedProcess> LocalAgents::reap() {
  std::vector<EndedProcess> ended;
  std::erase_if(running_, [&](pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return false;
    ended.push_back({static_cast<std::uint64_t>(child), describe_end(status)});
    return true;
  });
  return ended;
}

void LocalAgents::wait_or_end(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  reap();
  while (!running_.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(10ms);
    reap();
  }
  for (const pid_t child : running_) kill(child, SIGKILL);
  for (const pid_t child : running_) waitpid(child, nullptr, 0);
  running_.clear();
}

}  // namespace squall::coordinator
