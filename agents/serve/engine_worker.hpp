#pragma once
// The thread that owns an engine: takes requests from others, steps while there is work, sleeps
// when there is none.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "agents/engine/inference_engine.hpp"

namespace squall::agents {

/// What the service needs of an engine.
class EnginePort {
 public:
  virtual ~EnginePort() = default;
  virtual void submit(GenerationRequest request) = 0;
  /// Forgets the request, if it is still there. Tokens of it may still be reported.
  virtual void cancel(std::uint64_t id) = 0;
};

struct EngineReport {
  std::chrono::steady_clock::time_point begun{};  // the step, or what was done instead of one
  std::chrono::steady_clock::time_point at{};     // when it was done
  StepEvents events = {};
  EngineLoad load = {};
  std::string failure = {};  // not empty: the engine threw this, and all requests are gone
};

class EngineWorker final : public EnginePort {
 public:
  using Deliver = std::function<void(EngineReport)>;  // called on the engine's thread

  explicit EngineWorker(std::unique_ptr<InferenceEngine> engine);
  ~EngineWorker() override;

  /// Once, before the first request.
  void start(Deliver deliver);
  /// Ends the thread; reports cease. The requests that are left are forgotten.
  void stop();

  // From any thread.
  void submit(GenerationRequest request) override;
  void cancel(std::uint64_t id) override;

 private:
  struct Orders {
    std::vector<GenerationRequest> submissions;
    std::vector<std::uint64_t> cancellations;
    bool empty() const { return submissions.empty() && cancellations.empty(); }
  };

  void run();
  bool take_orders(Orders& orders);
  void obey(Orders& orders);
  EngineReport step(Orders& orders);
  void forget_all();

  std::unique_ptr<InferenceEngine> engine_;
  Deliver deliver_;
  std::unordered_set<std::uint64_t> open_;  // in the engine

  std::mutex mutex_;
  std::condition_variable wake_;
  Orders orders_;          // guarded by mutex_
  bool stopping_ = false;  // likewise
  std::thread thread_;
};

}  // namespace squall::agents
