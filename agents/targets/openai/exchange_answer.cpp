// What an exchange makes of the bytes of its answer.

#include <algorithm>
#include <ctime>

#include "agents/targets/openai/exchange.hpp"

namespace squall::agents {

using actors::Failed;
using Step = ResponseParser::Step;

namespace {

constexpr std::uint64_t largest_answer = std::uint64_t{256} << 20;
constexpr std::size_t refusal_kept = 2048;  // bytes; more than is ever shown
constexpr std::chrono::seconds refusal_time{1};
constexpr std::chrono::hours longest_pause{1};

/// RFC 9110, 15: what another attempt may change.
bool may_pass(unsigned status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
         status == 503 || status == 504;
}

}  // namespace

std::chrono::nanoseconds retry_after(std::string_view value, std::int64_t unix_now) {
  const std::string text(value);
  std::int64_t seconds = 0;
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
    seconds = text.size() > 9 ? 1'000'000'000 : std::stoll(text);
  } else {
    std::tm date{};
    const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (end == nullptr || *end != '\0') return std::chrono::nanoseconds(0);
    seconds = timegm(&date) - unix_now;
  }
  if (seconds <= 0) return std::chrono::nanoseconds(0);
  return std::min<std::chrono::nanoseconds>(std::chrono::seconds(seconds), longest_pause);
}

void Exchange::take_bytes(std::string_view bytes, Instant at) {
  std::string_view body;
  while (!finished_) {
    switch (parser_.next(bytes, body)) {
      case Step::need_more:
        return;
      case Step::head:
        take_head(at);
        break;
      case Step::body:
        take_body(body, at);
        break;
      case Step::end:
        reusable_ = parser_.keep_alive() && bytes.empty();
        take_end(at);
        finished_ = true;
        break;
      case Step::failed:
        conclude(refusal_ ? refusal_ : Failed{parser_.failure(), false}, at);
        finished_ = true;
        break;
    }
  }
}

void Exchange::take_head(Instant at) {
  const ResponseHead& head = parser_.head();
  if (head.status != 200) return take_refusal_head(at);
  body_kind_ = around_.stream ? Body::stream : Body::whole;
  if (!head.content_encoding.empty() && head.content_encoding != "identity") {
    conclude(Failed{"compressed answer"}, at);
  } else if (around_.stream && head.content_type != "text/event-stream") {
    around_.note("type", at,
                 "the server answers with '" + around_.shown(head.content_type) +
                     "' where a text/event-stream was asked for");
    conclude(Failed{"not an event stream"}, at);
  } else if (!around_.stream && head.content_type == "text/event-stream") {
    conclude(Failed{"an event stream that was not asked for"}, at);
  }
}

/// Reported with its body's end, so that its text can be shown.
void Exchange::take_refusal_head(Instant at) {
  const ResponseHead& head = parser_.head();
  body_kind_ = Body::refusal;
  const std::string status = "HTTP " + std::to_string(head.status);
  if (head.status >= 300 && head.status < 400 && !head.location.empty()) {
    around_.note(status, at,
                 status + ": the server redirects to " + around_.shown(head.location) +
                     ", which is not followed; set url to where the API is");
    refusal_ = Failed{status + ": redirects are not followed"};
  } else {
    const std::int64_t unix_now = std::time(nullptr);
    refusal_ = Failed{status, may_pass(head.status), retry_after(head.retry_after, unix_now)};
  }
  refusal_until_ = at + refusal_time;
  arm_timer();
}

void Exchange::take_body(std::string_view body, Instant at) {
  body_bytes_ += body.size();
  if (body_kind_ == Body::refusal) {
    if (body_.size() < refusal_kept) body_ += body;
    if (body_bytes_ > largest_answer) conclude(refusal_, at);
    return;
  }
  if (request_.timeline.first_chunk == Instant{} && !reported_) request_.timeline.first_chunk = at;
  if (body_bytes_ > largest_answer) {
    conclude(Failed{"answer too large"}, at);
  } else if (body_kind_ == Body::stream) {
    take_events(body, at);
  } else {
    body_ += body;
  }
}

void Exchange::take_events(std::string_view body, Instant at) {
  ServerSentEvent event;
  events_.feed(body);
  auto step = events_.next(event);
  for (; step == EventStreamParser::Step::event; step = events_.next(event)) {
    if (reported_) continue;  // what follows the end
    const auto before = reader_.content_chunks();
    reader_.take_event(event.type, event.data, at);
    if (reader_.content_chunks() > before) {
      last_content_ = at;
      around_.count_tokens(1);
      if (before == 0) arm_timer();
    }
    if (reader_.ended()) conclude(reader_.verdict(), at);
  }
  if (step == EventStreamParser::Step::too_large && !finished_)
    conclude(Failed{"event too large"}, at);
}

void Exchange::take_end(Instant at) {
  if (reported_) return;
  if (body_kind_ == Body::refusal) {
    const std::string status = "HTTP " + std::to_string(parser_.head().status);
    around_.note(status, at, "the server answers " + status + ": " + around_.shown(body_));
    return conclude(refusal_, at);
  }
  if (body_kind_ == Body::whole) {
    reader_.take_body(body_, at);
    around_.count_tokens(reader_.content_chunks());
  }
  conclude(reader_.verdict(), at);
}

}  // namespace squall::agents
