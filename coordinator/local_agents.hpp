#pragma once
// Agents on this machine: started as child processes, watched, and never left behind.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace squall::coordinator {

struct LocalAgentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct EndedProcess {
  std::uint64_t process_id = 0;
  std::string how;  // "exit code 1", "killed by signal 9 (Killed)"
};

class LocalAgents {
 public:
  LocalAgents() = default;
  /// Ends what still runs.
  ~LocalAgents();
  LocalAgents(const LocalAgents&) = delete;
  LocalAgents& operator=(const LocalAgents&) = delete;

  /// Starts `count` agents that join the coordinator at `endpoint`. Throws LocalAgentError.
  void start(std::size_t count, const std::string& endpoint);

  /// Those that ended since the last call; does not wait.
  std::vector<EndedProcess> reap();

  /// Waits so long for all to end by themselves, then ends them.
  void wait_or_end(std::chrono::milliseconds patience);

 private:
  std::vector<pid_t> running_;
};

/// The program of that name beside this one; else the bare name, for PATH.
std::filesystem::path sibling_program(const std::string& name);

}  // namespace squall::coordinator
