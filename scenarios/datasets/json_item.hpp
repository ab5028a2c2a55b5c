#pragma once
// What one JSON object of a dataset says: the only place that knows the JSON library.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/datasets/prompt_dataset.hpp"
#include "scenarios/load/load_shape.hpp"

namespace squall::scenarios {

/// A prompt or a conversation; no parts: a conversation in which the human says nothing. Roles are
/// system; user, human; assistant, gpt, chatgpt, bing, bard, model. Throws ItemMistake.
DatasetItem read_prompt_item(std::string_view json, const std::string& field);

/// A line of a Mooncake trace.
struct MooncakeRow {
  nanoseconds at{0};
  std::uint64_t prompt_tokens = 0;
  std::uint64_t answer_tokens = 0;
  std::vector<std::uint64_t> hashes;  // of blocks of 512 tokens
};
/// Throws ItemMistake.
MooncakeRow read_mooncake_row(std::string_view json);

}  // namespace squall::scenarios
