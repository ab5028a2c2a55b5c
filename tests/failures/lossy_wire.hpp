#pragma once
// A wire between two networks that loses, delays, repeats and reorders packets from a seed, and can
// be cut; in user space, because not every kernel has netem. TCP above it is the real one.
//
// A thread of its own carries the packets; orders may come from any thread and hold for packets
// that enter from then on. The fate of each direction's n-th packet depends on the seed alone.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/failures/network_namespace.hpp"

namespace squall::tests {

struct WireFaults {
  double loss = 0;                      // probability that a packet disappears
  double duplication = 0;               // probability that it arrives twice
  double reordering = 0;                // probability that it overtakes what is delayed
  std::chrono::milliseconds delay{0};   // of each packet …
  std::chrono::milliseconds jitter{0};  // … plus or minus up to this, uniformly
  bool cut = false;                     // nothing gets through
};

/// Of one direction.
struct WireCounts {
  std::uint64_t entered = 0;  // IPv4 packets; nothing else is carried
  std::uint64_t lost = 0;     // by chance
  std::uint64_t cut = 0;      // because the wire was
  std::uint64_t duplicated = 0;
  std::uint64_t overtaking = 0;  // those that were let past others
  std::uint64_t delivered = 0;
};

class LossyWire {
 public:
  struct Place {
    const NetworkNamespace& network;
    std::string interface;  // its name there
    std::string address;
  };
  LossyWire(const Place& left, const Place& right, std::uint64_t seed);
  ~LossyWire();
  LossyWire(const LossyWire&) = delete;
  LossyWire& operator=(const LossyWire&) = delete;

  enum class From { left, right };
  void set(From from, const WireFaults& faults);
  void set(const WireFaults& faults) {  // both ways
    set(From::left, faults);
    set(From::right, faults);
  }
  /// Pulls the plugs at both ends, or puts them back.
  void set_plugged(bool plugged);

  WireCounts counts(From from) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::tests
