#pragma once
// Finds the tokens that stand in a text whole: control tokens and those that users defined.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "agents/engine/model/tokenizer/vocabulary.hpp"

namespace squall::agents {

/// Unchanging after construction.
class SpecialTokens {
 public:
  struct Found {
    std::size_t offset = 0;
    std::size_t length = 0;  // 0: the text has none
    std::int32_t token = -1;
  };

  /// Control, unknown and user-defined tokens of the vocabulary.
  explicit SpecialTokens(const Vocabulary& vocabulary);

  /// The first from `offset` on, and of several that begin there the longest. Without
  /// `with_control` only user-defined ones count.
  Found find(std::string_view text, std::size_t offset, bool with_control) const;

 private:
  /// A prefix of some token; a tree of them is walked byte by byte.
  struct Node {
    std::vector<std::pair<char, std::uint32_t>> next;  // few, in no order
    std::int32_t token = -1;                           // that ends here
    bool control = false;
  };

  void add(std::string_view text, std::int32_t token, bool control);
  std::uint32_t step(std::uint32_t node, char byte) const;  // 0: there is none

  std::vector<Node> nodes_{1};
};

}  // namespace squall::agents
