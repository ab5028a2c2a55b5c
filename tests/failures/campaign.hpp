#pragma once
// A coordinator, agents and a target as real processes, each on a machine of its own (a network
// namespace), with a wire from each agent to the coordinator that a test may mistreat, and a sound
// one to the target.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/failures/lossy_wire.hpp"
#include "tests/failures/target_log.hpp"
#include "tests/fixtures/process.hpp"

namespace squall::tests {

/// What a scenario of this folder may vary. Offers `rate` requests a second to the target.
struct CampaignLoad {
  double rate = 40;
  unsigned warm_up_seconds = 1, measure_seconds = 12;
  unsigned may_lose = 0;
  unsigned may_pause_seconds = 0;
};

class Campaign {
 public:
  /// Networks and wires; the target runs. Agents are numbered from 0.
  Campaign(std::size_t agents, const CampaignLoad& load, std::uint64_t seed = 1);

  const CampaignLoad& load() const { return load_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  /// Of the coordinator's machine; made when it starts.
  std::filesystem::path coordinator_state() const { return folder_.path() / "coordinator"; }
  std::filesystem::path agent_state(std::size_t agent) const {
    return folder_.path() / ("agent-" + std::to_string(agent));
  }

  /// `squall run`, waiting for all agents. More options, and variables of its environment.
  void start_coordinator(const std::vector<std::string>& more = {},
                         const std::vector<std::string>& environment = {});
  /// `squall run --resume last`, after the one before was killed.
  void resume_coordinator();
  void start_agent(std::size_t agent, const std::vector<std::string>& environment = {});
  /// The coordinator and all agents.
  void start();

  Process& coordinator() { return *coordinator_; }
  Process& agent(std::size_t agent) { return *agents_.at(agent); }
  /// From the coordinator (left) to that agent (right).
  LossyWire& wire(std::size_t agent) { return *wires_.at(agent); }

  /// Until the target was asked for the first time. Throws std::runtime_error, with what all
  /// programs said, when it takes too long.
  void wait_for_load(std::chrono::seconds limit = std::chrono::seconds(90)) const;
  TargetLog asked() const { return TargetLog(folder_.path() / "asked"); }
  static std::string address_of_agent(std::size_t agent);

  struct Ended {
    int exit_code = -1;  // -1: not in time, or by a signal
    std::string output;  // both streams
    nlohmann::json report;
  };
  /// Waits for the coordinator's end.
  Ended wait(std::chrono::seconds limit);
  /// Waits for an agent's end; its exit code, -1 when it took too long.
  int wait_for_agent(std::size_t agent, std::chrono::seconds limit);

 private:
  std::string scenario() const;
  std::string output() const;

  CampaignLoad load_;
  TemporaryFolder folder_;
  NetworkNamespace coordinator_network_, target_network_;
  std::vector<std::unique_ptr<NetworkNamespace>> networks_;
  std::vector<std::unique_ptr<LossyWire>> wires_, target_wires_;
  std::unique_ptr<Process> target_, coordinator_;
  std::vector<std::unique_ptr<Process>> agents_;
};

}  // namespace squall::tests
