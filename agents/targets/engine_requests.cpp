#include "agents/targets/engine_requests.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <filesystem>
#include <iterator>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "agents/engine/devices/device_building.hpp"
#include "agents/engine/devices/gpu_surroundings.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "agents/hardware/model_facts.hpp"
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

DeviceWishes device_wishes(const scenarios::TargetSettings& settings,
                           const TargetSurroundings& surroundings) {
  constexpr std::array<Device, 4> devices{Device::automatic, Device::cpu, Device::gpu,
                                          Device::hybrid};  // in the order of scenarios::Device
  return {.device = devices.at(static_cast<std::size_t>(settings.device)),
          .is_named = settings.device_is_named,
          .index = settings.device_index,
          .gpu_memory = settings.gpu_memory,
          .require_gpu = settings.require_gpu,
          .sharers = surroundings.agents_here};
}

SamplerOptions sampler_options(const scenarios::TargetSettings& settings, std::uint64_t seed) {
  return {.temperature = static_cast<float>(settings.temperature),
          .top_k = settings.top_k,
          .top_p = static_cast<float>(settings.top_p),
          .min_p = static_cast<float>(settings.min_p),
          .repetition_penalty = static_cast<float>(settings.repetition_penalty),
          .seed = seed};
}

/// 0: not a file.
std::uint64_t bytes_of(const std::string& model) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(model, error);
  return error ? 0 : bytes;
}

}  // namespace

EngineRequests::EngineRequests(const scenarios::Scenario& scenario,
                               const TargetSurroundings& surroundings,
                               const DownloadContext& downloads)
    : settings_(scenario.target) {
  ChosenModel chosen = choose_model(settings_, model_environment(surroundings.folder), downloads);
  const Instant begun = now();
  const auto model = load_model(chosen.model);
  prompts_.emplace(*model->tokenizer, recognise_chat_template(model->chat_template));
  description_.kind = scenarios::TargetKind::engine;
  description_.model_name = model->name;
  description_.model_fingerprint = model->fingerprint;
  description_.model_is_synthetic = model->synthetic;
  description_.model_choice = std::move(chosen.choice);
  description_.model_origin = std::move(chosen.origin);
  description_.warnings = std::move(chosen.warnings);
  description_.token_counts = "the model's tokenizer";
  make_engine(model, surroundings);
  const EngineBackends& backends = engine_->backends();
  description_.instruction_set = backends.name();
  description_.threads = static_cast<unsigned>(backends.threads());
  description_.model_facts =
      model_facts(*model, backends, engine_options(settings_).kv_format, bytes_of(chosen.model));
  description_.load_time = now() - begun;
}

void EngineRequests::make_engine(const std::shared_ptr<const Model>& model,
                                 const TargetSurroundings& surroundings) {
  const EngineOptions options = engine_options(settings_);
  const std::size_t threads = engine_threads(settings_.threads, surroundings.agents_here);
  std::vector<std::string> warnings = build_on_device(
      *model, device_wishes(settings_, surroundings), device_demand(model->shape, options),
      {.make_cpu = [threads] { return kernels::make_cpu_backend(threads); },
       .find_gpus = surroundings.find_gpus ? surroundings.find_gpus : find_gpus_beside_program},
      [&](EngineBackends backends) {
        engine_ = std::make_unique<InferenceEngine>(model, std::move(backends), options);
      });
  std::ranges::move(warnings, std::back_inserter(description_.warnings));
}

GenerationRequest EngineRequests::generation(const LoadRequest& request) const {
  GenerationRequest generation;
  generation.id = request.id;
  generation.prompt = prompts_->tokens(request.prompt);
  generation.max_tokens = request.plan.answer_tokens;
  generation.stop_at_end_token = settings_.stop_at_end_token;
  generation.sampling = sampler_options(settings_, request.plan.sampling_seed);
  if (request.greedy) generation.sampling.temperature = 0;
  return generation;
}

