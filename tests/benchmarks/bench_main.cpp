// squall-bench: what the engine and the recorder can do on this machine, as a table.
//
// Medians of several repetitions. On a shared machine compare ratios of one run, never two runs.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "actors/metrics/histogram.hpp"
#include "actors/metrics/metrics_recorder.hpp"
#include "actors/wire/message_codec.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"
#include "scenarios/load/random.hpp"
#include "tests/benchmarks/attention_benchmark.hpp"
#include "tests/benchmarks/contention_benchmark.hpp"
#include "tests/benchmarks/kernel_benchmark.hpp"
#include "tests/benchmarks/load_benchmark.hpp"

namespace {

using namespace squall;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

struct Spread {
  double low = 0, median = 0, high = 0;
};

Spread repeat(int times, const std::function<double()>& measure) {
  std::vector<double> values;
  for (int i = 0; i < times; ++i) values.push_back(measure());
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

void print_row(const std::string& what, const Spread& spread, const char* unit) {
  std::printf("%-44s %12.1f  [%10.1f .. %10.1f]  %s\n", what.c_str(), spread.median, spread.low,
              spread.high, unit);
  std::fflush(stdout);
}

// ---- engine

agents::GenerationRequest request(std::uint64_t id, std::size_t prompt, std::uint32_t answer,
                                  std::size_t vocabulary) {
  scenarios::Random random(id);
  agents::GenerationRequest made;
  made.id = id;
  made.max_tokens = answer;
  made.stop_at_end_token = false;
  for (std::size_t i = 0; i < prompt; ++i)
    made.prompt.push_back(static_cast<agents::TokenId>(3 + random.next() % (vocabulary - 3)));
  return made;
}

/// Tokens per second over `users` concurrent requests: of prompts when `answer` is one token, else
/// of answers, from the step after the last first token on.
double engine_rate(agents::InferenceEngine& engine, std::size_t users, std::size_t prompt,
                   std::uint32_t answer) {
  const std::size_t vocabulary = engine.model().shape.vocabulary;
  for (std::uint64_t id = 0; id < users; ++id)
    engine.submit(request(id, prompt, answer, vocabulary));
  const bool decode = answer > 1;
  auto begun = Clock::now();
  std::uint64_t tokens = 0;
  std::uint64_t first_tokens = 0;
  while (!engine.idle()) {
    const auto events = engine.step();
    if (decode && first_tokens < users) {
      first_tokens += events.tokens.size();
      if (first_tokens >= users) begun = Clock::now();
      continue;
    }
    tokens += events.tokens.size();
  }
  const double elapsed = seconds_since(begun);
  return (decode ? static_cast<double>(tokens) : static_cast<double>(users * prompt)) / elapsed;
}

void bench_engine(const std::string& model_name, std::size_t threads, int repetitions) {
  const auto model = agents::load_model(model_name);
  for (const auto set : kernels::runnable_instruction_sets()) {
    // Every repetition asks the same: what one computed must not spare the next.
    agents::InferenceEngine engine(model, kernels::make_cpu_backend(threads, set),
                                   {.reuse_prefixes = false});
    const std::string label = model_name + ", " + std::string(set) + ", " +
                              std::to_string(threads) + " thread" + (threads == 1 ? "" : "s");
    std::printf("%s\n", label.c_str());
    const bool slow = set == "reference";
    const int times = slow ? 1 : repetitions;
    const std::uint32_t answer = slow ? 8 : 48;
    const std::size_t prompt = slow ? 16 : 128;
    print_row("  prefill, one prompt of " + std::to_string(prompt) + " tokens",
              repeat(times, [&] { return engine_rate(engine, 1, prompt, 1); }), "tokens/s");
    print_row("  decode, 1 user", repeat(times, [&] { return engine_rate(engine, 1, 16, answer); }),
              "tokens/s");
    print_row("  decode, 8 users together",
              repeat(times, [&] { return engine_rate(engine, 8, 16, answer); }), "tokens/s");
  }
}

// ---- metrics

actors::RequestTimeline timeline(std::uint64_t id, actors::Instant at, std::size_t tokens) {
  using namespace std::chrono_literals;
  actors::RequestTimeline made;
  made.request = id;
  made.scheduled = at;
  made.dispatched = at + 20us;
  made.admitted = at + 1ms;
  for (std::size_t i = 0; i < tokens; ++i) made.content.push_back(at + 30ms + i * 10ms);
  made.ended = made.content.back();
  made.output_tokens = static_cast<std::uint32_t>(tokens);
  made.outcome = actors::Completed{};
  return made;
}

double histogram_cost() {
  constexpr std::size_t count = 4'000'000;
  scenarios::Random random(1);
  std::vector<std::chrono::nanoseconds> values(4096);
  for (auto& value : values)
    value = std::chrono::nanoseconds(static_cast<std::int64_t>(random.exponential() * 5e7));
  actors::Histogram histogram;
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < count; ++i) histogram.record(values[i % values.size()]);
  const double elapsed = seconds_since(begun);
  return histogram.count() == count ? elapsed / count * 1e9 : 0;
}

double recorder_cost(std::size_t tokens) {
  constexpr std::size_t count = 100'000;
  const actors::Instant start = Clock::now();
  actors::MetricsRecorder recorder(start);
  std::vector<actors::RequestTimeline> timelines;
  for (std::size_t i = 0; i < 1024; ++i)
    timelines.push_back(timeline(i, start + std::chrono::microseconds(i), tokens));
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& each = timelines[i % timelines.size()];
    recorder.on_scheduled(each.phase);
    recorder.on_issued(each.phase, each.dispatched);
    recorder.on_ended(each);
  }
  return seconds_since(begun) / count * 1e9;
}

