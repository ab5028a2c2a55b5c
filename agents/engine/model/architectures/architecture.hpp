#pragma once
// The transformer families that run here, as a table of how their files and layers differ.

#include <string>
#include <string_view>

#include "kernels/backend.hpp"

namespace squall::agents {

/// All have RMS norms, rotary positions, grouped heads and a SwiGLU feed-forward part; the keys of
/// their hyper-parameters differ only in the prefix, which is the name.
struct Architecture {
  std::string_view name;  // as in general.architecture
  kernels::RopePairs rope_pairs;
  bool attention_biases = false;  // attn_q.bias, attn_k.bias, attn_v.bias
  bool head_norms = false;        // attn_q_norm.weight, attn_k_norm.weight
  bool sub_norms = false;         // attn_sub_norm.weight, ffn_sub_norm.weight
  bool matrix_scales = false;     // NAME.scale beside NAME.weight, where the file has it
  bool rope_divisors = false;     // rope_freqs.weight, where the file has it
};

/// Null: it is not supported.
const Architecture* find_architecture(std::string_view name);

/// Says of one that is not supported what is, and if it resembles one, how it differs.
std::string refusal_of_architecture(std::string_view name);

}  // namespace squall::agents
