#include "agents/targets/engine_target.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <thread>
#include <utility>

#include "agents/engine/model/model.hpp"
#include "agents/models/model_choice.hpp"
#include "agents/resource_monitor.hpp"
#include "kernels/backend_selection.hpp"

namespace squall::agents {

using namespace actors;

namespace {

Instant now() { return std::chrono::steady_clock::now(); }

/// One core stays free for the load generators, or their own lateness would be measured.
std::size_t engine_threads(unsigned wanted, std::size_t agents_here) {
  if (wanted > 0) return wanted;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::max<std::size_t>(1, (cores - 1) / agents_here);
}

EngineOptions engine_options(const scenarios::TargetSettings& settings) {
  constexpr std::array<kernels::KvFormat, 3> formats{
      // in the order of scenarios::KvFormat
      kernels::KvFormat::f16, kernels::KvFormat::q8_0, kernels::KvFormat::f32};
  return {.max_batch = settings.max_batch,
          .prefill_chunk = settings.prefill_chunk,
          .kv_format = formats.at(static_cast<std::size_t>(settings.kv_format)),
          .kv_bytes = settings.kv_memory,
          .reuse_prefixes = settings.reuse_prefixes};
}

SamplerOptions sampler_options(const scenarios::TargetSettings& settings, std::uint64_t seed) {
  return {.temperature = static_cast<float>(settings.temperature),
          .top_k = settings.top_k,
          .top_p = static_cast<float>(settings.top_p),
          .min_p = static_cast<float>(settings.min_p),
          .repetition_penalty = static_cast<float>(settings.repetition_penalty),
          .seed = seed};
}

std::vector<TokenId> ordinary_tokens(const Tokenizer& tokenizer) {
  std::vector<TokenId> tokens;
  for (std::size_t id = 0; id < tokenizer.vocabulary(); ++id)
    if (tokenizer.is_text(static_cast<TokenId>(id))) tokens.push_back(static_cast<TokenId>(id));
  return tokens;
}

}  // namespace

EngineTarget::EngineTarget(const scenarios::Scenario& scenario, const std::filesystem::path& folder,
                           std::size_t agents_here, const DownloadContext& downloads)
    : settings_(scenario.target), prompts_(scenario, folder) {
  ChosenModel chosen = choose_model(settings_, model_environment(folder), downloads);
  const Instant begun = now();
  const auto model = load_model(chosen.model);
  text_tokens_ = ordinary_tokens(*model->tokenizer);
  if (text_tokens_.empty())
    throw ModelError("model " + model->name + " has no ordinary tokens to make prompts of");
  auto backend = kernels::make_cpu_backend(engine_threads(settings_.threads, agents_here));
  description_.model_name = model->name;
  description_.model_fingerprint = model->fingerprint;
  description_.model_is_synthetic = model->synthetic;
  description_.model_choice = std::move(chosen.choice);
  description_.model_origin = std::move(chosen.origin);
  description_.warnings = std::move(chosen.warnings);
  description_.instruction_set = std::string(backend->name());
  description_.threads = static_cast<std::uint32_t>(backend->threads());
  engine_ = std::make_unique<InferenceEngine>(model, std::move(backend), engine_options(settings_));
  description_.load_time = now() - begun;
}

std::vector<TokenId> EngineTarget::prompt_tokens(const scenarios::RequestPlan& plan) const {
  const Tokenizer& tokenizer = *engine_->model().tokenizer;
  const Prompt prompt = prompts_.prompt(plan);
  if (const auto* text = std::get_if<std::string>(&prompt)) return tokenizer.encode(*text);
  const auto& synthetic = std::get<SyntheticPrompt>(prompt);
  scenarios::Random random(synthetic.seed);
  std::vector<TokenId> tokens;
  tokens.reserve(synthetic.tokens);
  if (tokenizer.beginning_token() >= 0) tokens.push_back(tokenizer.beginning_token());
  while (tokens.size() < synthetic.tokens)
    tokens.push_back(text_tokens_[random.next() % text_tokens_.size()]);
  return tokens;
}

void EngineTarget::submit(const LoadRequest& request) {
  OpenRequest open;
  open.timeline.request = request.id;
  open.timeline.phase = request.phase;
  open.timeline.scheduled = request.scheduled;
  open.timeline.dispatched = request.dispatched;
  open.deadline = request.deadline;
  GenerationRequest generation;
  generation.id = request.id;
  generation.prompt = prompt_tokens(request.plan);
  generation.max_tokens = request.plan.answer_tokens;
  generation.stop_at_end_token = settings_.stop_at_end_token;
  generation.sampling = sampler_options(settings_, request.plan.sampling_seed);
  open.timeline.prompt_tokens = static_cast<std::uint32_t>(generation.prompt.size());
  open.timeline.content.reserve(generation.max_tokens);
  const auto [added, fresh] = open_.emplace(request.id, std::move(open));
  assert(fresh && "request ids are unique within an agent");
  try {
    engine_->submit(std::move(generation));
  } catch (...) {
    open_.erase(added);
    throw;
  }
}

void EngineTarget::finish(Open::iterator request, RequestOutcome outcome, Instant at,
                          std::vector<RequestTimeline>& ended) {
  RequestTimeline& timeline = request->second.timeline;
  timeline.ended = at;
  timeline.output_tokens = static_cast<std::uint32_t>(timeline.content.size());
  timeline.outcome = std::move(outcome);
  ended.push_back(std::move(timeline));
  open_.erase(request);
}

EngineTarget::StepResult EngineTarget::step() {
  StepResult result;
  const Instant begun = now();
  end_overdue(begun, result.ended);
  if (engine_->idle()) return result;
  const StepEvents events = engine_->step();
  const Instant done = now();
  for (const auto& admitted : events.admitted) open_.at(admitted.id).timeline.admitted = begun;
  for (const auto& refused : events.refused)
    finish(open_.find(refused.id), Failed{refused.reason}, done, result.ended);
  for (const auto& token : events.tokens) {
    const auto request = open_.find(token.id);
    request->second.timeline.content.push_back(done);
    if (token.last) finish(request, Completed{}, done, result.ended);
  }
  result.tokens = events.tokens.size();
  return result;
}

void EngineTarget::end_overdue(Instant at, std::vector<RequestTimeline>& ended) {
  for (auto request = open_.begin(); request != open_.end();) {
    const auto next = std::next(request);
    if (request->second.deadline <= at) {
      engine_->cancel(request->first);
      finish(request, TimedOut{}, at, ended);
    }
    request = next;
  }
}

std::vector<RequestTimeline> EngineTarget::abandon(const RequestOutcome& outcome) {
  std::vector<RequestTimeline> ended;
  const Instant at = now();
  while (!open_.empty()) {
    engine_->cancel(open_.begin()->first);
    finish(open_.begin(), outcome, at, ended);
  }
  return ended;
}

std::chrono::nanoseconds EngineTarget::cpu_time() const {
  return own_thread_cpu() + engine_->backend().worker_cpu_time();
}

}  // namespace squall::agents
