#include "agents/targets/openai/answer_reader.hpp"

#include <algorithm>
#include <utility>

#include "scenarios/text/utf8.hpp"
#include "scenarios/text/words.hpp"

namespace squall::agents {

using actors::Failed;
using actors::Instant;
using scenarios::is_utf8;
using scenarios::trimmed;

namespace {

/// The end token is counted but has no text, and a character may span tokens: a difference of one
/// disputes nothing.
bool disputed(std::uint64_t counted, std::uint64_t chunks) {
  const std::uint64_t difference = counted > chunks ? counted - chunks : chunks - counted;
  return difference > 1 && difference * 10 > counted;
}

}  // namespace

void AnswerReader::take_event(std::string_view type, std::string_view data, Instant at) {
  if (ended()) return;
  const std::string_view text = trimmed(data);
  if (text == "[DONE]") {
    done_ = true;
  } else if (text.empty()) {
    // keeps a connection alive
  } else if (!is_utf8(text)) {
    fail("invalid UTF-8 in event");
  } else if (!read_answer_chunk(text, chunk_)) {
    fail(type == "error" ? "error in the stream" : "invalid JSON in event");
  } else {
    if (type == "error" && !chunk_.error) chunk_.error.emplace();
    take_chunk(at);
  }
}

void AnswerReader::take_body(std::string_view body, Instant at) {
  streamed_ = false;
  if (!is_utf8(body)) {
    fail("invalid UTF-8 in answer");
  } else if (!read_answer_chunk(body, chunk_)) {
    fail("invalid JSON in answer");
  } else {
    take_chunk(at);
    done_ = true;
    if (content_.empty() && !finished_ && !usage_ && !failure_) fail("no answer in the body");
  }
}

void AnswerReader::take_chunk(Instant at) {
  if (chunk_.error) {
    const std::string where = streamed_ ? "error in the stream" : "error in the answer";
    return fail(chunk_.error->empty() ? where : where + ": " + *chunk_.error,
                chunk_.error_may_pass);
  }
  if (chunk_.usage) usage_ = chunk_.usage;
  if (!chunk_.finish_reason.empty()) finished_ = true;
  if (chunk_.content.empty() && chunk_.reasoning.empty()) return;  // a role, a reason, a count
  content_.push_back(at);
  if (!chunk_.content.empty() && first_output_ == Instant{}) first_output_ = at;
  if (wanted_.keep_text) text_ += chunk_.content;  // reasoning is not part of a conversation
  take_server_stamp(at);
}

/// A chunk cannot be made after it was read: such a stamp is not of this machine's clock.
void AnswerReader::take_server_stamp(Instant at) {
  stamped_by_server_ = stamped_by_server_ && chunk_.stamp &&
                       chunk_.stamp->host == wanted_.this_host &&
                       Instant(std::chrono::nanoseconds(chunk_.stamp->nanoseconds)) <= at;
  if (stamped_by_server_)
    server_content_.push_back(Instant(std::chrono::nanoseconds(chunk_.stamp->nanoseconds)));
}

std::optional<Failed> AnswerReader::verdict() const {
  if (failure_) return failure_;
  // A server need not say [DONE], but must say why it ended; or it was cut off.
  if (!done_ && !finished_) return Failed{"answer ended early", true};
  return std::nullopt;
}

void AnswerReader::move_into(actors::RequestTimeline& timeline) {
  const auto chunks = content_.size();
  timeline.output_tokens = usage_ ? usage_->answer : static_cast<std::uint32_t>(chunks);
  timeline.tokens_disputed = usage_ && streamed_ && disputed(usage_->answer, chunks);
  if (usage_ && usage_->prompt > 0) timeline.prompt_tokens = usage_->prompt;
  timeline.first_output = first_output_;
  timeline.content = std::move(content_);
  if (stamped_by_server_) timeline.server_content = std::move(server_content_);
  timeline.answer = std::move(text_);
}

}  // namespace squall::agents
