#pragma once
// Text <-> token ids, as a GGUF file's own metadata define it.
//
// Unchanging after construction, so any thread may use one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

struct EncodeOptions {
  bool add_beginning = true;   // the beginning-of-sequence token (and end, where the model wants it
                               // on prompts), if the model asks for one
  bool parse_special = false;  // text that spells a control token becomes that token: for
                               // templates, never for what users wrote
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::size_t vocabulary() const = 0;
  virtual std::vector<std::int32_t> encode(std::string_view text,
                                           const EncodeOptions& options = {}) const = 0;
  virtual std::string decode(std::int32_t token) const = 0;  // bytes; may be part of a character
  virtual std::int32_t end_token() const = 0;                // -1: none
  virtual std::int32_t beginning_token() const = 0;          // -1: none
  /// Whether an answer ends with it: the end token, and the end of a turn or message.
  virtual bool ends_answer(std::int32_t token) const { return token == end_token(); }
  /// True for ids that stand for text (not control, unknown or unused): what synthetic prompts use.
  virtual bool is_text(std::int32_t token) const = 0;
};

}  // namespace squall::agents
