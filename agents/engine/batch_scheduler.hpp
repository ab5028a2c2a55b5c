#pragma once
// Decides which requests are in the batch and which of their tokens a step computes; knows nothing
// of models and memory.
//
// First come, first served. Each request whose prompt is done gets one token a step; what is left
// of prompts is taken in pieces, the oldest first, and one that is longer than a step can take
// leaves half of the room to those behind it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace squall::agents {

struct BatchLimits {
  std::size_t requests = 64;        // in one step, at most
  std::size_t first_requests = 16;  // where the limit starts; it adapts between 1 and `requests`
  std::size_t prompt_tokens = 128;  // in one step, over all requests
};

class BatchScheduler {
 public:
  /// All limits are at least one; first_requests above requests counts as requests.
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

  /// The first who waits, if the batch has room for it; else null.
  const std::uint64_t* next() const;
  /// It joins the batch. `prompt_done`: tokens of its prompt that need no computing; not all.
  void admit(std::size_t prompt_done);
  /// There is no memory for it now: it stays the first, and until one fits the limit is half.
  void hold_back();

  /// The next step, in the order of admission; counts it as done. Requests that get no prompt
  /// tokens this time have no part. Valid until the next call.
  std::span<const Part> plan_step();
  /// The step succeeded: the limit doubles if it was reached while others wait with memory left.
  void on_step_done();

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t running() const { return running_.size(); }
  std::size_t limit() const { return limit_; }  // the adaptive one

 private:
  struct Request {
    std::uint64_t id;
    std::size_t prompt_tokens;
    std::size_t prompt_done;
    std::size_t share;  // of the current step's prompt tokens
    std::size_t left() const { return prompt_tokens - prompt_done; }
  };

  void share_out_prompt_tokens();

  BatchLimits limits_;
  std::size_t limit_;
  bool memory_is_short_ = false;
  std::deque<Request> waiting_;
  std::vector<Request> running_;  // in the order of admission
  std::vector<Part> parts_;
};

}  // namespace squall::agents
