#pragma once
// Agents on this machine: started as child processes, watched, and never left behind by a
// coordinator that ends in order.

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

/// How the n-th of them is called, counted from 1: "local-1".
std::string local_agent_name(std::size_t number);

struct LocalAgentPlan {
  std::size_t count = 1;
  std::string endpoint;                   // of the coordinator
  std::filesystem::path pairs;            // folder of their keys, local-1.key …; empty: no keys
  std::filesystem::path coordinator_key;  // its public one
  bool insecure = false;
  std::vector<std::string> labels{};
  std::filesystem::path state;  // where their journals go; empty: as they choose
};

class LocalAgents {
 public:
  LocalAgents() = default;
  /// Ends what still runs.
  ~LocalAgents();
  LocalAgents(const LocalAgents&) = delete;
  LocalAgents& operator=(const LocalAgents&) = delete;

  /// Throws LocalAgentError.
  void start(const LocalAgentPlan& plan);

  /// Those that ended since the last call; does not wait.
  std::vector<EndedProcess> reap();

  /// Waits so long for all to end by themselves, then ends them.
  void wait_or_end(std::chrono::milliseconds patience);

 private:
  std::vector<pid_t> running_;
};

}  // namespace squall::coordinator
