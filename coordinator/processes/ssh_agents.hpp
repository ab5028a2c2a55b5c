#pragma once
// Agents on other machines, started and ended over OpenSSH. Each connects to a port of its own
// machine's loopback that ssh tunnels to the coordinator, so nothing listens to the network.
//
// Standard input of the far shell is the string that it hangs on: when ssh is ended, the shell sees
// its end and ends the agent. A coordinator that is killed leaves ssh alone, so that the agents may
// join again when the run is resumed; they end by their own patience.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "coordinator/processes/child_process.hpp"

namespace squall::coordinator {

struct SshPlan {
  std::string ssh = "ssh";           // the client; $SQUALL_SSH
  std::vector<std::string> hosts{};  // as ssh takes them: "web1", "me@web2"
  std::vector<std::string> names{};  // of the agents, one a host
  std::string program = "squall";    // over there
  std::string coordinator{};         // "127.0.0.1:40123", as this machine reaches it
  std::vector<std::string> labels{};
  bool keys = false;  // agents must show the keys that were copied there
};

/// The agent's command line over there, with what ends it; for the far shell.
std::string far_command(const SshPlan& plan, const std::string& name, unsigned port);

/// The client's words for one host; `port` is the tunnel's far end.
std::vector<std::string> ssh_command(const SshPlan& plan, std::size_t host, unsigned port);

/// The far end's port for the n-th try of a host: different ones for hosts that are one machine,
/// and outside the range from which systems take ports for outgoing connections.
unsigned far_port(const std::string& coordinator, std::size_t host, unsigned attempt);

struct SshNews {
  std::string name;                  // the agent's
  std::string line;                  // what it or ssh said
  std::optional<std::string> ended;  // and how, in words
  bool ended_well = false;           // with exit code 0
};

class SshAgents {
 public:
  SshAgents() = default;
  /// Ends what still runs.
  ~SshAgents();
  SshAgents(const SshAgents&) = delete;
  SshAgents& operator=(const SshAgents&) = delete;

  /// Throws ProcessError when the client cannot be started.
  void start(SshPlan plan);

  /// What was said since the last call, and who ended; does not wait. A tunnel whose far port is
  /// taken is tried again with another one, which is no news.
  std::vector<SshNews> poll();

  /// Waits so long for all to end by themselves, then ends them.
  void wait_or_end(std::chrono::milliseconds patience);

 private:
  struct Session {
    pid_t process = 0;  // 0: ended
    int errors = -1;    // what it says
    std::string begun;  // a line without its end yet
    unsigned attempt = 0;
    bool port_taken = false;
    std::string last_line;
  };
  void begin(std::size_t host);
  void read(std::size_t host, std::vector<SshNews>& news);
  void heard(std::size_t host, std::string line, std::vector<SshNews>& news);
  void reap(std::size_t host, std::vector<SshNews>& news);
  bool all_ended() const;

  SshPlan plan_;
  std::vector<Session> sessions_;  // one a host
};

}  // namespace squall::coordinator
