#pragma once
// What a seed means: the scenario, the machines, and what goes wrong with them and when.

#include <cstdint>
#include <string>
#include <vector>

#include "actors/bridge/in_memory_link.hpp"
#include "actors/fabric_times.hpp"
#include "tests/simulation/simulated_process.hpp"

namespace squall::tests {

/// Mistakes that are planted from outside, to prove that the simulation would notice them.
enum class Plant {
  none,
  ack_before_journal,  // the coordinator's journal keeps in memory what it was told to commit
  early_reassign,      // the coordinator takes leases to be shorter than the agents do
  reset_before_send    // an agent is told that its batch is acknowledged as soon as it is sent
};

struct Fault {
  enum class Kind {
    bad_wire,           // frames get lost, repeated, late and out of order
    partition,          // nothing gets through, in one direction or both
    broken_connection,  // and at once a new one
    agent_crash,
    agent_stop,  // SIGSTOP, SIGCONT
    agent_interrupt,
    agent_babbles,  // frames that are none of the protocol
    agent_disk_full,
    key_revoked,
    coordinator_crash,
    coordinator_stop,
    coordinator_interrupt,
    coordinator_disk_full
  };
  Kind kind = Kind::bad_wire;
  nanoseconds at{0};
  nanoseconds lasts{0};  // crashes: until it is started again; 0: for ever
  int agent = -1;        // -1: all of them
  bool from_agents = true, from_coordinator = true;  // directions of bad wires and partitions
  actors::InMemoryHub::Faults wire;
  bool handed_over = false;  // a crashed agent's journal is delivered, by another process
  bool noticed = false;      // the coordinator hears of the process's end at once
};

struct AgentMachine {
  std::string name;
  std::vector<std::string> labels;
  MachineClock clock;
  nanoseconds starts_at{0};
  bool comes = true;
};

struct World {
  std::uint64_t seed = 0;
  std::string scenario_text;
  nanoseconds planned_length{0};  // from warm-up to the end of the drain
  std::vector<AgentMachine> agents;
  MachineClock coordinator_clock;
  actors::FabricTimes agents_times, coordinator_times;
  bool with_keys = false;    // agents have identities
  bool by_names = false;     // the gathering waits for these names …
  nanoseconds gathering{0};  // … or so long for whoever comes; 0: for a number of agents
  actors::InMemoryHub::Faults wire;
  std::vector<Fault> faults;
  Plant plant = Plant::none;
  bool gentle = false;  // nothing happens that may cost a run anything
};

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t agents = 0;  // 0: as the seed says
  Plant plant = Plant::none;
};

World make_world(const WorldOptions& options);

/// One line, for whoever reads the course of a seed.
std::string in_words(const Fault& fault);

}  // namespace squall::tests
