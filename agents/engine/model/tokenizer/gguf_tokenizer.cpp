#include "agents/engine/model/tokenizer/gguf_tokenizer.hpp"

#include <algorithm>
#include <utility>

#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/tokenizer_bpe.hpp"
#include "agents/engine/model/tokenizer/tokenizer_spm.hpp"

namespace squall::agents {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

Vocabulary checked(Vocabulary vocabulary) {
  if (vocabulary.size() == 0) vocabulary.refuse("the vocabulary is empty");
  if (vocabulary.kinds.size() != vocabulary.size()) {
    vocabulary.refuse("the vocabulary has " + std::to_string(vocabulary.size()) + " tokens, but " +
                      std::to_string(vocabulary.kinds.size()) +
                      " types (tokenizer.ggml.token_type)");
  }
  return vocabulary;
}

}  // namespace

GgufTokenizer::GgufTokenizer(Vocabulary vocabulary)
    : vocabulary_(checked(std::move(vocabulary))), special_(vocabulary_) {}

std::vector<std::int32_t> GgufTokenizer::encode(std::string_view text,
                                                const EncodeOptions& options) const {
  std::vector<std::int32_t> tokens;
  if (options.add_beginning && vocabulary_.begin_with_beginning && vocabulary_.beginning >= 0) {
    tokens.push_back(vocabulary_.beginning);
  }
  bool begins = true;
  for (std::size_t at = 0; at < text.size();) {
    const SpecialTokens::Found found = special_.find(text, at, options.parse_special);
    const std::size_t end = found.length > 0 ? found.offset : text.size();
    if (end > at) append_text(text.substr(at, end - at), begins, tokens);
    if (found.length > 0) tokens.push_back(found.token);
    begins = found.length > 0;
    at = end + found.length;
  }
  if (options.add_beginning && vocabulary_.finish_with_end && vocabulary_.end >= 0) {
    tokens.push_back(vocabulary_.end);
  }
  return tokens;
}

std::string GgufTokenizer::decode(std::int32_t token) const {
  if (vocabulary_.is_text(token)) return decode_text(token);
  const bool unknown =
      vocabulary_.contains(token) && vocabulary_.kinds[token] == TokenKind::unknown;
  return std::string(unknown ? replacement_character : "");
}

bool GgufTokenizer::ends_answer(std::int32_t token) const {
  return token >= 0 &&
         std::ranges::find(vocabulary_.answer_ends, token) != vocabulary_.answer_ends.end();
}

std::unique_ptr<Tokenizer> read_tokenizer(const GgufMetadata& metadata) {
  const std::string_view model = metadata.text("tokenizer.ggml.model");
  if (model == "llama") return std::make_unique<SpmTokenizer>(read_spm_vocabulary(metadata));
  if (model == "gpt2") return std::make_unique<BpeTokenizer>(read_bpe_vocabulary(metadata));
  throw ModelError(metadata.file_name() + ": the tokenizer '" + std::string(model.substr(0, 80)) +
                   "' is not supported; use a model with a SentencePiece tokenizer ('llama') or a "
                   "byte-level one ('gpt2')");
}

}  // namespace squall::agents
