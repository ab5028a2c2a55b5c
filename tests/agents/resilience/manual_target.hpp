#pragma once
// A target whose answers the test gives by hand, and a place where its events are gathered.

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "agents/targets/target.hpp"

namespace squall::tests {

using actors::Instant;

inline Instant now() { return std::chrono::steady_clock::now(); }

/// What a target reports, in order; waits for it, a generous time at most.
struct Heard {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<actors::RequestTimeline> ended;
  std::vector<std::string> happened;
  std::uint64_t tokens = 0;

  agents::TargetEvents events() {
    return {[this](actors::RequestTimeline timeline) {
              const std::lock_guard lock(mutex);
              ended.push_back(std::move(timeline));
              changed.notify_all();
            },
            [this](std::uint64_t more) {
              const std::lock_guard lock(mutex);
              tokens += more;
            },
            [this](Instant, std::string what) {
              const std::lock_guard lock(mutex);
              happened.push_back(std::move(what));
              changed.notify_all();
            }};
  }

  template <class Condition>
  bool wait_until(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), condition);
  }
  bool wait_for_ended(std::size_t count) {
    return wait_until([&] { return ended.size() >= count; });
  }
};

/// Keeps what is submitted until the test ends it.
class ManualTarget final : public agents::Target {
 public:
  struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<actors::LoadRequest> open;
    std::size_t submitted = 0;
    bool destroyed = false;

    bool wait_for_submitted(std::size_t count) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, std::chrono::seconds(20), [&] { return submitted >= count; });
    }
  };

  ManualTarget(std::shared_ptr<Seen> seen, agents::TargetEvents events)
      : seen_(std::move(seen)), events_(std::move(events)) {}
  ~ManualTarget() override {
    const std::lock_guard lock(seen_->mutex);
    seen_->destroyed = true;
  }

  const agents::TargetDescription& description() const override { return description_; }

  void submit(actors::LoadRequest request) override {
    const std::lock_guard lock(seen_->mutex);
    request.dispatched = now();
    seen_->open.push_back(std::move(request));
    ++seen_->submitted;
    seen_->changed.notify_all();
  }

  void abandon(const actors::RequestOutcome& outcome) override {
    while (end_oldest(outcome)) {
    }
  }

  /// False when nothing is open.
  bool end_oldest(actors::RequestOutcome outcome, std::string answer = "") {
    actors::RequestTimeline timeline;
    {
      const std::lock_guard lock(seen_->mutex);
      if (seen_->open.empty()) return false;
      const auto& request = seen_->open.front();
      timeline.request = request.id;
      timeline.phase = request.phase;
      timeline.scheduled = request.scheduled;
      timeline.dispatched = request.dispatched;
      if (request.keep_answer) timeline.answer = answer;
      seen_->open.pop_front();
    }
    if (!answer.empty()) {
      timeline.content = {now()};
      timeline.prompt_tokens = 5;
      timeline.output_tokens = 3;
      events_.progress(3);
    }
    timeline.ended = now();
    timeline.outcome = std::move(outcome);
    events_.ended(std::move(timeline));
    return true;
  }

 private:
  std::shared_ptr<Seen> seen_;
  agents::TargetEvents events_;
  agents::TargetDescription description_;
};

}  // namespace squall::tests
