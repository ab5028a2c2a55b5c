#pragma once
// The prompts of a file: lines of text, JSONL, or an array of conversations as ShareGPT has them.
//
// The file is mapped and looked through once; 8 bytes an item are kept, and an item is read again
// when it is asked for: a file may be larger than memory. Unchanging, so any thread may use it.
// The file must not be changed meanwhile.
//
// text:     one prompt a line; blank lines are none
// jsonl:    {"prompt": "…"} with the field that the scenario names, or a conversation:
//           {"messages": [{"role": "user", "content": "…"}]} as in OpenAI's API,
//           {"conversations": [{"from": "human", "value": "…"}]} as ShareGPT has them
// sharegpt: a JSON array of such objects

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "scenarios/load/prompt.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

struct DatasetItem {
  /// A plain prompt: one part of the user. A conversation: the system's part, where there is one,
  /// then what the human said, turn by turn, at least one.
  std::vector<PromptPart> parts;
  /// Of the recorded answer to each turn of the human; 0: none is known.
  std::vector<std::uint64_t> answer_bytes;
  bool conversation = false;  // recorded as messages, if only of one turn
};

class PromptDataset {
 public:
  /// `path` is where the file lies; of `how`, format and field are used. Every item is checked, so
  /// that none can fail during a run. Throws DatasetError.
  static PromptDataset open(const std::filesystem::path& path, const PromptsFromFile& how);

  PromptDataset(PromptDataset&&) noexcept;
  PromptDataset& operator=(PromptDataset&&) noexcept;
  ~PromptDataset();

  std::uint64_t size() const;  // at least 1
  /// `index` is below size(). Throws DatasetError only if the file was changed since.
  DatasetItem item(std::uint64_t index) const;
  /// Conversations without a word of the human, of which recorded files have many.
  std::uint64_t left_out() const;
  bool has_conversations() const;  // some item is one
  /// The format that was found or asked for; never automatic.
  PromptsFromFile::Format format() const;

 private:
  struct Contents;
  explicit PromptDataset(std::unique_ptr<const Contents> contents);

  std::unique_ptr<const Contents> contents_;
};

}  // namespace squall::scenarios
