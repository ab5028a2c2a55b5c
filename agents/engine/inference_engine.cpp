#include "agents/engine/inference_engine.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "agents/engine/batch_scheduler.hpp"
#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/devices/kv_room.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/request_check.hpp"
#include "agents/engine/transformer.hpp"

namespace squall::agents {

namespace {

/// A request on its way through the engine.
struct Sequence {
  GenerationRequest request;                    // without its prompt
  std::vector<TokenId> tokens;                  // the prompt, then the answer
  std::size_t prompt_tokens = 0;                // of them
  std::optional<KvSequence> keys_and_values{};  // from admission on

  std::size_t produced() const { return tokens.size() - prompt_tokens; }
  /// The last token's keys and values are never needed.
  std::size_t positions() const { return prompt_tokens + request.max_tokens - 1; }
  void share_full_pages() {
    keys_and_values->share(std::span(tokens).first(keys_and_values->length()));
  }
};

/// More rows would only take memory: this many read the output matrix as seldom as pays.
std::size_t logits_rows(const Hyperparameters& shape, std::size_t max_batch) {
  constexpr std::size_t most_floats = std::size_t{4} << 20;
  return std::min(max_batch, std::max<std::size_t>(8, most_floats / shape.vocabulary));
}

TransformerLimits transformer_limits(const Hyperparameters& shape, const EngineOptions& options) {
  return {.tokens = std::size_t{options.max_batch} + options.prefill_chunk,
          .wanted_rows = options.max_batch,
          .logits_rows = logits_rows(shape, options.max_batch)};
}

KvCacheOptions cache_options(const Model& model, const EngineBackends& backends,
                             const EngineOptions& options) {
  const std::size_t pages =
      kv_pages(model, backends, device_demand(model.shape, options),
               std::uint64_t{options.max_batch} * pages_for(model.shape.context));
  if (pages == 0) {
    throw std::invalid_argument("the memory for keys and values of " +
                                std::to_string(options.kv_bytes) +
                                " bytes is less than one page (" +
                                std::to_string(kv_page_bytes(model, backends, options.kv_format)) +
                                " bytes); give it more");
  }
  return {.format = options.kv_format, .pages = pages, .share_prefixes = options.reuse_prefixes};
}

/// How many of the greatest logits are enough for all of them; 0: only all logits are.
std::size_t candidates_for(std::span<Sequence* const> takers, std::size_t vocabulary) {
  std::size_t most = 0;
  for (const Sequence* taker : takers) {
    const std::size_t needed = candidates_needed(taker->request.sampling);
    if (needed == 0) return 0;
    most = std::max(most, needed);
  }
  return std::min(most, vocabulary);
}

}  // namespace

DeviceDemand device_demand(const Hyperparameters& shape, const EngineOptions& options) {
  // With room for less than this, a longer conversation alone would find no place.
  constexpr std::size_t fair_positions = 2048;
  return {.limits = transformer_limits(shape, options),
          .kv_format = options.kv_format,
          .kv_bytes = options.kv_bytes,
          .least_pages = pages_for(std::min(shape.context, fair_positions))};
}

struct InferenceEngine::Impl {
  Impl(std::shared_ptr<const Model> wanted_model, EngineBackends wanted_backends,
       EngineOptions options)
      : model(std::move(wanted_model)),
        backends(std::move(wanted_backends)),
        scheduler({.requests = options.max_batch,
                   .first_requests = options.first_batch,
                   .prompt_tokens = options.prefill_chunk}),
        cache(backends.runs(), model->shape, cache_options(*model, backends, options)),
        limits(transformer_limits(model->shape, options)),
        transformer(model, backends.runs(), limits) {
    pieces.reserve(options.max_batch);
    takers.reserve(options.max_batch);
  }

  void admit(StepEvents& events);
  void compute(std::span<const BatchScheduler::Part> parts, StepEvents& events);
  StepEvents::Work work_of(std::span<const BatchScheduler::Part> parts) const;
  std::size_t run(std::span<const BatchScheduler::Part> parts);
  void share_prompts(std::span<const BatchScheduler::Part> parts);
  void take_tokens(std::span<const BatchScheduler::Part> parts, std::size_t rows,
                   StepEvents& events);
  void take_from_logits(std::span<Sequence* const> chunk, std::size_t row, StepEvents& events);
  void take_from_greatest(std::span<Sequence* const> chunk, std::size_t row, std::size_t candidates,
                          StepEvents& events);
  void take_token(Sequence& sequence, TokenId token, StepEvents& events);
  void fail_step(std::span<const BatchScheduler::Part> parts, const std::string& reason,
                 StepEvents& events);
  void lose_device(const std::string& words, StepEvents& events);
  void refuse(std::uint64_t id, std::string reason, StepEvents& events);
  bool forget(std::uint64_t id);

