#pragma once
// The embedded engine as a target: a thread of its own loads the model, steps while there is work,
// takes what was asked between steps, and sleeps when there is nothing to do.

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agents/targets/engine_requests.hpp"

namespace squall::agents {

class EngineTarget final : public Target {
 public:
  /// Returns when the model is loaded. Throws what EngineRequests throws.
  EngineTarget(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
               TargetEvents events, const DownloadContext& downloads = {});
  ~EngineTarget() override;
  EngineTarget(const EngineTarget&) = delete;
  EngineTarget& operator=(const EngineTarget&) = delete;

  const TargetDescription& description() const override { return requests_->description(); }
  void submit(actors::LoadRequest request) override;
  void abandon(const actors::RequestOutcome& outcome) override;
  nanoseconds engine_cpu() const override { return nanoseconds(engine_cpu_.load()); }

 private:
  /// What others asked of the engine's thread since it last looked.
  struct Mail {
    std::vector<actors::LoadRequest> requests;
    std::optional<actors::RequestOutcome> abandon_as;
    std::size_t asked_before = 0;  // so many of the requests, and all earlier ones, are abandoned
    bool empty() const { return requests.empty() && !abandon_as; }
  };

  void load(const scenarios::Scenario& scenario, const TargetSurroundings& surroundings,
            const DownloadContext& downloads, std::promise<void>& loaded);
  void run();
  bool take_mail(Mail& mail);
  void report(EngineRequests::StepResult& result);

  TargetEvents events_;
  std::unique_ptr<EngineRequests> requests_;  // of the thread alone, once it is loaded
  std::atomic<std::int64_t> engine_cpu_{0};   // nanoseconds

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  Mail mail_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace squall::agents
