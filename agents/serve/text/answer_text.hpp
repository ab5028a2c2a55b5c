#pragma once
// The text of one answer as its tokens arrive: whole characters only, ended by stop strings.

#include <cstdint>
#include <string>
#include <vector>

#include "agents/engine/model/tokenizer/tokenizer.hpp"
#include "agents/serve/text/stop_matcher.hpp"
#include "agents/serve/text/utf8_stream.hpp"

namespace squall::agents {

class AnswerText {
 public:
  /// `tokenizer` outlives this.
  AnswerText(const Tokenizer& tokenizer, std::vector<std::string> stops)
      : tokenizer_(tokenizer), stops_(std::move(stops)) {}

  /// What can be shown now; may be empty.
  std::string add(std::int32_t token) { return stops_.add(utf8_.add(tokenizer_.decode(token))); }
  /// What was held back, when the answer ends without a stop string.
  std::string finish() {
    std::string rest = stops_.add(utf8_.finish());
    return rest + stops_.finish();
  }
  /// A stop string was spelled: the answer has ended.
  bool stopped() const { return stops_.matched(); }

 private:
  const Tokenizer& tokenizer_;
  Utf8Stream utf8_;
  StopMatcher stops_;
};

}  // namespace squall::agents
