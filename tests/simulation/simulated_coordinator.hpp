#pragma once
// One process of the coordinator: the production state machine and its keeper, and around them what
// the actor, the journal's disk and the connection do, on virtual time.

#include <memory>
#include <optional>
#include <string>

#include "coordinator/run/run_keeper.hpp"
#include "tests/simulation/simulated_agent.hpp"

namespace squall::tests {

class SimulatedCoordinator {
 public:
  /// A first process, or one that goes on from what the disk has.
  SimulatedCoordinator(const Around& around, SimulatedDisk& disk, std::uint64_t process_id);

  void interrupt();
  void process_ended(std::uint64_t process_id);
  void key_revoked(const std::string& identity);
  void stop() { process_.stop(); }
  void go_on();
  void crash();

  bool alive() const { return process_.alive(); }
  /// The run is over, and that is in the journal.
  bool finished() const { return over_; }
  const coordinator::RunKeeper& keeper() const { return *keeper_; }
  /// It answers no more: the program ends.
  void leave();

  static constexpr const char* journal_file = "run";

 private:
  void begin();
  void resume();
  void hear(const actors::Arrival& arrival);
  void tick();
  void take(coordinator::Steps steps);
  void flush();
  void say(const actors::PeerId& peer, actors::Envelope envelope);
  std::unique_ptr<actors::Journal> open_journal();
  std::string identity_of(const actors::PeerId& peer) const;
  void tell(const std::string& what) const { around_.course.tell(around_.queue.now(), who_, what); }

  Around around_;
  std::string who_;
  SimulatedDisk& disk_;
  SimulatedProcess process_;
  std::shared_ptr<actors::Link> link_;
  std::unique_ptr<coordinator::RunKeeper> keeper_;
  bool flush_ordered_ = false;
  bool over_ = false;
};

}  // namespace squall::tests
