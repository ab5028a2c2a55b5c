#pragma once
// The tokens of a GGUF file, whatever the method that makes text into them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

class GgufMetadata;

/// Numbered as in tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

struct Vocabulary {
  std::string source;              // the file, for errors
  std::vector<std::string> texts;  // by id, as they stand in the file: "<0x0A>" for bytes
  std::vector<TokenKind> kinds;    // by id
  std::int32_t beginning = -1;     // -1: none
  std::int32_t end = -1;
  std::int32_t unknown = -1;
  std::vector<std::int32_t> answer_ends;  // the end, and the ends of turns and messages
  bool begin_with_beginning = true;       // of every prompt
  bool finish_with_end = false;           // likewise

  std::size_t size() const { return texts.size(); }
  bool contains(std::int32_t token) const {
    return token >= 0 && static_cast<std::size_t>(token) < texts.size();
  }
  bool is_text(std::int32_t token) const;
  /// Throws ModelError for the source.
  [[noreturn]] void refuse(const std::string& what) const;
};

/// From the tokenizer.ggml.* keys. Tokens that everywhere end a turn, such as <|im_end|>, are
/// control tokens even where the file forgets to say so. Throws ModelError naming the key that is
/// missing or wrong.
Vocabulary read_vocabulary(const GgufMetadata& metadata, bool usually_begins_with_beginning);

}  // namespace squall::agents
