#pragma once
// Wakes by absolute deadline from a thread of its own, never re-anchored: a late wake does not move
// the ones after it, and carries the instant that was intended.
//
// Wakes come from two sources: streams of first wakes that are pulled as time goes, so that a plan
// of millions takes no memory, and those that are ordered one by one (16 bytes each). Whatever is
// due is delivered together: a late pacer does not flood anyone one by one.
// Thread-safe. Lateness on an idle machine is about 30 us (timer slack set to its minimum).

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>
#include <vector>

#include "actors/actor_interfaces.hpp"

namespace squall::agents {

using actors::Instant;

class Pacer {
 public:
  /// Called on the pacer's thread, or on the one that calls stop(); in order of time. Wakes at the
  /// same instant come in the order of their items.
  using OnWakes = std::function<void(std::vector<actors::DueWake>&&)>;

  explicit Pacer(OnWakes on_wakes);
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  /// The stream's instants count from `start`; it is used only by the pacer from now on. Streams
  /// that were begun before go on.
  void begin(std::shared_ptr<scenarios::ArrivalStream> first_wakes, Instant start);
  void wake_at(Instant instant, std::uint64_t item);

  /// Delivers what is due before `at`, and forgets the rest; nothing is delivered after it returns,
  /// until wakes are ordered anew.
  void stop(Instant at);

  static constexpr std::size_t most_at_once = 1024;  // wakes in one delivery

 private:
  struct Later {
    bool operator()(const actors::DueWake& a, const actors::DueWake& b) const {
      return a.intended != b.intended ? a.intended > b.intended : a.item > b.item;
    }
  };

  /// A stream, and its next wake.
  struct Stream {
    std::shared_ptr<scenarios::ArrivalStream> wakes;
    Instant start;  // what its instants count from
    actors::DueWake next;
  };
  struct LaterStream {
    bool operator()(const Stream& a, const Stream& b) const { return Later{}(a.next, b.next); }
  };

  void run();
  void pull(Stream stream);
  std::optional<Instant> next_instant() const;
  std::vector<actors::DueWake> take_due_before(Instant end);

  OnWakes on_wakes_;
  std::mutex delivery_;  // held while wakes are being delivered
  std::mutex mutex_;     // guards what follows
  std::condition_variable changed_;
  std::priority_queue<actors::DueWake, std::vector<actors::DueWake>, Later> ordered_;
  std::vector<Stream> streams_;  // a heap: the one whose next wake is due first is its front
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace squall::agents
