#include "agents/engine/inference_engine.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <new>
#include <optional>
#include <unordered_map>
#include <utility>

#include "agents/engine/batch_scheduler.hpp"
#include "agents/engine/kv_cache.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/transformer.hpp"

namespace squall::agents {

namespace {

/// A request on its way through the engine.
struct Sequence {
  GenerationRequest request;
  std::optional<KvCache> cache{};  // from admission on
  TokenId latest = -1;             // of the answer; the next step's input
  std::uint32_t produced = 0;      // tokens of the answer
};

/// Why the model cannot serve the request; empty if it can.
std::string objection(const GenerationRequest& request, const Hyperparameters& shape) {
  const std::size_t prompt = request.prompt.size();
  if (prompt == 0) return "the prompt is empty; at least one token is needed";
  if (request.max_tokens == 0) return "an answer of 0 tokens is asked for; ask for at least one";
  if (prompt + request.max_tokens > shape.context) {
    return "prompt and answer exceed the model's context of " + std::to_string(shape.context) +
           " tokens";
  }
  const auto outside = std::ranges::find_if(request.prompt, [&](TokenId token) {
    return token < 0 || static_cast<std::size_t>(token) >= shape.vocabulary;
  });
  if (outside != request.prompt.end()) {
    return "a token of the prompt is outside the vocabulary of " + std::to_string(shape.vocabulary);
  }
  const float temperature = request.sampling.temperature;
  if (!std::isfinite(temperature) || temperature < 0) {
    return "the temperature must be 0 or above but is " + std::to_string(temperature);
  }
  return {};
}

}  // namespace

struct InferenceEngine::Impl {
  Impl(std::shared_ptr<const Model> wanted_model, std::unique_ptr<kernels::Backend> wanted_backend,
       EngineOptions options)
      : model(std::move(wanted_model)),
        backend(std::move(wanted_backend)),
        scheduler({.requests = options.max_batch, .prompt_tokens = options.prefill_chunk}),
        transformer(model, *backend,
                    {.tokens = std::size_t{options.max_batch} + options.prefill_chunk,
                     .logits_rows = options.max_batch}) {
    pieces.reserve(options.max_batch);
  }

  void admit(StepEvents& events);
  void forward(std::span<const BatchScheduler::Part> parts);
  void take_tokens(std::span<const BatchScheduler::Part> parts, StepEvents& events);

  std::shared_ptr<const Model> model;
  std::unique_ptr<kernels::Backend> backend;
  BatchScheduler scheduler;
  Transformer transformer;
  std::unordered_map<std::uint64_t, Sequence> sequences;  // those that the scheduler knows
  std::vector<StepEvents::Refused> refused;               // to be told by the next step
  std::vector<SequencePiece> pieces;                      // of the current step
  std::span<const float> logits;                          // likewise
};

/// Fills the batch, as far as there is memory for keys and values.
void InferenceEngine::Impl::admit(StepEvents& events) {
  while (const std::uint64_t* admitted = scheduler.admit_next()) {
    const std::uint64_t id = *admitted;
    Sequence& sequence = sequences.at(id);
    const std::size_t positions =
        sequence.request.prompt.size() + std::size_t{sequence.request.max_tokens};
    try {
      sequence.cache.emplace(model->shape, positions);
      events.admitted.push_back(id);
    } catch (const std::bad_alloc&) {
      const std::size_t mebibytes = KvCache::bytes(model->shape, positions) >> 20;
      events.refused.push_back({id, "no memory for the keys and values of " +
                                        std::to_string(positions) + " positions (" +
                                        std::to_string(mebibytes) + " MiB)"});
      scheduler.remove(id);
      sequences.erase(id);
    }
  }
}

void InferenceEngine::Impl::forward(std::span<const BatchScheduler::Part> parts) {
  pieces.clear();
  for (const BatchScheduler::Part& part : parts) {
    Sequence& sequence = sequences.at(part.id);
    const std::span<const TokenId> prompt = sequence.request.prompt;
    pieces.push_back({.cache = &*sequence.cache,
                      .tokens = part.prompt_count > 0
                                    ? prompt.subspan(part.prompt_begin, part.prompt_count)
                                    : std::span<const TokenId>(&sequence.latest, 1),
                      .wanted = part.yields_token ? WantedLogits::last : WantedLogits::none});
  }
  logits = transformer.forward(pieces);
}

void InferenceEngine::Impl::take_tokens(std::span<const BatchScheduler::Part> parts,
                                        StepEvents& events) {
  std::size_t row = 0;
  for (const BatchScheduler::Part& part : parts) {
    if (!part.yields_token) continue;
    Sequence& sequence = sequences.at(part.id);
    const GenerationRequest& request = sequence.request;
    const auto own_logits =
        logits.subspan(row++ * model->shape.vocabulary, model->shape.vocabulary);
    sequence.latest = sample_token(own_logits, request.sampling, sequence.produced);
    ++sequence.produced;
    const bool ended =
        request.stop_at_end_token && sequence.latest == model->tokenizer->end_token();
    const bool last = ended || sequence.produced == request.max_tokens;
    events.tokens.push_back({part.id, sequence.latest, last});
    if (last) {
      scheduler.remove(part.id);
      sequences.erase(part.id);
    }
  }
}

InferenceEngine::InferenceEngine(std::shared_ptr<const Model> model,
                                 std::unique_ptr<kernels::Backend> backend, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(backend), options)) {}

InferenceEngine::~InferenceEngine() = default;

void InferenceEngine::submit(GenerationRequest request) {
  const std::uint64_t id = request.id;
  assert(!impl_->scheduler.contains(id));
  std::string reason = objection(request, impl_->model->shape);
  if (!reason.empty()) {
    impl_->refused.push_back({id, std::move(reason)});
    return;
  }
  impl_->scheduler.add(id, request.prompt.size());
  impl_->sequences.emplace(id, Sequence{.request = std::move(request)});
}

bool InferenceEngine::cancel(std::uint64_t id) {
  impl_->sequences.erase(id);
  const bool was_refused = std::erase_if(impl_->refused, [id](const StepEvents::Refused& refusal) {
                             return refusal.id == id;
                           }) > 0;
  return impl_->scheduler.remove(id) || was_refused;
}

StepEvents InferenceEngine::step() {
  StepEvents events;
  events.refused = std::exchange(impl_->refused, {});
  impl_->admit(events);
  const auto parts = impl_->scheduler.plan_step();
  if (parts.empty()) return events;
  events.tokens.reserve(parts.size());
  impl_->forward(parts);
  impl_->take_tokens(parts, events);
  return events;
}

bool InferenceEngine::idle() const { return impl_->sequences.empty() && impl_->refused.empty(); }

const Model& InferenceEngine::model() const { return *impl_->model; }
const kernels::Backend& InferenceEngine::backend() const { return *impl_->backend; }

}  // namespace squall::agents
