#pragma once
// Answers at once, as many chunks as were asked for: what is then measured is the load generator
// itself. For calibration, never for a run.
//
// Reports on one thread of its own, which sleeps while there is nothing to answer.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "agents/targets/target.hpp"

namespace squall::agents {

class NullTarget final : public Target {
 public:
  explicit NullTarget(TargetEvents events);
  ~NullTarget() override;
  NullTarget(const NullTarget&) = delete;
  NullTarget& operator=(const NullTarget&) = delete;

  const TargetDescription& description() const override { return description_; }
  void submit(actors::LoadRequest request) override;
  /// What was submitted before is answered at once anyway.
  void abandon(const actors::RequestOutcome&) override {}

 private:
  struct Asked {
    actors::LoadRequest request;
    Instant dispatched;
  };

  void run();
  void answer(Asked& asked) const;

  TargetEvents events_;
  TargetDescription description_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Asked> asked_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace squall::agents