  std::shared_ptr<const Model> model;
  EngineBackends backends;
  BatchScheduler scheduler;
  KvCache cache;
  TransformerLimits limits;
  Transformer transformer;
  Sampler sampler;
  std::unordered_map<std::uint64_t, Sequence> sequences;  // those that the scheduler knows
  std::vector<StepEvents::Refused> refused;               // to be told by the next step
  std::vector<SequencePiece> pieces;                      // of the current step
  std::vector<Sequence*> takers;                          // of a token each, likewise
  std::string lost;  // why no request can be computed any more; empty: they can
};

void InferenceEngine::Impl::refuse(std::uint64_t id, std::string reason, StepEvents& events) {
  forget(id);
  events.refused.push_back({id, std::move(reason)});
}

/// Its full pages stay, for others whose text begins alike.
bool InferenceEngine::Impl::forget(std::uint64_t id) {
  const auto found = sequences.find(id);
  if (found == sequences.end()) return false;
  if (found->second.keys_and_values) found->second.share_full_pages();
  sequences.erase(found);
  return scheduler.remove(id);
}

/// Fills the batch, as far as there is memory for keys and values.
void InferenceEngine::Impl::admit(StepEvents& events) {
  while (const std::uint64_t* next = scheduler.next()) {
    const std::uint64_t id = *next;
    Sequence& sequence = sequences.at(id);
    try {
      sequence.tokens.reserve(sequence.prompt_tokens + sequence.request.max_tokens);
      auto begun = cache.begin(sequence.tokens, sequence.positions());
      if (!begun) return scheduler.hold_back();
      sequence.keys_and_values.emplace(std::move(*begun));
    } catch (const std::bad_alloc&) {
      refuse(id, "no memory to begin the request; use a smaller model or batch", events);
      continue;
    }
    const std::size_t reused = sequence.keys_and_values->length();
    scheduler.admit(reused);
    events.admitted.push_back({id, static_cast<std::uint32_t>(reused)});
  }
}

/// One pass. Where memory fails, those that run are refused, and the engine goes on.
void InferenceEngine::Impl::compute(std::span<const BatchScheduler::Part> parts,
                                    StepEvents& events) {
  try {
    events.tokens.reserve(parts.size());
    events.work = work_of(parts);
    take_tokens(parts, run(parts), events);
    scheduler.on_step_done();
  } catch (const std::bad_alloc&) {
    fail_step(parts, "no memory to compute a step; use a smaller model or batch", events);
  } catch (const kernels::DeviceError& error) {
    fail_step(parts, "device: " + std::string(error.what()), events);
    lose_device(error.what(), events);
  }
}

/// Nobody knows what of the step was computed: its keys and values are not for others.
void InferenceEngine::Impl::fail_step(std::span<const BatchScheduler::Part> parts,
                                      const std::string& reason, StepEvents& events) {
  for (const BatchScheduler::Part& part : parts) {
    const auto found = sequences.find(part.id);
    if (found == sequences.end()) continue;
    found->second.keys_and_values.reset();
    std::erase_if(events.tokens, [&](const auto& token) { return token.id == part.id; });
    refuse(part.id, reason, events);
  }
}

void InferenceEngine::Impl::lose_device(const std::string& words, StepEvents& events) {
  lost = "device: " + words;
  std::vector<std::uint64_t> left;
  for (const auto& [id, sequence] : sequences) left.push_back(id);
  std::ranges::sort(left);
  for (const std::uint64_t id : left) refuse(id, lost, events);
}

StepEvents::Work InferenceEngine::Impl::work_of(std::span<const BatchScheduler::Part> parts) const {
  StepEvents::Work work;
  for (const BatchScheduler::Part& part : parts) {
    const std::uint64_t before = sequences.at(part.id).keys_and_values->length();
    if (part.prompt_count == 0) {
      ++work.decoding;
      work.decode_positions += before + 1;
      continue;
    }
    const std::uint64_t count = part.prompt_count;
    work.prompt_tokens += static_cast<std::uint32_t>(count);
    work.prompts_done += part.yields_token ? 1 : 0;
    work.prompt_positions += count * before + count * (count + 1) / 2;
  }
  return work;
}

std::size_t InferenceEngine::Impl::run(std::span<const BatchScheduler::Part> parts) {
  pieces.clear();
  for (const BatchScheduler::Part& part : parts) {
    Sequence& sequence = sequences.at(part.id);
    const std::span<const TokenId> tokens = sequence.tokens;
    pieces.push_back({.sequence = &*sequence.keys_and_values,
                      .tokens = part.prompt_count > 0
                                    ? tokens.subspan(part.prompt_begin, part.prompt_count)
                                    : tokens.last(1),
                      .wanted = part.yields_token ? WantedLogits::last : WantedLogits::none});
  }
  return transformer.run(pieces);
}

/// Once they are computed for sure: a GPU's errors come with the logits.
void InferenceEngine::Impl::share_prompts(std::span<const BatchScheduler::Part> parts) {
  for (const BatchScheduler::Part& part : parts) {
    const auto found = sequences.find(part.id);
    if (part.prompt_count > 0 && found != sequences.end()) found->second.share_full_pages();
  }
}

void InferenceEngine::Impl::take_tokens(std::span<const BatchScheduler::Part> parts,
                                        std::size_t rows, StepEvents& events) {
  takers.clear();
  for (const BatchScheduler::Part& part : parts) {
    if (part.yields_token) takers.push_back(&sequences.at(part.id));
  }
  assert(takers.size() == rows);
  for (std::size_t row = 0; row < rows; row += limits.logits_rows) {
    const auto chunk = std::span(takers).subspan(row, std::min(limits.logits_rows, rows - row));
    const std::size_t candidates =
        transformer.logits_are_far() ? candidates_for(chunk, model->shape.vocabulary) : 0;
    if (candidates > 0) {
      take_from_greatest(chunk, row, candidates, events);
    } else {
      take_from_logits(chunk, row, events);
    }
  }
  share_prompts(parts);
}

void InferenceEngine::Impl::take_from_logits(std::span<Sequence* const> chunk, std::size_t row,
                                             StepEvents& events) {
  const std::size_t vocabulary = model->shape.vocabulary;
  const std::span<const float> logits = transformer.logits(row, chunk.size());
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    Sequence& sequence = *chunk[i];
    const SamplerOptions& sampling = sequence.request.sampling;
    const std::size_t recent =
        std::min<std::size_t>(sequence.tokens.size(), sampling.penalty_window);
    take_token(sequence,
               sampler.choose(logits.subspan(i * vocabulary, vocabulary), sampling,
                              sequence.produced(), std::span(sequence.tokens).last(recent)),
               events);
  }
}

