#pragma once
// Compares a model's outputs with recorded ones, and judges the differences.
//
// Two right engines differ a little where activations are quantized: near-ties flip, and texts part
// from there. So the recorded tokens are fed in, and log-probabilities and winners are compared at
// each position; free-running text counts up to the first near-tie.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/model_tool/teacher_forcing.hpp"
#include "agents/model_tool/verify/expected_outputs.hpp"

namespace squall::agents {

struct VerificationLimits {
  double log_probability = 0;    // mean absolute difference
  double perplexity = 0;         // relative difference
  double gap = 0;                // in logits; above it, the likeliest token must be the same
  std::optional<double> logits;  // greatest absolute difference; none: not judged
};

/// What two right engines may differ by. `exact_activations`: kernels that do not quantize them.
/// `random_weights`: they amplify.
VerificationLimits usual_limits(const Model& model, bool exact_activations, bool random_weights);

struct Finding {
  std::string what;  // "mean difference of log-probabilities"
  double found = 0;
  double limit = 0;
  bool passed = false;
};

/// `forcing` has room for the longest expected text.
std::vector<Finding> compare_with_expected(TeacherForcing& forcing, const ExpectedOutputs& expected,
                                           const VerificationLimits& limits);

/// How many tokens of an answer no near-tie leaves open.
std::size_t clear_tokens(const ExpectedAnswer& answer, double gap);

}  // namespace squall::agents