void EngineRequests::add(const LoadRequest& request, StepResult& result) {
  OpenRequest fresh;
  fresh.timeline.request = request.id;
  fresh.timeline.phase = request.phase;
  fresh.timeline.scheduled = request.scheduled;
  fresh.timeline.dispatched = request.dispatched;
  fresh.timeline.category = request.plan.category;
  fresh.deadline = request.deadline;
  fresh.keep_answer = request.keep_answer;
  const auto [open, added] = open_.emplace(request.id, std::move(fresh));
  assert(added && "request ids are unique within an agent");
  try {
    GenerationRequest asked = generation(request);
    open->second.timeline.prompt_tokens = static_cast<std::uint32_t>(asked.prompt.size());
    open->second.timeline.content.reserve(asked.max_tokens);
    engine_->submit(std::move(asked));
  } catch (const std::bad_alloc&) {
    finish(open, Failed{"engine: no memory to take the request"}, now(), result);
  } catch (const std::exception& error) {
    finish(open, Failed{std::string("engine: ") + error.what()}, now(), result);
  }
}

void EngineRequests::finish(Open::iterator request, RequestOutcome outcome, Instant at,
                            StepResult& result) {
  RequestTimeline& timeline = request->second.timeline;
  timeline.ended = at;
  timeline.output_tokens = static_cast<std::uint32_t>(timeline.content.size());
  if (!timeline.content.empty())
    timeline.first_chunk = timeline.first_output = timeline.content.front();
  timeline.outcome = std::move(outcome);
  result.ended.push_back(std::move(timeline));
  open_.erase(request);
}

void EngineRequests::step(StepResult& result) {
  const Instant begun = now();
  end_overdue(begun, result);
  if (engine_->idle()) return;
  try {
    const StepEvents events = engine_->step();
    record(events, begun, now(), result);
  } catch (const std::exception& error) {
    // The engine failed, the load goes on: what was open has failed with it, and is counted.
    abandon(Failed{std::string("engine: ") + error.what()}, result);
  }
}

void EngineRequests::record(const StepEvents& events, Instant begun, Instant done,
                            StepResult& result) {
  const Tokenizer& tokenizer = *engine_->model().tokenizer;
  for (const auto& admitted : events.admitted) open_.at(admitted.id).timeline.admitted = begun;
  for (const auto& refused : events.refused)
    finish(open_.find(refused.id), Failed{refused.reason}, done, result);
  for (const auto& token : events.tokens) {
    const auto request = open_.find(token.id);
    RequestTimeline& timeline = request->second.timeline;
    timeline.content.push_back(done);
    if (request->second.keep_answer && tokenizer.is_text(token.token))
      timeline.answer += tokenizer.decode(token.token);
    if (token.last) finish(request, Completed{}, done, result);
  }
  result.tokens += events.tokens.size();
}

bool EngineRequests::overdue(const OpenRequest& request, Instant at) const {
  if (request.deadline <= at) return true;
  const auto& content = request.timeline.content;
  const nanoseconds patience =
      content.empty() ? settings_.first_token_timeout : settings_.token_gap_timeout;
  const Instant since = content.empty() ? request.timeline.dispatched : content.back();
  return patience > nanoseconds{0} && since + patience <= at;
}

void EngineRequests::end_overdue(Instant at, StepResult& result) {
  for (auto request = open_.begin(); request != open_.end();) {
    const auto next = std::next(request);
    if (overdue(request->second, at)) {
      engine_->cancel(request->first);
      finish(request, TimedOut{}, at, result);
    }
    request = next;
  }
}

void EngineRequests::abandon(const RequestOutcome& outcome, StepResult& result) {
  const Instant at = now();
  while (!open_.empty()) {
    engine_->cancel(open_.begin()->first);
    finish(open_.begin(), outcome, at, result);
  }
}

nanoseconds EngineRequests::cpu_time() const {
  return own_thread_cpu() + engine_->backends().worker_cpu_time();
}

}  // namespace squall::agents
