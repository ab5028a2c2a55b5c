#pragma once
// How much of what a link received may wait to be handled: of each peer, so that none starves the
// others, and in all, so that memory has a bound.
//
// admit() is for one thread; what it gives may be let go on any other.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "actors/bridge/link.hpp"

namespace squall::actors {

class ArrivalLimit {
 public:
  struct Limits {
    // An honest agent has at most 32 batches and 8 MiB unacknowledged, and little beside them.
    std::size_t frames = 256;
    std::size_t bytes = std::size_t{12} << 20;
    // Of all peers. Beyond it, each may have one frame under way; at twice that, none.
    std::size_t total_bytes = std::size_t{128} << 20;
  };

  ArrivalLimit() : ArrivalLimit(Limits{}) {}
  explicit ArrivalLimit(const Limits& limits);

  /// To be held until the frame has been dealt with; null when there is too much already. `peer`
  /// is the name of its key, so that many connections are no more than one; its id without keys.
  std::shared_ptr<const void> admit(const std::string& peer, std::size_t bytes);

  /// Peers that are remembered: those with something under way, and some more.
  std::size_t remembered() const { return peers_.size(); }

 private:
  struct Amount {
    std::atomic<std::size_t> frames{0}, bytes{0};
  };
  struct UnderWay;
  void forget_idle();

  const Limits limits_;
  std::shared_ptr<Amount> total_;
  std::unordered_map<std::string, std::shared_ptr<Amount>> peers_;
  std::size_t forget_at_;
};

}  // namespace squall::actors
