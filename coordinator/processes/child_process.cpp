#include "coordinator/processes/child_process.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall::coordinator {

namespace {

[[noreturn]] void cannot_start(const char* program, int error) {
  throw ProcessError(std::string("cannot start ") + program + ": " + std::strerror(error));
}

/// Puts `file`, or /dev/null, in the place of a standard stream.
void redirect(int file, int stream, int flags) {
  const int from = file >= 0 ? file : open("/dev/null", flags);
  if (from < 0 || dup2(from, stream) < 0) _exit(127);
}

/// Between fork and exec: calls that are safe there, and nothing else.
[[noreturn]] void become(char** argv, const ChildStreams& streams, pid_t parent, int complaints) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGINT);
  if (getppid() != parent) _exit(127);  // it was killed before we could ask
  redirect(streams.input, STDIN_FILENO, O_RDONLY);
  redirect(-1, STDOUT_FILENO, O_WRONLY);
  if (streams.errors >= 0) redirect(streams.errors, STDERR_FILENO, O_WRONLY);
  execvp(argv[0], argv);
  const int error = errno;
  if (write(complaints, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

/// posix_spawn cannot tell the system what to do with a child whose parent is no more.
pid_t start_tied_child(char** argv, const ChildStreams& streams) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) cannot_start(argv[0], errno);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(argv, streams, parent, pipe[1]);
  const int forked = errno;
  close(pipe[1]);
  int error = child < 0 ? forked : 0;
  if (child > 0 && read(pipe[0], &error, sizeof error) > 0) waitpid(child, nullptr, 0);
  close(pipe[0]);
  if (error != 0) cannot_start(argv[0], error);
  return child;
}

}  // namespace

pid_t start_child(std::vector<std::string> command, const ChildStreams& streams,
                  WithoutParent without_parent) {
  std::vector<char*> argv;
  for (auto& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (without_parent == WithoutParent::is_interrupted)
    return start_tied_child(argv.data(), streams);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  if (streams.input >= 0)
    posix_spawn_file_actions_adddup2(&files, streams.input, STDIN_FILENO);
  else
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (streams.errors >= 0) posix_spawn_file_actions_adddup2(&files, streams.errors, STDERR_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) cannot_start(argv[0], error);
  return child;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

std::filesystem::path sibling_program(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return name;
  return self.parent_path() / name;
}

}  // namespace squall::coordinator