void InferenceEngine::Impl::take_from_greatest(std::span<Sequence* const> chunk, std::size_t row,
                                               std::size_t candidates, StepEvents& events) {
  const auto greatest = transformer.greatest(row, chunk.size(), candidates);
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    take_token(*chunk[i],
               sampler.choose(greatest.subspan(i * candidates, candidates),
                              chunk[i]->request.sampling, chunk[i]->produced()),
               events);
  }
}

/// -1: none can be chosen.
void InferenceEngine::Impl::take_token(Sequence& sequence, TokenId token, StepEvents& events) {
  const GenerationRequest& request = sequence.request;
  if (token < 0) {
    return refuse(request.id, "the model's logits are not numbers; its weights are broken", events);
  }
  sequence.tokens.push_back(token);
  const bool ended = request.stop_at_end_token && model->tokenizer->ends_answer(token);
  const bool last = ended || sequence.produced() == request.max_tokens;
  events.tokens.push_back({request.id, token, last});
  if (last) forget(request.id);
}

InferenceEngine::InferenceEngine(std::shared_ptr<const Model> model, EngineBackends backends,
                                 EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(backends), options)) {}

InferenceEngine::InferenceEngine(std::shared_ptr<const Model> model,
                                 std::unique_ptr<kernels::Backend> backend, EngineOptions options)
    : InferenceEngine(model, EngineBackends(std::move(backend), model->layers.size()), options) {}

InferenceEngine::~InferenceEngine() = default;

void InferenceEngine::submit(GenerationRequest request) {
  const std::uint64_t id = request.id;
  assert(!impl_->sequences.contains(id));
  std::string reason = impl_->lost;
  if (reason.empty()) {
    reason = objection_to(request, impl_->model->shape,
                          impl_->cache.pool().pages() * kernels::positions_per_page);
  }
  if (!reason.empty()) {
    impl_->refused.push_back({id, std::move(reason)});
    return;
  }
  Sequence sequence;
  sequence.tokens = std::exchange(request.prompt, {});
  sequence.prompt_tokens = sequence.tokens.size();
  sequence.request = std::move(request);
  const auto [added, fresh] = impl_->sequences.emplace(id, std::move(sequence));
  try {
    impl_->scheduler.add(id, added->second.prompt_tokens);
  } catch (...) {
    impl_->sequences.erase(added);
    throw;
  }
}

bool InferenceEngine::cancel(std::uint64_t id) {
  const bool was_refused = std::erase_if(impl_->refused, [id](const StepEvents::Refused& refusal) {
                             return refusal.id == id;
                           }) > 0;
  return impl_->forget(id) || was_refused;
}

StepEvents InferenceEngine::step() {
  StepEvents events;
  events.refused = std::exchange(impl_->refused, {});
  impl_->admit(events);
  const auto parts = impl_->scheduler.plan_step();
  if (!parts.empty()) impl_->compute(parts, events);
  return events;
}

bool InferenceEngine::idle() const { return impl_->sequences.empty() && impl_->refused.empty(); }

EngineLoad InferenceEngine::load() const {
  const PagePool& pool = impl_->cache.pool();
  return {.waiting = impl_->scheduler.waiting(),
          .running = impl_->scheduler.running(),
          .batch_limit = impl_->scheduler.limit(),
          .pages = pool.pages(),
          .pages_in_use = pool.in_use(),
          .pages_kept = pool.kept(),
          .kv_bytes = std::uint64_t{pool.pages()} * impl_->cache.page_bytes()};
}

const Model& InferenceEngine::model() const { return *impl_->model; }
const EngineBackends& InferenceEngine::backends() const { return impl_->backends; }

}  // namespace squall::agents
