#pragma once
// A target that answers from memory what it has been asked before.
//
// A hit is marked in its timeline (from_cache), has stamps of its own, and counts no tokens as
// produced. Only completed answers are kept. Equal requests that are open at the same time are each
// asked: a second one does not wait for the first. Requests whose answers are to be compared
// (plan.check_accuracy) go past the cache: memory proves nothing about the target.

#include <mutex>
#include <unordered_map>

#include "agents/targets/resilience/forwarding_target.hpp"
#include "agents/targets/resilience/response_cache.hpp"

namespace squall::agents {

class CachingTarget final : public ForwardingTarget {
 public:
  /// `temperature`: of the scenario.
  CachingTarget(const scenarios::ResponseCache& settings, double temperature, TargetEvents events,
                std::shared_ptr<DelayedCalls> calls, const MakeTarget& make_inner);
  ~CachingTarget() override { close(); }

  void submit(actors::LoadRequest request) override;

 private:
  struct Miss {
    std::string key;
    bool answer_wanted = false;  // also by who asked, not only for the cache
  };

  void on_ended(actors::RequestTimeline timeline);

  double temperature_;
  std::mutex mutex_;  // guards what follows; never held while anything is called
  ResponseCache cache_;
  std::unordered_map<std::uint64_t, Miss> misses_;  // open requests whose answers are to be kept
};

}  // namespace squall::agents
