#include "agents/engine/model/synthetic/tokenizer_synthetic.hpp"

#include <charconv>

namespace squall::agents {

namespace {

constexpr std::int32_t reserved_tokens = 3;  // unknown, beginning, end
constexpr std::string_view spaces = " \t\r\n";

}  // namespace

std::vector<std::int32_t> SyntheticTokenizer::encode(std::string_view text,
                                                     const EncodeOptions& options) const {
  std::vector<std::int32_t> tokens;
  if (options.add_beginning) tokens.push_back(beginning_token());
  for (;;) {
    const std::size_t start = text.find_first_not_of(spaces);
    if (start == std::string_view::npos) return tokens;
    text.remove_prefix(start);
    const std::size_t length = std::min(text.find_first_of(spaces), text.size());
    tokens.push_back(token_of(text.substr(0, length)));
    text.remove_prefix(length);
  }
}

std::int32_t SyntheticTokenizer::token_of(std::string_view word) const {
  std::int32_t token = 0;
  const char* last = word.data() + word.size();
  if (word.front() == 'w') {
    const auto [end, error] = std::from_chars(word.data() + 1, last, token);
    if (error == std::errc{} && end == last && is_text(token)) return token;
  }
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return reserved_tokens + static_cast<std::int32_t>(hash % (vocabulary_ - reserved_tokens));
}

std::string SyntheticTokenizer::decode(std::int32_t token) const {
  return is_text(token) ? " w" + std::to_string(token) : std::string();
}

bool SyntheticTokenizer::is_text(std::int32_t token) const {
  return token >= reserved_tokens && static_cast<std::size_t>(token) < vocabulary_;
}

}  // namespace squall::agents
