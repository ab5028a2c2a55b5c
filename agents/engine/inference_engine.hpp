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

#include "agents/engine/devices/engine_backends.hpp"
#include "agents/engine/devices/placement.hpp"
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

/// What one step did, in the order of the requests' admission. No request has a token and a
/// refusal.
struct StepEvents {
  struct Token {
    std::uint64_t id;
    TokenId token;
    bool last;  // the answer is complete; the request has left the engine
  };
  struct Refused {  // has left the engine without an answer, or without the rest of it
    std::uint64_t id;
    std::string reason;  // the same for like requests: errors are counted by it
  };
  struct Admitted {
    std::uint64_t id;
    std::uint32_t reused_tokens;  // of the prompt, whose keys and values were there already
  };
  /// What the step computed: how long it takes is a law of this.
  struct Work {
    std::uint32_t decoding = 0;       // requests that got one more token of their answer
    std::uint32_t prompt_tokens = 0;  // over all requests
    std::uint32_t prompts_done = 0;   // whose last piece was among them
    std::uint64_t decode_positions =
        0;  // that the decoding ones looked back at, their own included
    std::uint64_t prompt_positions = 0;  // likewise, over all prompt tokens

    friend bool operator==(const Work&, const Work&) = default;
  };
  Work work;
  std::vector<Admitted> admitted;  // joined the batch at the beginning of this step
  std::vector<Token> tokens;
  std::vector<Refused> refused;
};

struct EngineOptions {
  std::uint32_t max_batch = 64;    // requests in one step, at most
  std::uint32_t first_batch = 16;  // where the adaptive limit starts: doubled while steps succeed
                                   // and requests wait, halved when pages run out
  std::uint32_t prefill_chunk = 128;  // prompt tokens in one step, over all requests
  kernels::KvFormat kv_format = kernels::KvFormat::f16;
  std::uint64_t kv_bytes = 0;  // memory for keys and values; 0: a share of what is free, capped by
                               // what max_batch requests of the whole context would need
  bool reuse_prefixes = true;  // keep pages of finished prompts until the memory is needed
};

/// How full the engine is; for metrics and admission outside.
struct EngineLoad {
  std::size_t waiting = 0;
  std::size_t running = 0;
  std::size_t batch_limit = 0;   // the adaptive one
  std::size_t pages = 0;         // in all
  std::size_t pages_in_use = 0;  // by running requests
  std::size_t pages_kept = 0;    // for prefixes to come
  std::uint64_t kv_bytes = 0;    // of all pages
};

/// What such an engine will want of a GPU.
DeviceDemand device_demand(const Hyperparameters& shape, const EngineOptions& options);

class InferenceEngine {
 public:
  /// Throws std::invalid_argument when kv_bytes is less than a page, std::bad_alloc (of a GPU
  /// kernels::DeviceOutOfMemory), and kernels::DeviceError.
  InferenceEngine(std::shared_ptr<const Model> model, EngineBackends backends,
                  EngineOptions options);
  InferenceEngine(std::shared_ptr<const Model> model, std::unique_ptr<kernels::Backend> backend,
                  EngineOptions options);
  ~InferenceEngine();
  InferenceEngine(const InferenceEngine&) = delete;
  InferenceEngine& operator=(const InferenceEngine&) = delete;

  /// Throws std::bad_alloc, and then knows nothing of it.
  void submit(GenerationRequest request);
  /// Forgets a request wherever it is and frees its memory at once; true if it was there.
  bool cancel(std::uint64_t id);
  /// One forward pass for all that are in the batch: pieces of prompts and one token each. Where
  /// memory runs out, requests are refused and the engine goes on. When a device is lost, all that
  /// are here and all that come are refused with what it said.
  StepEvents step();
  bool idle() const;  // nothing waits and nothing runs
  EngineLoad load() const;

  const Model& model() const;
  const EngineBackends& backends() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::agents
