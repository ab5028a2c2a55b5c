#include "agents/model_tool/bench_command.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/hardware/memory_ceiling.hpp"
#include "agents/hardware/model_facts.hpp"
#include "agents/model_tool/engine_setup.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;

struct Measurement {
  std::string name;  // "prefill 512", "decode", "decode x 8"
  std::string kind;  // "prefill", "decode"
  std::size_t sequences = 1;
  std::size_t tokens = 0;     // of the prompt, or steps
  std::vector<double> rates;  // tokens per second over all sequences, one a repetition; sorted

  double median() const { return rates[rates.size() / 2]; }
};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

class Bench {
 public:
  Bench(std::shared_ptr<const Model> model, const BenchOptions& options, std::size_t most_sequences)
      : model_(std::move(model)),
        engine_(make_engine(model_, options.compute,
                            {.max_batch = static_cast<std::uint32_t>(most_sequences),
                             .first_batch = static_cast<std::uint32_t>(most_sequences),
                             .prefill_chunk = 512,
                             .kv_format = kv_format_named(options.kv_format),
                             .reuse_prefixes = false})) {}

  double prefill(std::size_t tokens) {
    submit(1, tokens, 1);
    const auto begun = Clock::now();
    while (!engine_->idle()) step();
    return static_cast<double>(tokens) / seconds_since(begun);
  }

  /// Over `steps` steps in which every sequence gets a token.
  double decode(std::size_t sequences, std::size_t prompt, std::size_t steps) {
    // Prompts end at different times; those that were first go on answering meanwhile.
    const std::size_t answer = steps + 2 + sequences * prompt / 256;
    for (std::size_t i = 0; i < sequences; ++i) submit(i + 1, prompt, answer);
    while (step() < sequences) {
      const EngineLoad load = engine_->load();
      if (load.running == 0 || (load.running < sequences && load.waiting == 0)) refuse(sequences);
    }
    std::size_t tokens = 0;
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < steps; ++i) tokens += step();
    const double elapsed = seconds_since(begun);
    if (tokens != steps * sequences) refuse(sequences);
    for (std::size_t i = 0; i < sequences; ++i) engine_->cancel(i + 1);
    return static_cast<double>(tokens) / elapsed;
  }

  std::string backend() const { return engine_->backends().name(); }
  std::size_t threads() const { return engine_->backends().threads(); }
  bool on_host() const { return engine_->backends().on_host(); }

 private:
  [[noreturn]] static void refuse(std::size_t sequences) {
    throw ModelError("there is no memory for " + std::to_string(sequences) +
                     " sequences together; lower --concurrency or --shared-prompt, or use "
                     "--kv-format q8_0");
  }
  void submit(std::uint64_t id, std::size_t prompt, std::size_t answer) {
    GenerationRequest request;
    request.id = id;
    request.max_tokens = static_cast<std::uint32_t>(answer);
    request.stop_at_end_token = false;
    // Any tokens do: cost does not depend on them. Ids as no prompt has them, no two prompts alike.
    const std::size_t vocabulary = model_->shape.vocabulary;
    for (std::size_t i = 0; i < prompt; ++i) {
      request.prompt.push_back(static_cast<TokenId>((id * 7919 + i * 104729 + 11) % vocabulary));
    }
    engine_->submit(std::move(request));
  }
  std::size_t step() {
    const StepEvents events = engine_->step();
    if (!events.refused.empty()) {
      throw ModelError("the model refused the measurement: " + events.refused.front().reason);
    }
    return events.tokens.size();
  }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<InferenceEngine> engine_;
};

std::vector<Measurement> planned(const BenchOptions& options) {
  std::vector<Measurement> all;
  if (options.prompt > 0) {
    all.push_back({"prefill " + std::to_string(options.prompt), "prefill", 1, options.prompt, {}});
  }
  if (options.generate > 0) {
    all.push_back(
        {"decode " + std::to_string(options.generate), "decode", 1, options.generate, {}});
  }
  for (const std::size_t sequences : options.concurrency) {
    all.push_back({"decode x " + std::to_string(sequences),
                   "concurrent",
                   sequences,
                   options.shared_generate,
                   {}});
  }
  return all;
}

