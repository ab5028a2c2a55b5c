#pragma once
// One process of an agent: the production state machine, and around it what its actors, its
// journal, its connection and its load do, on virtual time.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "agents/agent_run.hpp"
#include "tests/simulation/course.hpp"
#include "tests/simulation/fault_schedule.hpp"
#include "tests/simulation/referee.hpp"
#include "tests/simulation/simulated_disk.hpp"
#include "tests/simulation/simulated_load.hpp"

namespace squall::tests {

/// What all processes of a simulation share.
struct Around {
  const World& world;
  EventQueue& queue;
  actors::InMemoryHub& hub;
  Referee& referee;
  const Course& course;
};

class SimulatedAgent {
 public:
  struct Birth {
    const AgentMachine& machine;
    SimulatedDisk& disk;
    std::uint64_t epoch = 0;
    std::uint64_t process_id = 0;
    std::string hands_over{};  // this journal of a process that is no more; else it takes part
  };

  SimulatedAgent(const Around& around, const Birth& birth);

  void interrupt();  // as SIGTERM: the first one asks it to end, another one ends it
  void babble();     // sends what is none of the protocol
  void stop();
  void go_on();
  void crash();

  bool alive() const { return process_.alive(); }
  std::uint64_t epoch() const { return run_.epoch(); }
  std::uint64_t process_id() const { return process_id_; }
  const std::string& name() const { return who_; }
  /// Its journal, if it has begun one; a crash leaves it.
  const std::string& journal() const { return journal_file_; }

 private:
  agents::AgentRun make_run(const Birth& birth) const;
  void hear(const actors::Arrival& arrival);
  void tick(Instant due);
  void schedule_tick();
  /// Runs what came to the process, and then what its parts told each other meanwhile.
  void turn(agents::AgentEffects effects);
  void perform(const agents::AgentEffects& effects);
  void perform_one(const agents::AgentEffect& any);
  void keep(const actors::AgentEntry& entry);
  void send(const actors::AgentMessage& message);
  void prepare(const agents::effect::PrepareTarget& order);
  void begin(const agents::effect::BeginLoad& order);
  void check_answers(Instant until);
  void leave(const agents::effect::Leave& order);
  void tell(const std::string& what) const;

  Around around_;
  std::string who_;  // its link's name too: every process has connections of its own
  std::uint64_t process_id_;
  SimulatedDisk& disk_;
  SimulatedProcess process_;
  std::shared_ptr<actors::Link> link_;
  std::string journal_file_;
  std::unique_ptr<actors::Journal> journal_;
  bool asked_to_end_ = false;
  bool journal_failed_ = false;  // what is sent from then on is nowhere else
  agents::AgentRun run_;
  SimulatedLoad load_;
  nanoseconds clock_error_{0};
  std::deque<std::function<agents::AgentEffects()>> mail_;  // from its own parts
  bool in_turn_ = false;
};

}  // namespace squall::tests
