// squall-model: looks at models, makes them, measures them.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <thread>

#include "actors/tool_version.hpp"
#include "agents/device_options.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/model_tool/bench_command.hpp"
#include "agents/model_tool/fetch_command.hpp"
#include "agents/model_tool/generate_command.hpp"
#include "agents/model_tool/inspect_command.hpp"
#include "agents/model_tool/perplexity_command.hpp"
#include "agents/model_tool/quantize_command.hpp"
#include "agents/model_tool/step_times.hpp"
#include "agents/model_tool/synth_command.hpp"
#include "agents/model_tool/verify/verify_command.hpp"

namespace {

using namespace squall::agents;

constexpr const char* description = R"(Looks at models, makes them, measures them.

A MODEL is a path to a .gguf file, the name of one in $SQUALL_MODELS, ./models or
~/.cache/squall/models (.gguf.gz and .gguf.zst, too), or synthetic:SHAPE/FORMAT (random
weights, made in memory).)";

constexpr const char* footer = R"(
Exit codes: 0 success, 1 internal error, 2 usage error or a model that cannot be had,
10 a verification failed.)";

using Action = std::function<int()>;

void add_compute(CLI::App& command, ComputeOptions& compute) {
  command.add_option("--threads", compute.threads, "threads of the engine")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command.add_option("--instruction-set", compute.instruction_set,
                     "kernels of the CPU: avx512_vnni, avx2, neon, reference (default: the best "
                     "here)");
  add_device_options(command, compute.device);
}

void add_synth(CLI::App& app, SynthOptions& options, Action& chosen) {
  CLI::App* command = app.add_subcommand("synth", "Writes a GGUF file of random weights.");
  command->add_option("OUTPUT", options.output, "file to write")->required();
  command->add_option("--shape", options.shape, "a well-known shape, such as llama-1b")
      ->capture_default_str();
  command->add_option("--format", options.format, "of the weights: q8_0, q4_k_m, tq2_0 …")
      ->capture_default_str();
  command->add_option("--layers", options.layers, "instead of the shape's")
      ->check(CLI::Range(1, 1024));
  command->add_option("--dimension", options.dimension, "of the residual stream")
      ->check(CLI::Range(1, 1 << 18));
  command->add_option("--feed-forward", options.feed_forward, "width of the feed-forward part")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--heads", options.heads, "of queries")->check(CLI::Range(1, 1 << 12));
  command->add_option("--kv-heads", options.kv_heads, "of keys and values")
      ->check(CLI::Range(1, 1 << 12));
  command->add_option("--vocabulary", options.vocabulary, "tokens")->check(CLI::Range(1, 1 << 22));
  command->add_option("--context", options.context, "positions")->check(CLI::Range(1, 1 << 24));
  command->add_option("--seed", options.seed, "of the weights")->capture_default_str();
  command->add_flag("--force", options.force, "replace a file that is there");
  command->footer("\nExample: squall model synth /tmp/1b.gguf --shape llama-1b --format q4_k_m");
  command->callback([&] { chosen = [&] { return synth_command(options); }; });
}

