#include "agents/model_tool/verify/verify_command.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agents/engine/inference_engine.hpp"
#include "agents/model_tool/engine_setup.hpp"
#include "agents/model_tool/verify/reference_program.hpp"
#include "agents/model_tool/verify/verification.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;
using Tokens = std::vector<std::int32_t>;

struct Written {
  Tokens tokens;
  double tokens_per_second = 0;  // after the first
};

/// Greedy, with keys and values as exact as they can be.
Written write_answer(const std::shared_ptr<const Model>& model, const VerifyOptions& options,
                     const Tokens& prompt, std::size_t tokens) {
  const auto engine = make_engine(model, options.compute,
                                  {.max_batch = 1,
                                   .first_batch = 1,
                                   .kv_format = kernels::KvFormat::f32,
                                   .reuse_prefixes = false});
  engine->submit({.id = 1,
                  .prompt = prompt,
                  .max_tokens = static_cast<std::uint32_t>(tokens),
                  .stop_at_end_token = false});
  Written written;
  auto first = Clock::now();
  while (!engine->idle()) {
    const StepEvents events = engine->step();
    if (!events.refused.empty()) throw ModelError(events.refused.front().reason);
    for (const StepEvents::Token& token : events.tokens) {
      if (written.tokens.empty()) first = Clock::now();
      written.tokens.push_back(token.token);
    }
  }
  const std::chrono::duration<double> elapsed = Clock::now() - first;
  written.tokens_per_second = static_cast<double>(tokens - 1) / elapsed.count();
  return written;
}

VerificationLimits chosen_limits(const Model& model, const TeacherForcing& forcing,
                                 const VerifyOptions& options) {
  const bool exact = forcing.backends().name().ends_with("reference");
  VerificationLimits limits = usual_limits(model, exact, options.random_weights || model.synthetic);
  if (options.log_probability) limits.log_probability = *options.log_probability;
  if (options.perplexity) limits.perplexity = *options.perplexity;
  if (options.gap) limits.gap = *options.gap;
  if (options.logits) limits.logits = *options.logits;
  return limits;
}

std::size_t longest_text(const ExpectedOutputs& expected) {
  std::size_t longest = expected.text.size();
  for (const ExpectedAnswer& answer : expected.answers) {
    longest = std::max(longest, answer.prompt.size() + answer.answer.size());
  }
  return longest;
}

/// Of the tokens that no near-tie leaves open, how many the engine writes otherwise on its own.
Finding compare_free_running(const std::shared_ptr<const Model>& model,
                             const VerifyOptions& options, const ExpectedOutputs& expected,
                             double gap) {
  std::size_t different = 0;
  for (const ExpectedAnswer& answer : expected.answers) {
    const Written own = write_answer(model, options, answer.prompt, answer.answer.size());
    const std::size_t clear = clear_tokens(answer, gap);
    const auto parted = std::mismatch(answer.answer.begin(),
                                      answer.answer.begin() + static_cast<std::ptrdiff_t>(clear),
                                      own.tokens.begin());
    different += clear - static_cast<std::size_t>(parted.first - answer.answer.begin());
  }
  return {"free running: tokens after a parting that no near-tie explains",
          static_cast<double>(different), 0, different == 0};
}

// ---- a program beside us

std::string text_of(const Model& model, std::span<const std::int32_t> tokens) {
  std::string text;
  for (const std::int32_t token : tokens) text += model.tokenizer->decode(token);
  return text;
}

