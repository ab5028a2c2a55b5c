#pragma once
// A target that only keeps time: plays on the real clock what SimulatedService plans.
//
// One thread sleeps until the next absolute instant. Content is stamped when its instant really is
// noticed, and `server_content` has the intended ones: the difference is our own measurement error.

#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "agents/targets/simulated_service.hpp"

namespace squall::agents {

class SimulatedTarget final : public Target {
 public:
  SimulatedTarget(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
                  TargetEvents events);
  ~SimulatedTarget() override;
  SimulatedTarget(const SimulatedTarget&) = delete;
  SimulatedTarget& operator=(const SimulatedTarget&) = delete;

  const TargetDescription& description() const override { return description_; }
  void begin(Instant start) override;
  void submit(actors::LoadRequest request) override;
  void abandon(const actors::RequestOutcome& outcome) override;

 private:
  /// A request on its way. What is planned moves from `intended` to the timeline, chunk by chunk.
  struct Open {
    actors::RequestTimeline timeline;
    std::vector<Instant> intended;  // of the content
    Instant end;                    // intended
  };
  struct Due {
    Instant at;
    std::uint64_t order;  // what is due at once happens in the order in which it was asked
    std::size_t slot;     // in open_
    bool operator>(const Due& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  /// What is to be reported when the lock is released.
  struct Happenings {
    std::uint64_t tokens = 0;
    std::vector<actors::RequestTimeline> ended;
  };

  void run();
  void play_due(Instant now, Happenings& happenings);
  void play(const Due& due, Instant now, Happenings& happenings);
  Instant next_of(const Open& open) const;
  void abandon_all(Instant now, Happenings& happenings);
  void report(Happenings& happenings);

  TargetEvents events_;
  TargetDescription description_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  SimulatedService service_;
  std::vector<Open> open_;
  std::vector<std::size_t> free_slots_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t asked_ = 0;
  std::optional<actors::RequestOutcome> abandon_as_;
  std::uint64_t abandon_before_ = 0;  // of asked_: what is submitted later goes on
  bool ending_ = false;

  std::uint64_t unreported_tokens_ = 0;  // of the thread alone, as the next
  Instant progress_due_;
  std::thread thread_;
};

}  // namespace squall::agents
