#include "agents/model_tool/step_times.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "agents/engine/model/model.hpp"
#include "agents/model_tool/engine_setup.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

constexpr int fewest_rounds = 3;
constexpr std::size_t short_prompt = 8;    // of those that are to decode together
constexpr std::size_t steps_together = 4;  // in which all of them do

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One round: the same requests in the same order, each step timed.
class Round {
 public:
  Round(InferenceEngine& engine, const StepTimesOptions& options, double (*now)(),
        std::vector<StepTimes>& steps)
      : engine_(engine), options_(options), now_(now), steps_(steps) {}

  void measure() {
    for (std::size_t tokens = 1; tokens < options_.prefill_chunk; tokens *= 2) prompt_alone(tokens);
    prompt_alone(options_.prefill_chunk);
    for (std::size_t count = 1; count <= options_.max_batch; count *= 2) decode_together(count);
    for (const std::size_t count : {std::size_t{1}, std::size_t{4}})
      if (count <= options_.max_batch) look_far_back(count);
  }

 private:
  void prompt_alone(std::size_t tokens) {
    submit(tokens, 1);
    step();
  }

  /// They decode; prompts of some lengths are computed beside them.
  void decode_together(std::size_t count) {
    const auto first = next_id_;
    for (std::size_t i = 0; i < count; ++i) submit(short_prompt, answer_of(count * short_prompt));
    step_until_decoding(count);
    for (std::size_t i = 0; i < steps_together; ++i) step();
    if (count < options_.max_batch) {
      for (const std::size_t tokens :
           {std::size_t{16}, std::size_t{64}, std::size_t{options_.prefill_chunk}}) {
        if (tokens > options_.prefill_chunk) continue;
        submit(tokens, 1);
        step();
      }
    }
    cancel_from(first);
  }

  /// Long prompts, piece by piece, then tokens that look back at all of it.
  void look_far_back(std::size_t count) {
    const auto first = next_id_;
    for (std::size_t i = 0; i < count; ++i)
      submit(options_.longest, answer_of(count * options_.longest));
    step_until_decoding(count);
    for (std::size_t i = 0; i < steps_together; ++i) step();
    cancel_from(first);
  }

  /// Nobody is done before all decode, and then some steps and prompts beside them.
  std::size_t answer_of(std::size_t prompt_tokens) const {
    return steps_together + 6 + prompt_tokens / options_.prefill_chunk + 2;
  }

  void step_until_decoding(std::size_t count) {
    while (step().decoding < count) {
      const EngineLoad load = engine_.load();
      if (load.running < count && load.waiting == 0) refuse(count);
      if (load.running < count && load.batch_limit < count) refuse(count);
    }
  }

  [[noreturn]] static void refuse(std::size_t count) {
    throw ModelError(
        "there is no memory for " + std::to_string(count) +
        " sequences together; lower --max-batch or --longest, or use --kv-format q8_0");
  }

  void submit(std::size_t prompt, std::size_t answer) {
    GenerationRequest request;
    request.id = next_id_++;
    request.max_tokens = static_cast<std::uint32_t>(answer);
    request.stop_at_end_token = false;
    // Any tokens do: cost does not depend on them.
    const std::size_t vocabulary = engine_.model().shape.vocabulary;
    for (std::size_t i = 0; i < prompt; ++i)
      request.prompt.push_back(
          static_cast<TokenId>((request.id * 7919 + i * 104729 + 11) % vocabulary));
    engine_.submit(std::move(request));
  }

  StepEvents::Work step() {
    const double begun = now_();
    const StepEvents events = engine_.step();
    const double taken = now_() - begun;
    if (!events.refused.empty())
      throw ModelError("the model refused the measurement: " + events.refused.front().reason);
    if (place_ == steps_.size()) steps_.push_back({events.work, {}});
    assert(steps_[place_].work == events.work && "each round is the same");
    steps_[place_++].seconds.push_back(taken);
    return events.work;
  }

  void cancel_from(std::uint64_t first) {
    for (std::uint64_t id = first; id < next_id_; ++id) engine_.cancel(id);
  }