void bench_metrics(int repetitions) {
  std::printf("metrics\n");
  print_row("  histogram, one sample", repeat(repetitions, histogram_cost), "ns");
  print_row("  recorder, one request of 1 token",
            repeat(repetitions, [] { return recorder_cost(1); }), "ns");
  print_row("  recorder, one request of 64 tokens",
            repeat(repetitions, [] { return recorder_cost(64); }), "ns");
  const actors::Instant start = Clock::now();
  actors::MetricsRecorder recorder(start);
  scenarios::Random random(2);
  for (std::size_t i = 0; i < 1000; ++i) {
    auto each = timeline(i, start, 8);
    for (auto& stamp : each.content) stamp += std::chrono::microseconds(random.next() % 20'000);
    std::sort(each.content.begin(), each.content.end());
    recorder.on_scheduled(each.phase);
    recorder.on_issued(each.phase, each.dispatched);
    recorder.on_ended(each);
  }
  actors::MetricsBatch batch{1, recorder.take_snapshot(start + std::chrono::seconds(1))};
  const auto size =
      static_cast<double>(actors::encode({"run", 1, actors::AgentMessage(batch)}).size());
  print_row("  one second of 1,000 requests on the wire", {size, size, size}, "bytes");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures Squall's engine and recorder on this machine."};
  std::vector<std::string> models{"synthetic:llama-15m/q8_0", "synthetic:llama-135m/q8_0",
                                  "synthetic:llama-135m/q4_0"};
  std::size_t threads = 1;
  int repetitions = 5;
  bool attention = false;
  bool kernels_only = false;
  bool contention = false;
  bool load = false;
  std::uint64_t users = 0;
  app.add_option("--model", models, "models to measure")->capture_default_str();
  app.add_option("--threads", threads, "threads of the engine")->capture_default_str();
  app.add_option("--repetitions", repetitions, "of which the median is shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--attention", attention, "only attention over pages, one layer of known shapes");
  app.add_flag("--kernels", kernels_only, "only multiplication, format by format");
  app.add_flag("--contention", contention,
               "only the thread pool: 1 and 2 threads, alone and beside a busy one");
  app.add_flag("--load", load, "only the load generator: lateness and CPU of starts");
  app.add_option("--users", users, "only so many waiting users in one agent: memory of each")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{20'000'000}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (load) {
      benchmarks::bench_load(repetitions);
      return 0;
    }
    if (users > 0) {
      benchmarks::bench_users(users);
      return 0;
    }
    if (attention) {
      benchmarks::bench_attention(threads, 4 * repetitions);
      return 0;
    }
    if (contention) {
      benchmarks::bench_contention(repetitions);
      return 0;
    }
    if (kernels_only) {
      benchmarks::bench_kernels(threads, repetitions);
      return 0;
    }
    std::printf("%-44s %12s  %26s\n", "", "median", "[lowest .. highest]");
    bench_metrics(repetitions);
    for (const auto& model : models) bench_engine(model, threads, repetitions);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-bench: %s\n", error.what());
    return 2;
  }
  return 0;
}
