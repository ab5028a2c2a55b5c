#include "agents/model_tool/verify/verification.hpp"

#include <algorithm>
#include <cmath>

namespace squall::agents {

namespace {

using kernels::Format;

struct FormatsInUse {
  bool quantized = false;
  bool k_quants = false;
  bool two_bits = false;
};

void look_at(const kernels::TensorView& matrix, FormatsInUse& found) {
  switch (matrix.format) {
    case Format::f32:
    case Format::f16:
    case Format::bf16:
      return;
    case Format::q2_k:
      found.two_bits = true;
      [[fallthrough]];
    case Format::q3_k:
    case Format::q4_k:
    case Format::q5_k:
    case Format::q6_k:
      found.k_quants = true;
      [[fallthrough]];
    default:
      found.quantized = true;
  }
}

FormatsInUse formats_of(const Model& model) {
  FormatsInUse found;
  look_at(model.output, found);
  for (const LayerWeights& layer : model.layers) {
    for (const auto* matrix : {&layer.query, &layer.key, &layer.value, &layer.attention_output,
                               &layer.gate, &layer.up, &layer.down}) {
      look_at(*matrix, found);
    }
  }
  return found;
}

Finding judged(std::string what, double found, double limit) {
  return {std::move(what), found, limit, found <= limit};
}

void compare_text(TeacherForcing& forcing, const ExpectedOutputs& expected,
                  const VerificationLimits& limits, std::vector<Finding>& findings) {
  double differences = 0;
  double sum = 0;
  const std::size_t scored = expected.log_probabilities.size();
  forcing.run(expected.text, [&](std::size_t position, std::span<const float> logits) {
    if (position == scored) return;
    const double found = log_probability(logits, expected.text[position + 1]);
    sum += found;
    differences += std::abs(found - static_cast<double>(expected.log_probabilities[position]));
  });
  const auto n = static_cast<double>(scored);
  const double perplexity = std::exp(-sum / n);
  findings.push_back(judged("text: mean difference of log-probabilities", differences / n,
                            limits.log_probability));
  findings.push_back(judged("text: relative difference of perplexity",
                            std::abs(perplexity / expected.perplexity - 1), limits.perplexity));
}

/// Differences of one answer, added to those of the others.
struct AnswerDifferences {
  std::size_t winners = 0;  // other than recorded, where the gap decides
  double logits = 0;        // greatest of the last prompt position
};

void compare_answer(TeacherForcing& forcing, const ExpectedAnswer& answer, double gap,
                    AnswerDifferences& differences) {
  std::vector<std::int32_t> tokens = answer.prompt;
  tokens.insert(tokens.end(), answer.answer.begin(), answer.answer.end() - 1);
  const std::size_t last_of_prompt = answer.prompt.size() - 1;
  forcing.run(tokens, [&](std::size_t position, std::span<const float> logits) {
    if (position < last_of_prompt) return;
    const std::size_t i = position - last_of_prompt;
    const auto winner = std::ranges::max_element(logits) - logits.begin();
    if (static_cast<double>(answer.gaps[i]) > gap && winner != answer.answer[i]) {
      ++differences.winners;
    }
    if (i != 0) return;
    for (const auto& [token, logit] : answer.last_prompt_logits) {
      const double difference = std::abs(static_cast<double>(logits[token] - logit));
      if (!(difference <= differences.logits)) differences.logits = difference;  // NaN stays
    }
  });
}

}  // namespace

VerificationLimits usual_limits(const Model& model, bool exact_activations, bool random_weights) {
  const FormatsInUse formats = formats_of(model);
  // A recording with half-precision activations is up to 0.0072 from exact logits, measured.
  if (!formats.quantized) return {1e-3, 1e-3, 0.01, 1e-2};
  if (exact_activations) return {1e-3, 1e-3, 0.01, {}};
  if (random_weights) return {formats.two_bits ? 0.6 : 0.15, INFINITY, 0.6, {}};
  return {formats.k_quants ? 0.045 : 0.025, 5e-3, 0.3, {}};
}

std::vector<Finding> compare_with_expected(TeacherForcing& forcing, const ExpectedOutputs& expected,
                                           const VerificationLimits& limits) {
  std::vector<Finding> findings;
  if (!expected.log_probabilities.empty()) compare_text(forcing, expected, limits, findings);
  AnswerDifferences differences;
  for (const ExpectedAnswer& answer : expected.answers) {
    compare_answer(forcing, answer, limits.gap, differences);
  }
  findings.push_back(judged("answers: other winners where the gap decides",
                            static_cast<double>(differences.winners), 0));
  findings.push_back(judged("answers: greatest difference of a logit", differences.logits,
                            limits.logits.value_or(INFINITY)));
  return findings;
}

std::size_t clear_tokens(const ExpectedAnswer& answer, double gap) {
  const auto near_tie =
      std::ranges::find_if(answer.gaps, [&](float own) { return static_cast<double>(own) <= gap; });
  return static_cast<std::size_t>(near_tie - answer.gaps.begin());
}

}  // namespace squall::agents