std::string without_surrounding_space(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// Our answer up to the first token whose winner is ahead by no more than `gap`.
std::string clear_text(TeacherForcing& forcing, const Tokens& prompt, const Tokens& answer,
                       double gap) {
  Tokens tokens = prompt;
  tokens.insert(tokens.end(), answer.begin(), answer.end() - 1);
  std::size_t clear = answer.size();
  std::vector<float> sorted;
  forcing.run(tokens, [&](std::size_t position, std::span<const float> logits) {
    if (position + 1 < prompt.size()) return;
    const std::size_t i = position + 1 - prompt.size();
    sorted.assign(logits.begin(), logits.end());
    std::ranges::nth_element(sorted, sorted.begin() + 1, std::greater{});
    if (static_cast<double>(sorted[0] - sorted[1]) <= gap) clear = std::min(clear, i);
  });
  return text_of(forcing.model(), std::span(answer).first(clear));
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

double reference_rate(const VerifyOptions& options, const std::string& path,
                      const std::vector<std::string>& arguments, const std::string& prompt) {
  // The difference of two runs leaves out loading and the prompt.
  const auto timed = [&](std::size_t tokens) {
    return run_program(options.reference,
                       filled_in(arguments, path, prompt, tokens, options.compute.threads),
                       std::chrono::seconds(600))
        .elapsed.count();
  };
  const double one = timed(1);
  const double many = timed(options.tokens);
  return static_cast<double>(options.tokens - 1) / std::max(many - one, 1e-6);
}

std::vector<Finding> compare_with_program(const std::shared_ptr<const Model>& model,
                                          TeacherForcing& forcing, const VerifyOptions& options,
                                          const VerificationLimits& limits) {
  const std::string path = model_here(options.model);
  const auto arguments = options.reference_arguments.empty()
                             ? llama_cpp_arguments()
                             : words_of(options.reference_arguments);
  std::vector<Finding> findings;
  double own_rate = 0;
  std::size_t compared = 0;
  for (const std::string& prompt : options.prompts) {
    const Tokens tokens = model->tokenizer->encode(prompt);
    const Written own = write_answer(model, options, tokens, options.tokens);
    own_rate = std::max(own_rate, own.tokens_per_second);
    const auto reference =
        run_program(options.reference,
                    filled_in(arguments, path, prompt, options.tokens, options.compute.threads),
                    std::chrono::seconds(600));
    if (reference.exit_code != 0) {
      throw ModelError("the reference program ended with exit code " +
                       std::to_string(reference.exit_code));
    }
    const std::string clear =
        without_surrounding_space(clear_text(forcing, tokens, own.tokens, limits.gap));
    const std::string theirs = without_surrounding_space(reference.text);
    const auto parted = std::ranges::mismatch(clear, theirs);
    const auto left = static_cast<double>(clear.end() - parted.in1);
    compared += clear.size();
    findings.push_back({"'" + prompt + "': bytes after a parting that no near-tie explains, of " +
                            std::to_string(clear.size()),
                        left, 0, left == 0});
  }
  if (compared == 0) {
    throw ModelError(
        "every answer begins with a near-tie, so nothing could be compared; give other "
        "prompts with --prompt, or a smaller --gap");
  }
  if (options.speed_ratio) {
    const double theirs = reference_rate(options, path, arguments, options.prompts.front());
    const double ratio = own_rate / theirs;
    findings.push_back({"speed: decode rate as a multiple of the reference's (at least)", ratio,
                        *options.speed_ratio, ratio >= *options.speed_ratio});
  }
  return findings;
}

void print(const Model& model, const TeacherForcing& forcing, const std::vector<Finding>& findings,
           bool passed) {
  std::printf("%s, %s\n", model.name.c_str(), forcing.backends().name().c_str());
  for (const Finding& each : findings) {
    std::printf("  %-4s %-72s %12.6g  limit %g\n", each.passed ? "ok" : "FAIL", each.what.c_str(),
                each.found, each.limit);
  }
  std::printf("%s\n", passed ? "verified" : "NOT VERIFIED");
}

void print_json(const Model& model, const TeacherForcing& forcing,
                const std::vector<Finding>& findings, bool passed) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Finding& each : findings) {
    rows.push_back({{"what", each.what},
                    {"found", each.found},
                    {"limit", each.limit},  // null: not judged
                    {"passed", each.passed}});
  }
  const nlohmann::json document{{"schema", "squall-model-verify/1"},
                                {"model", model.name},
                                {"fingerprint", model.fingerprint},
                                {"backend", forcing.backends().name()},
                                {"findings", rows},
                                {"passed", passed}};
  std::printf("%s\n", document.dump(2).c_str());
}

}  // namespace

int verify_command(const VerifyOptions& options) {
  if (!options.expected && options.reference.empty()) {
    throw ModelError("nothing to verify with; give --expected FILE or --reference PROGRAM");
  }
  if (options.tokens < 2) throw ModelError("--tokens must be at least 2");
  const auto model = load_model(model_here(options.model));
  ExpectedOutputs expected;
  if (options.expected) {
    expected = read_expected_outputs(*options.expected, model->shape.vocabulary);
  }
  // Texts may be longer than the context that the model was trained for: they were when recorded.
  std::size_t positions = std::max<std::size_t>(1, longest_text(expected));
  if (!options.reference.empty()) positions = std::max(positions, model->shape.context);
  const auto made = make_forcing(model, options.compute, kernels::KvFormat::f32, positions);
  TeacherForcing& forcing = *made;
  const VerificationLimits limits = chosen_limits(*model, forcing, options);
  std::vector<Finding> findings;
  if (options.expected) {
    findings = compare_with_expected(forcing, expected, limits);
    findings.push_back(compare_free_running(model, options, expected, limits.gap));
  }
  if (!options.reference.empty()) {
    const auto beside = compare_with_program(model, forcing, options, limits);
    findings.insert(findings.end(), beside.begin(), beside.end());
  }
  const bool passed = std::ranges::all_of(findings, &Finding::passed);
  if (options.json) {
    print_json(*model, forcing, findings, passed);
  } else {
    print(*model, forcing, findings, passed);
  }
  return passed ? 0 : 10;
}

}  // namespace squall::agents
