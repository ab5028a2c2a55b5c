#pragma once
// Links without a network, for tests: one process, one thread, virtual time. Frames can get lost,
// arrive twice, late and out of order; connections break and are cut in one direction or both; the
// same seed gives the same accidents.
//
// The hub outlives its links. Nothing is delivered but inside advance().

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/metrics/request_timeline.hpp"
#include "actors/wire/message_codec.hpp"
#include "scenarios/load/random.hpp"

namespace squall::actors {

class InMemoryHub {
 public:
  struct Faults {
    double loss = 0;         // probability that a frame disappears: 1 is a partition
    double duplication = 0;  // probability that it arrives twice
    nanoseconds delay_at_least{1'000'000};
    nanoseconds delay_at_most{1'000'000};  // more than at_least: frames overtake each other
    bool held = false;  // frames wait until faults are set that hold no more, then come in order:
                        // what TCP makes of a network that was away
  };

  InMemoryHub(std::uint64_t seed, Instant now);
  ~InMemoryHub();
  InMemoryHub(const InMemoryHub&) = delete;
  InMemoryHub& operator=(const InMemoryHub&) = delete;

  /// What happens to frames that are sent from now on, by agents or by the coordinator.
  void set_faults(Sender sender, const Faults& faults);
  /// The same of one agent's connection only, whatever holds for all.
  void set_faults(Sender sender, const PeerId& agent, const Faults& faults);
  /// That agent's connection is like all others again.
  void clear_faults(const PeerId& agent);

  /// The coordinator's side. Called again: a new process at the same address. The connections are
  /// new ones then, and what was under way is lost.
  std::shared_ptr<Link> coordinator();
  /// The coordinator's process is gone: nothing arrives until there is another.
  void coordinator_gone();
  /// An agent's side; the coordinator knows its first connection as `agent`, later ones by other
  /// ids. A later link of the same name replaces the earlier one, as after a restart.
  std::shared_ptr<Link> agent(const PeerId& agent);
  /// The agent's link is gone: so are the frames under way to and from it.
  void disconnect(const PeerId& agent);
  /// The agent's connection broke, and it has a new one: frames under way are lost.
  void break_connection(const PeerId& agent);

  /// The agent whose connection this is; empty when it is gone.
  PeerId agent_of(const PeerId& connection) const;

  /// When the next frame is due; empty when none is under way.
  std::optional<Instant> next_due() const;
  /// Delivers all that is due until `now`, in the order of time, and what is sent meanwhile too.
  void advance(Instant now);

  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  class Side;
  struct Frame {
    Sender sender;
    PeerId connection;
    Bytes bytes;
  };
  using FaultsOfAgent = std::map<PeerId, Faults>;
  void carry(const PeerId& agent, Frame frame);
  void deliver(Frame&& frame);
  const Faults& faults_for(Sender sender, const PeerId& agent) const;
  nanoseconds draw_delay(const Faults& faults);
  void release_held();
  void forget(const PeerId& connection);
  void connect(const PeerId& agent, std::shared_ptr<Side> side);

  scenarios::Random random_;
  Instant now_;
  Faults from_agents_, from_coordinator_;
  FaultsOfAgent from_agent_, to_agent_;
  // Frames due at the same instant arrive in the order in which they were sent.
  std::map<std::pair<Instant, std::uint64_t>, Frame> under_way_;
  std::vector<std::pair<PeerId, Frame>> held_;  // by agent, in the order in which they were sent
  std::uint64_t sent_ = 0, delivered_ = 0, lost_ = 0;
  std::shared_ptr<Side> coordinator_;
  std::map<PeerId, std::shared_ptr<Side>> connections_;
  std::map<PeerId, PeerId> connection_of_;  // of an agent
  std::uint64_t connections_made_ = 0;
};

}  // namespace squall::actors