double measure(Bench& bench, const Measurement& wanted, const BenchOptions& options) {
  if (wanted.kind == "prefill") return bench.prefill(wanted.tokens);
  const std::size_t prompt = wanted.kind == "decode" ? 1 : options.shared_prompt;
  return bench.decode(wanted.sequences, prompt, wanted.tokens);
}

/// Weights pass through memory once a step; how near that comes to what the memory can deliver.
struct MemoryUse {
  double ceiling = 0;  // bytes per second
  double reached = 0;  // likewise, by the decode of one sequence
};

MemoryUse memory_use(const Model& model, const std::vector<Measurement>& measurements,
                     std::size_t threads) {
  const auto decode = std::ranges::find(measurements, "decode", &Measurement::kind);
  if (decode == measurements.end()) return {};
  const std::uint64_t bytes = weight_bytes_of_step(model);
  // As large as the model, so that the same caches count, but no danger to the memory it lies in.
  constexpr std::uint64_t most = 1U << 30;
  return {read_ceiling(std::min(bytes, most), threads),
          decode->median() * static_cast<double>(bytes)};
}

nlohmann::json as_json(const std::vector<Measurement>& measurements, const Model& model,
                       const BenchOptions& options, const Bench& bench, const MemoryUse& memory) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Measurement& each : measurements) {
    rows.push_back({{"name", each.name},
                    {"kind", each.kind},
                    {"sequences", each.sequences},
                    {"tokens", each.tokens},
                    {"tokens_per_second", each.median()},
                    {"repetitions", each.rates}});
  }
  const auto or_null = [](double rate) {
    return rate > 0 ? nlohmann::json(rate) : nlohmann::json();
  };
  return {{"schema", "squall-model-bench/1"},
          {"model", model.name},
          {"fingerprint", model.fingerprint},
          {"synthetic_weights", model.synthetic},
          {"weight_bytes", model.weight_bytes},
          {"backend", bench.backend()},
          {"threads", bench.threads()},
          {"kv_format", options.kv_format},
          {"bytes_per_token", weight_bytes_of_step(model)},
          {"memory_ceiling_bytes_per_second", or_null(memory.ceiling)},
          {"decode_bytes_per_second", or_null(memory.reached)},
          {"measurements", rows}};
}

void print_row(const Measurement& each) {
  std::printf("%-16s %12.1f  [%10.1f .. %10.1f]\n", each.name.c_str(), each.median(),
              each.rates.front(), each.rates.back());
  std::fflush(stdout);
}

}  // namespace

int bench_command(const BenchOptions& options) {
  const auto model = load_model(model_here(options.model));
  std::size_t most = 1;
  for (const std::size_t sequences : options.concurrency) most = std::max(most, sequences);
  Bench bench(model, options, most);
  const bool table = options.json != "-";
  if (table) {
    std::printf("%s%s, %.1f MiB, %s, %zu thread%s, KV %s\n%-16s %12s  %26s\n", model->name.c_str(),
                model->synthetic ? " (random weights)" : "",
                static_cast<double>(model->weight_bytes) / (1 << 20), bench.backend().c_str(),
                bench.threads(), bench.threads() == 1 ? "" : "s", options.kv_format.c_str(), "",
                "tokens/s", "[lowest .. highest]");
  }
  auto measurements = planned(options);
  for (Measurement& each : measurements) {
    measure(bench, each, options);  // the first one warms caches and memory up
    for (int i = 0; i < options.repetitions; ++i) {
      each.rates.push_back(measure(bench, each, options));
    }
    std::ranges::sort(each.rates);
    if (table) print_row(each);
  }
  // What this machine's memory delivers is no measure of another's.
  const MemoryUse memory =
      bench.on_host() ? memory_use(*model, measurements, bench.threads()) : MemoryUse{};
  if (table && memory.ceiling > 0) {
    std::printf(
        "decode reads %.1f GB/s of weights, %.0f %% of the %.1f GB/s that memory of this size "
        "delivers\n",
        memory.reached / 1e9, 100 * memory.reached / memory.ceiling, memory.ceiling / 1e9);
  }
  if (options.json.empty()) return 0;
  const std::string text = as_json(measurements, *model, options, bench, memory).dump(2) + "\n";
  if (!table) return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
  std::ofstream file(options.json);
  file << text;
  if (!file.flush()) throw ModelError("cannot write " + options.json);
  return 0;
}

}  // namespace squall::agents