  InferenceEngine& engine_;
  const StepTimesOptions& options_;
  double (*now_)();
  std::vector<StepTimes>& steps_;
  std::uint64_t next_id_ = 1;
  std::size_t place_ = 0;
};

/// The mean, and no median: what a busy machine adds to some steps, runs on it pay as well.
double mean(const StepTimes& step) {
  return std::accumulate(step.seconds.begin(), step.seconds.end(), 0.0) /
         static_cast<double>(step.seconds.size());
}

nlohmann::ordered_json as_json(const StepTimes& step) {
  const StepEvents::Work& work = step.work;
  return {{"decoding", work.decoding},
          {"prompt_tokens", work.prompt_tokens},
          {"prompts_done", work.prompts_done},
          {"decode_positions", work.decode_positions},
          {"prompt_positions", work.prompt_positions},
          {"seconds", mean(step)},
          {"lowest", step.seconds.front()},
          {"highest", step.seconds.back()},
          {"times", step.seconds.size()}};
}

/// The limits are those that a run with these settings has.
std::string as_json(const std::vector<StepTimes>& steps, const InferenceEngine& engine,
                    const StepTimesOptions& options) {
  const Model& model = engine.model();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const StepTimes& step : steps) rows.push_back(as_json(step));
  const nlohmann::ordered_json out{
      {"schema", "squall-engine-steps/1"},
      {"model", model.name},
      {"fingerprint", model.fingerprint},
      {"synthetic_weights", model.synthetic},
      {"backend", engine.backends().name()},
      {"threads", engine.backends().threads()},
      {"kv_format", options.kv_format},
      {"limits",
       {{"max_batch", options.max_batch},
        {"first_batch", std::min(options.max_batch, EngineOptions{}.first_batch)},
        {"prefill_chunk", options.prefill_chunk},
        {"pages", engine.load().pages},
        {"page_bytes", engine.load().kv_bytes / engine.load().pages},
        {"page_positions", kernels::positions_per_page},
        {"context", model.shape.context},
        {"reuse_prefixes", true}}},
      {"steps", rows}};
  return out.dump(2) + "\n";
}

void write(const std::string& text, const std::string& path) {
  if (path == "-") {
    if (std::fputs(text.c_str(), stdout) < 0) throw ModelError("cannot write the step times");
    return;
  }
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw ModelError("cannot write " + path);
}

}  // namespace

void measure_round(InferenceEngine& engine, const StepTimesOptions& options, double (*now)(),
                   std::vector<StepTimes>& steps) {
  Round(engine, options, now, steps).measure();
}

int step_times_command(const StepTimesOptions& options) {
  const auto model = load_model(model_here(options.model));
  StepTimesOptions fitting = options;
  const std::size_t context = model->shape.context;
  if (context < 64) throw ModelError("a context of at least 64 positions is needed");
  fitting.longest = std::min(options.longest, context - std::min<std::size_t>(context / 2, 64));
  const auto engine = make_engine(model, options.compute,
                                  {.max_batch = options.max_batch,
                                   .first_batch = options.max_batch,
                                   .prefill_chunk = options.prefill_chunk,
                                   .kv_format = kv_format_named(options.kv_format),
                                   .reuse_prefixes = false});
  std::vector<StepTimes> steps;
  const double begun = steady_seconds();
  int rounds = 0;
  for (double passed = 0; rounds < fewest_rounds || passed < options.seconds;) {
    measure_round(*engine, fitting, steady_seconds, steps);
    passed = steady_seconds() - begun;
    std::fprintf(stderr, "round %d, %.0f s of %.0f s\n", ++rounds, passed, options.seconds);
  }
  for (StepTimes& step : steps) std::ranges::sort(step.seconds);
  write(as_json(steps, *engine, options), options.file);
  std::fprintf(stderr,
               "%zu steps, each the mean of %d; next: squall fleet SCENARIO --machines 10 "
               "--law %s\n",
               steps.size(), rounds, options.file.c_str());
  return 0;
}

}  // namespace squall::agents
