#pragma once
// When to ask the coordinator for its time, and what the answers say: a burst of probes before the
// start, then small ones now and then. Of each burst the probe with the shortest round trip counts;
// a burst that came at a bad time changes nothing while the one before it knows better.
//
// The common start is translated once. What is learnt after it is only told: it shows how far the
// clocks drift apart.

#include "actors/bridge/clock_offset.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

class ClockProbes {
 public:
  static constexpr std::size_t first_burst = 16;
  static constexpr std::size_t later_burst = 8;
  static constexpr nanoseconds between_probes = std::chrono::milliseconds(20);
  static constexpr nanoseconds between_bursts = std::chrono::seconds(10);

  /// `phase` of between_bursts: so that not all agents ask at once. 0 .. 1
  explicit ClockProbes(double phase) : phase_(phase) {}

  /// A probe is to be sent now. Those that got lost are replaced.
  bool due(Instant now);
  /// When due() wants to be asked again, while a burst is under way.
  bool in_burst() const { return burst_ > 0; }
  void on_reply(const actors::ClockSample& sample);

  bool known() const { return known_.samples() > 0; }
  nanoseconds offset() const { return known_.offset(); }  // coordinator's clock minus agent's
  nanoseconds error_bound() const { return known() ? known_.error_bound() : nanoseconds{0}; }

 private:
  double phase_;
  actors::ClockOffset known_;        // by the newest whole burst that was not worse
  Instant known_at_;                 // when that was
  actors::ClockOffset gathering_;    // the burst under way
  std::size_t burst_ = first_burst;  // how many answers this one needs; 0: none under way
  std::size_t sent_ = 0;             // of this burst
  Instant next_probe_, next_burst_;
};

}  // namespace squall::agents
