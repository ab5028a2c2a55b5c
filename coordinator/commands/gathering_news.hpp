#pragma once
// What is told while a run waits for its agents: how to start one elsewhere, who came, who is
// missing. Pure texts.

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "coordinator/commands/run_options.hpp"

namespace squall::coordinator {

/// Where and how agents connect.
struct Entrance {
  std::string endpoint;  // as bound: "tcp://0.0.0.0:5555"
  std::string keys;      // folder; empty: no keys
  bool insecure = false;
  std::vector<std::string> own_addresses;  // of this machine, as others may reach it
};

/// The address to type elsewhere; an endpoint of all interfaces becomes the first of this machine's
/// addresses.
std::string reachable_endpoint(const Entrance& entrance);

/// What to do elsewhere so that agents come, with the exact command.
std::vector<std::string> invitation(const Entrance& entrance, const Participants& who);

struct AgentThere {
  std::string name, host, identity;
  std::vector<std::string> labels;
};

/// Remembers who was told of.
class GatheringNews {
 public:
  explicit GatheringNews(Participants who) : who_(std::move(who)) {}

  /// A line for each agent that was not there before: "web-1 came from host a (gpu, rack=a; key
  /// web-1): 2 of 3, still missing: web-3". Safe to print.
  std::vector<std::string> update(const std::vector<AgentThere>& there);

  /// Who has not come, as far as names are known; else empty.
  std::vector<std::string> missing() const;

 private:
  std::string told(const AgentThere& agent) const;

  Participants who_;
  std::set<std::string> came_;  // names; they are one for each agent of a run
};

}  // namespace squall::coordinator
