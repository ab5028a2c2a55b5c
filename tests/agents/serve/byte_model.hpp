#pragma once
// A model without weights whose tokens are bytes, and an engine that does what a test says.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/model/model.hpp"
#include "agents/serve/engine_worker.hpp"

namespace squall::tests {

/// Token 0 to 255 is that byte; 256 ends an answer and spells nothing.
class ByteTokenizer final : public agents::Tokenizer {
 public:
  std::size_t vocabulary() const override { return 257; }
  std::vector<std::int32_t> encode(std::string_view text,
                                   const agents::EncodeOptions& = {}) const override {
    std::vector<std::int32_t> tokens;
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
  std::string decode(std::int32_t token) const override {
    return token < 256 ? std::string(1, static_cast<char>(token)) : std::string();
  }
  std::int32_t end_token() const override { return 256; }
  std::int32_t beginning_token() const override { return -1; }
  bool is_text(std::int32_t token) const override { return token < 256; }
};

inline std::shared_ptr<const agents::Model> byte_model(std::size_t context = 100) {
  auto model = std::make_shared<agents::Model>();
  model->name = "bytes";
  model->shape.vocabulary = 257;
  model->shape.context = context;
  model->tokenizer = std::make_unique<ByteTokenizer>();
  return model;
}

/// Keeps what it is told.
class RecordingEngine final : public agents::EnginePort {
 public:
  void submit(agents::GenerationRequest request) override {
    submitted.push_back(std::move(request));
  }
  void cancel(std::uint64_t id) override { cancelled.push_back(id); }

  std::vector<agents::GenerationRequest> submitted;
  std::vector<std::uint64_t> cancelled;
};

}  // namespace squall::tests
