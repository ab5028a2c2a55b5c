#pragma once
// Links without a network, for tests: one process, one thread, virtual time. Frames can get lost,
// arrive twice, late and out of order; the same seed gives the same accidents.
//
// The hub outlives its links. Nothing is delivered but inside advance().

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

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
  };

  InMemoryHub(std::uint64_t seed, Instant now);
  ~InMemoryHub();
  InMemoryHub(const InMemoryHub&) = delete;
  InMemoryHub& operator=(const InMemoryHub&) = delete;

  /// What happens to frames that are sent from now on, by agents or by the coordinator.
  void set_faults(Sender sender, const Faults& faults);

  /// The coordinator's side. Call once.
  std::shared_ptr<Link> coordinator();
  /// An agent's side; the coordinator knows it as `agent`. A later link of the same name replaces
  /// the earlier one, as after a restart.
  std::shared_ptr<Link> agent(const PeerId& agent);
  /// The agent's connection is gone: so are the frames under way to and from it.
  void disconnect(const PeerId& agent);

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
    PeerId agent;
    Bytes bytes;
  };
  void carry(Frame frame);
  void deliver(Frame&& frame);

  scenarios::Random random_;
  Instant now_;
  Faults from_agents_, from_coordinator_;
  // Frames due at the same instant arrive in the order in which they were sent.
  std::map<std::pair<Instant, std::uint64_t>, Frame> under_way_;
  std::uint64_t sent_ = 0, delivered_ = 0, lost_ = 0;
  std::shared_ptr<Side> coordinator_;
  std::map<PeerId, std::shared_ptr<Side>> agents_;
};

}  // namespace squall::actors
