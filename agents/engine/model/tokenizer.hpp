#pragma once
// Text <-> token ids, from a GGUF file's own metadata: for now SentencePiece-style (llama "SPM").

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::size_t vocabulary() const = 0;
  /// With the beginning-of-sequence token first, where the model asks for one.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  virtual std::string decode(std::int32_t token) const = 0;  // bytes; may be part of a character
  virtual std::int32_t end_token() const = 0;                // -1: none
  virtual std::int32_t beginning_token() const = 0;          // -1: none
  /// True for ids that stand for text (not control, unknown or unused): what synthetic prompts use.
  virtual bool is_text(std::int32_t token) const = 0;
};

}  // namespace squall::agents
