#include "agents/model_tool/verify/reference_program.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "agents/engine/model/model.hpp"

extern char** environ;

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;

/// A started program, ended for certain.
class Child {
 public:
  Child(const std::string& path, const std::vector<std::string>& arguments) {
    std::array<int, 2> pipe_ends{};
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw ModelError("no pipe can be had");
    output_ = pipe_ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const int failure =
        posix_spawnp(&process_, path.c_str(), &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    if (failure != 0) {
      close(output_);
      throw ModelError("cannot start the reference program " + path + ": " +
                       std::strerror(failure));
    }
  }
  ~Child() {
    close(output_);
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int output() const { return output_; }
  int wait() {
    int status = 0;
    waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  int output_ = -1;
  pid_t process_ = -1;
};

/// Until its end; false when the time is up.
bool read_all(int descriptor, Clock::time_point deadline, std::string& text) {
  std::array<char, 4096> piece;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return false;
    const ssize_t count = read(descriptor, piece.data(), piece.size());
    if (count <= 0) return true;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

ProgramOutput run_program(const std::string& path, const std::vector<std::string>& arguments,
                          std::chrono::seconds patience) {
  ProgramOutput output;
  const auto begun = Clock::now();
  Child child(path, arguments);
  if (!read_all(child.output(), begun + patience, output.text)) {
    throw ModelError("the reference program " + path + " did not end within " +
                     std::to_string(patience.count()) + " s and was killed");
  }
  output.exit_code = child.wait();
  output.elapsed = Clock::now() - begun;
  return output;
}

std::vector<std::string> llama_cpp_arguments() {
  return {
      "-m",          "{model}", "-p", "{prompt}",         "-n", "{tokens}", "-t",
      "{threads}",   "--temp",  "0",  "--repeat-penalty", "1",  "-no-cnv",  "--no-display-prompt",
      "--ignore-eos"};
}

std::vector<std::string> filled_in(std::vector<std::string> arguments, const std::string& model,
                                   const std::string& prompt, std::size_t tokens,
                                   std::size_t threads) {
  for (std::string& argument : arguments) {
    replace_all(argument, "{model}", model);
    replace_all(argument, "{tokens}", std::to_string(tokens));
    replace_all(argument, "{threads}", std::to_string(threads));
    replace_all(argument, "{prompt}", prompt);
  }
  return arguments;
}

}  // namespace squall::agents