void add_inspect(CLI::App& app, InspectOptions& options, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("inspect", "Shows metadata, formats and the memory that a model needs.");
  command->add_option("MODEL", options.model, "what to look at")->required();
  command->add_flag("--tensors", options.tensors, "list every tensor");
  command->add_flag("--json", options.json, "as JSON");
  command->add_option("--sequences", options.sequences, "for which keys and values are reckoned")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--context", options.context, "positions of each (default: the model's)");
  command->callback([&] { chosen = [&] { return inspect_command(options); }; });
}

void add_fetch(CLI::App& app, FetchOptions& options, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("fetch", "Downloads a model to where every command finds it.");
  command->add_option("NAME", options.name, "under which it will be found")->required();
  command->add_option("--source", options.sources, "http(s) address; more than one: tried in turn")
      ->required();
  command->add_option("--sha256", options.sha256, "of the file; must be given for http://");
  command->footer("\nExample: squall model fetch tiny --source https://example.org/tiny.gguf.zst");
  command->callback([&] { chosen = [&] { return fetch_command(options); }; });
}

void add_quantize(CLI::App& app, QuantizeOptions& options, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("quantize", "Writes a model again with its matrices in smaller formats.");
  command->add_option("INPUT", options.input, "model in f32, f16 or bf16")->required();
  command->add_option("OUTPUT", options.output, "file to write")->required();
  command->add_option("--format", options.format, "q8_0, q4_0, q4_k_m, tq2_0 …");
  command->add_flag("--dynamic", options.dynamic,
                    "choose a format for each matrix by measured error, within a budget");
  command->add_option("--budget", options.budget, "bytes that all matrices may have: 500MB, 2GB")
      ->transform(CLI::AsSizeValue(true));
  command->add_option("--bits-per-weight", options.bits_per_weight, "the same, a weight: 4.5")
      ->check(CLI::Range(1.0, 32.0));
  command->add_flag("--requantize", options.requantize, "take a model that is quantized already");
  command->add_flag("--force", options.force, "replace a file that is there");
  command->add_option("--threads", options.threads, "that convert")->check(CLI::Range(1, 256));
  command->footer(
      "\nExamples:\n  squall model quantize f16.gguf small.gguf --format q4_k_m\n"
      "  squall model quantize f16.gguf small.gguf --dynamic --bits-per-weight 4.2");
  command->callback([&] { chosen = [&] { return quantize_command(options); }; });
}

void add_perplexity(CLI::App& app, PerplexityOptions& options, Action& chosen) {
  CLI::App* command = app.add_subcommand("perplexity", "Measures how well a model knows a text.");
  command->add_option("MODEL", options.model, "what to measure")->required();
  command->add_option("TEXT", options.text, "file with the text")->required();
  command
      ->add_option("--window", options.window,
                   "tokens that are predicted from one another (default: 512, or the model's "
                   "context if shorter)")
      ->check(CLI::Range(2, 1 << 24));
  add_compute(*command, options.compute);
  command->add_option("--kv-format", options.kv_format, "of keys and values: f32, f16, q8_0")
      ->capture_default_str();
  command->add_flag("--json", options.json, "as JSON");
  command->callback([&] { chosen = [&] { return perplexity_command(options); }; });
}

void add_generate(CLI::App& app, GenerateOptions& options, Action& chosen) {
  CLI::App* command = app.add_subcommand("generate", "Lets a model continue a prompt.");
  command->add_option("MODEL", options.model, "who writes")->required();
  command->add_option("PROMPT", options.prompt, "what to continue, or to answer with --chat")
      ->required();
  command->add_flag("--chat", options.chat, "a user's message, in the model's chat template");
  command->add_option("--chat-template", options.chat_template,
                      "chatml, llama2, llama3 or zephyr instead of the model's own");
  command->add_option("--system", options.system, "message before the user's");
  command->add_option("--max-tokens", options.max_tokens, "of the answer")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  command->add_option("--temperature", options.sampling.temperature, "0: greedy");
  command->add_option("--top-k", options.sampling.top_k, "only the so many likeliest; 0: all");
  command->add_option("--top-p", options.sampling.top_p, "only the likeliest with this share");
  command->add_option("--min-p", options.sampling.min_p, "only those of this share of the first");
  command->add_option("--repetition-penalty", options.sampling.repetition_penalty, "1: none");
  command->add_option("--seed", options.sampling.seed, "of chance")->capture_default_str();
  command->add_flag("--ignore-eos", options.ignore_end, "go on after an end of the answer");
  command->add_flag("--ids", options.ids, "print token ids");
  add_compute(*command, options.compute);
  command->callback([&] { chosen = [&] { return generate_command(options); }; });
}

void add_verify(CLI::App& app, VerifyOptions& options, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "verify", "Compares a model's outputs with recorded ones, or with a program beside it.");
  command->add_option("MODEL", options.model, "what to verify")->required();
  command->add_option("--expected", options.expected, "recorded outputs (JSON)");
  command->add_option("--reference", options.reference,
                      "a program that continues a prompt greedily: llama.cpp's llama-completion");
  command->add_option(
      "--reference-arguments", options.reference_arguments,
      "its arguments in one text: \"-m {model} -p {prompt} -n {tokens} -t {threads}\"");
  command->add_option("--prompt", options.prompts, "for the reference program; more than once");
  command->add_option("--tokens", options.tokens, "of each answer")->capture_default_str();
  add_compute(*command, options.compute);
  command->add_flag("--random-weights", options.random_weights,
                    "the weights are random: wider limits, as they amplify differences");
  command->add_option("--max-log-probability", options.log_probability, "mean difference allowed");
  command->add_option("--max-perplexity", options.perplexity, "relative difference allowed");
  command->add_option("--max-logits", options.logits, "greatest difference allowed");
  command->add_option("--gap", options.gap, "logits by which a winner must lead to be judged");
  command->add_option("--min-speed-ratio", options.speed_ratio,
                      "of our decode rate to the reference program's");
  command->add_flag("--json", options.json, "as JSON");
  command->footer(
      "\nExamples:\n  squall model verify m.gguf --expected m.json\n"
      "  squall model verify m.gguf --reference ~/llama.cpp/build/bin/llama-completion");
  command->callback([&] { chosen = [&] { return verify_command(options); }; });
}

