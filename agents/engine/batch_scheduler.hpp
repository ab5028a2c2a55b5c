#pragma once
// Decides which tokens of which requests a step computes; knows nothing of models.
//
// First come, first served. Each request whose prompt is done gets one token a step; what is left
// of prompts is taken in pieces, so that a long prompt does not make the others wait for all of it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace squall::agents {

struct BatchLimits {
  std::size_t requests = 16;       // in one step
  std::size_t prompt_tokens = 64;  // in one step, over all requests
};

class BatchScheduler {
 public:
  /// Both limits are at least one.
  explicit BatchScheduler(BatchLimits limits);

  /// One request's part of a step.
  struct Part {
    std::uint64_t id = 0;
    std::size_t prompt_begin = 0;  // prompt tokens computed before
    std::size_t prompt_count = 0;  // prompt tokens to compute now; 0: the answer's latest token
    bool yields_token = false;     // the answer grows by one token: all of the prompt is computed
  };

  /// `prompt_tokens`: at least one. `id`: not among the waiting and running ones.
  void add(std::uint64_t id, std::size_t prompt_tokens);
  /// Waiting or running; true if it was there.
  bool remove(std::uint64_t id);

  /// Moves the first who waits into the batch if there is room; its id, or null.
  const std::uint64_t* admit_next();
  /// The next step, in the order of admission; counts it as done. Requests that get no prompt
  /// tokens this time have no part. Valid until the next call.
  std::span<const Part> plan_step();

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t running() const { return running_.size(); }
  bool contains(std::uint64_t id) const;

 private:
  struct Request {
    std::uint64_t id;
    std::size_t prompt_tokens;
    std::size_t prompt_done;
  };

  BatchLimits limits_;
  std::deque<Request> waiting_;
  std::vector<Request> running_;  // in the order of admission
  std::vector<Part> parts_;
};

}  // namespace squall::agents
