#include "agents/engine/model/architectures/architecture.hpp"

#include <iterator>

namespace squall::agents {

namespace {

using kernels::RopePairs;

// Rope pairs as llama.cpp's llama_model_rope_type has them: the converter of llama's weights has
// interleaved the rows of queries and keys, those of the others have left them as they were
// trained.
constexpr Architecture known[] = {
    {.name = "llama", .rope_pairs = RopePairs::neighbours, .rope_divisors = true},
    {.name = "qwen2", .rope_pairs = RopePairs::halves, .attention_biases = true},
    {.name = "qwen3", .rope_pairs = RopePairs::halves, .head_norms = true},
    {.name = "bitnet", .rope_pairs = RopePairs::halves, .sub_norms = true, .matrix_scales = true},
};

/// Why one that looks like a known one is not.
std::string_view difference(std::string_view name) {
  // build_bitnet_158 in bitnet.cpp: relu(gate)^2 * up.
  if (name == "bitnet-b1.58" || name == "bitnet-25") {
    return " (its feed-forward part has squared ReLUs where bitnet has SiLU)";
  }
  if (name == "qwen2moe" || name == "qwen3moe") return " (its layers are mixtures of experts)";
  return "";
}

}  // namespace

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture& architecture : known) {
    if (architecture.name == name) return &architecture;
  }
  return nullptr;
}

std::string refusal_of_architecture(std::string_view name) {
  std::string words = "the architecture '" + std::string(name.substr(0, 80)) +
                      "' is not supported" + std::string(difference(name)) +
                      "; use a model of the architecture ";
  const std::size_t count = std::size(known);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) words += i + 1 == count ? " or " : ", ";
    words += "'" + std::string(known[i].name) + "'";
  }
  return words;
}

}  // namespace squall::agents
