#pragma once
// What the fuzzers do with bytes that may be a model: load it, use its tokenizer, write a chat.

#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/model/tokenizer/chat_template.hpp"

namespace squall::fixtures {

/// Bytes where a mapped file would have them: aligned, and nothing to read behind the last.
class AlignedCopy {
 public:
  explicit AlignedCopy(std::span<const std::byte> bytes)
      : data_(static_cast<std::byte*>(::operator new (bytes.size(), std::align_val_t{64}))),
        size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data_);
  }
  ~AlignedCopy() { ::operator delete (data_, std::align_val_t{64}); }
  AlignedCopy(const AlignedCopy&) = delete;
  AlignedCopy& operator=(const AlignedCopy&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_;
  std::size_t size_;
};

/// Ends the process where a promise is broken, in every build.
inline void require(bool kept) {
  if (!kept) std::abort();
}

inline void check_tokens(const agents::Tokenizer& tokenizer,
                         const std::vector<std::int32_t>& tokens) {
  for (const std::int32_t token : tokens) {
    require(token >= 0 && static_cast<std::size_t>(token) < tokenizer.vocabulary());
    require(tokenizer.decode(token).empty() || tokenizer.vocabulary() > 0);
    static_cast<void>(tokenizer.ends_answer(token));
  }
}

inline void tokenize(const agents::Model& model, std::string_view text) {
  const agents::Tokenizer& tokenizer = *model.tokenizer;
  check_tokens(tokenizer, tokenizer.encode(text));
  check_tokens(tokenizer, tokenizer.encode(text, {.add_beginning = false, .parse_special = true}));
  for (const std::int32_t token :
       {-1, 0, tokenizer.beginning_token(), tokenizer.end_token(), INT32_MAX, INT32_MIN}) {
    static_cast<void>(tokenizer.decode(token));
    static_cast<void>(tokenizer.is_text(token));
  }
  const std::vector<agents::ChatMessage> messages{{"system", "Be brief."},
                                                  {"user", std::string(text)}};
  static_cast<void>(agents::recognise_chat_template(model.chat_template));
  for (const auto family : {agents::ChatTemplate::chatml, agents::ChatTemplate::llama2,
                            agents::ChatTemplate::llama3, agents::ChatTemplate::zephyr}) {
    check_tokens(tokenizer, agents::encode_chat(tokenizer, family, messages));
  }
}

/// True when the bytes are a model; false when they are refused with ModelError. Nothing else may
/// happen. Every weight is where the view says.
inline bool load_and_tokenize(std::span<const std::byte> bytes) {
  const AlignedCopy copy(bytes);
  std::shared_ptr<const agents::Model> model;
  try {
    model = agents::make_gguf_model(std::make_unique<agents::GgufFile>("fuzzed.gguf", copy.bytes()),
                                    "fuzzed");
  } catch (const agents::ModelError& error) {
    require(std::string_view(error.what()).starts_with("fuzzed.gguf: "));
    return false;
  }
  for (const agents::LayerWeights& layer : model->layers) {
    for (const kernels::TensorView& view : {layer.query, layer.down, layer.gate}) {
      const std::byte* last =
          view.data + view.rows * kernels::bytes_per_row(view.format, view.columns);
      require(view.data >= copy.bytes().data());
      require(last <= copy.bytes().data() + copy.bytes().size());
    }
  }
  // The texts: one with a bit of everything, and the file's own last bytes.
  tokenize(*model, " I'M here: 12345 \n\n  \xE4\xBD\xA0\xFF <|im_start|>ab</s> aaaa");
  const auto tail = copy.bytes().last(std::min<std::size_t>(48, copy.bytes().size()));
  tokenize(*model, {reinterpret_cast<const char*>(tail.data()), tail.size()});
  return true;
}

}  // namespace squall::fixtures
