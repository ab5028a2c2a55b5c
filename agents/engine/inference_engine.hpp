#pragma once
// Runs many generation requests through one model at once: continuous batching in a step loop.
//
// One thread owns an engine. It has no clock: whoever calls step() stamps what the step did.
// A request joins the batch when there is room, leaves it at its last token, and gives the same
// answer whatever shares the batch with it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/sampler.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

class Model;

using TokenId = std::int32_t;

struct GenerationRequest {
  std::uint64_t id = 0;          // the caller's; unique among those in the engine
  std::vector<TokenId> prompt;   // at least one token
  std::uint32_t max_tokens = 1;  // at least one
  bool stop_at_end_token = true;
  SamplerOptions sampling = {};
};

/// What one step did, in the order of the requests' admission.
struct StepEvents {
  struct Token {
    std::uint64_t id;
    TokenId token;
    bool last;  // the answer is complete; the request has left the engine
  };
  struct Refused {
    std::uint64_t id;
    std::string reason;  // the same for like requests: errors are counted by it
  };
  std::vector<std::uint64_t> admitted;  // joined the batch at the beginning of this step
  std::vector<Token> tokens;
  std::vector<Refused> refused;
};

struct EngineOptions {
  std::uint32_t max_batch = 16;      // requests in one step
  std::uint32_t prefill_chunk = 64;  // prompt tokens in one step, over all requests
};

class InferenceEngine {
 public:
  InferenceEngine(std::shared_ptr<const Model> model, std::unique_ptr<kernels::Backend> backend,
                  EngineOptions options);
  ~InferenceEngine();
  InferenceEngine(const InferenceEngine&) = delete;
  InferenceEngine& operator=(const InferenceEngine&) = delete;

  void submit(GenerationRequest request);
  /// Forgets a request wherever it is; true if it was there.
  bool cancel(std::uint64_t id);
  /// One forward pass for all that are in the batch: pieces of prompts and one token each.
  StepEvents step();
  bool idle() const;  // nothing waits and nothing runs

  const Model& model() const;
  const kernels::Backend& backend() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::agents