constexpr const char* bench_footer = R"(
  squall model bench m.gguf --threads 4                     a table of rates
  squall model bench m.gguf --threads 4 --steps steps.json  single steps instead, for squall fleet)";

int bench(const BenchOptions& options, StepTimesOptions& steps) {
  if (steps.file.empty()) return bench_command(options);
  steps.model = options.model;
  steps.compute = options.compute;
  steps.kv_format = options.kv_format;
  return step_times_command(steps);
}

void add_step_times(CLI::App& command, StepTimesOptions& steps) {
  command
      .add_option(
          "--steps", steps.file,
          "measure single steps instead of rates, and write them here; -: to standard output")
      ->option_text("FILE");
  command.add_option("--max-batch", steps.max_batch, "with --steps: requests in one, at most")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command.add_option("--prefill-chunk", steps.prefill_chunk, "with --steps: prompt tokens in one")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--longest", steps.longest, "with --steps: tokens of the longest prompt")
      ->check(CLI::Range(16, 1 << 20))
      ->capture_default_str();
  command.add_option("--seconds", steps.seconds, "with --steps: how long to measure, at least")
      ->check(CLI::Range(0.0, 86'400.0))
      ->capture_default_str();
}

void add_bench(CLI::App& app, BenchOptions& options, StepTimesOptions& steps, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measures prefill, decode and many sequences at once, in tokens per second.");
  command->add_option("MODEL", options.model, "what to measure")->required();
  add_compute(*command, options.compute);
  command->add_option("--prompt", options.prompt, "tokens of the prefill; 0: leave it out")
      ->capture_default_str();
  command->add_option("--generate", options.generate, "steps of the decode; 0: leave it out")
      ->capture_default_str();
  command->add_option("--concurrency", options.concurrency, "sequences decoded together")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--shared-prompt", options.shared_prompt, "tokens of each one's prompt")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--shared-generate", options.shared_generate, "steps of decoding together")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--kv-format", options.kv_format, "of keys and values: f32, f16, q8_0")
      ->capture_default_str();
  command->add_option("--repetitions", options.repetitions, "of which the median is shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--json", options.json, "also write everything to this file; -: only that");
  add_step_times(*command, steps);
  command->footer(bench_footer);
  command->callback([&] { chosen = [&] { return bench(options, steps); }; });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{description, "squall model"};
  app.set_version_flag("--version", "squall model " + std::string(squall::actors::tool_version));
  app.require_subcommand(1);
  app.footer(footer);
  Action chosen;
  InspectOptions inspect;
  SynthOptions synth;
  FetchOptions fetch;
  QuantizeOptions quantize;
  PerplexityOptions perplexity;
  GenerateOptions generate;
  BenchOptions bench_options;
  StepTimesOptions steps;
  VerifyOptions verify;
  add_inspect(app, inspect, chosen);
  add_synth(app, synth, chosen);
  add_fetch(app, fetch, chosen);
  add_quantize(app, quantize, chosen);
  add_perplexity(app, perplexity, chosen);
  add_generate(app, generate, chosen);
  add_bench(app, bench_options, steps, chosen);
  add_verify(app, verify, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return chosen();
  } catch (const ModelError& error) {
    std::fprintf(stderr, "squall model: %s\n", error.what());
    return 2;
  } catch (const squall::kernels::DeviceError& error) {
    std::fprintf(stderr, "squall model: the device was lost: %s\n", error.what());
    return 1;
  } catch (const squall::kernels::DeviceOutOfMemory& error) {
    std::fprintf(
        stderr,
        "squall model: the device has no memory left to compute: %s; take a smaller model, "
        "or --device hybrid or cpu\n",
        error.what());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall model: internal error: %s\n", error.what());
    return 1;
  }
}
