#include "agents/engine/model/tokenizer/special_tokens.hpp"

namespace squall::agents {

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary) {
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const TokenKind kind = vocabulary.kinds[id];
    const bool control = kind == TokenKind::control || kind == TokenKind::unknown;
    if (!control && kind != TokenKind::user_defined) continue;
    add(vocabulary.texts[id], static_cast<std::int32_t>(id), control);
  }
}

void SpecialTokens::add(std::string_view text, std::int32_t token, bool control) {
  if (text.empty()) return;
  std::uint32_t node = 0;
  for (const char byte : text) {
    std::uint32_t next = step(node, byte);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_[node].next.emplace_back(byte, next);
      nodes_.emplace_back();
    }
    node = next;
  }
  if (nodes_[node].token >= 0) return;  // of equal texts the first
  nodes_[node].token = token;
  nodes_[node].control = control;
}

std::uint32_t SpecialTokens::step(std::uint32_t node, char byte) const {
  for (const auto& [key, next] : nodes_[node].next) {
    if (key == byte) return next;
  }
  return 0;
}

SpecialTokens::Found SpecialTokens::find(std::string_view text, std::size_t offset,
                                         bool with_control) const {
  for (; offset < text.size(); ++offset) {
    Found longest;
    std::uint32_t node = 0;
    for (std::size_t at = offset; at < text.size(); ++at) {
      node = step(node, text[at]);
      if (node == 0) break;
      const Node& here = nodes_[node];
      if (here.token < 0 || (here.control && !with_control)) continue;
      longest = {offset, at + 1 - offset, here.token};
    }
    if (longest.length > 0) return longest;
  }
  return {};
}

}  // namespace squall::agents
