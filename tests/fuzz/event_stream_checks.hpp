#pragma once
// What must hold for any bytes given to the event stream parser: all ways to cut them into pieces
// tell the same events, which are those of a plain reading of the rules. Aborts where it does not.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agents/targets/openai/answer_reader.hpp"
#include "agents/targets/openai/event_stream_parser.hpp"
#include "scenarios/text/utf8.hpp"

namespace squall::fixtures {

struct ParsedStream {
  std::vector<std::pair<std::string, std::string>> events;  // type and data
  bool too_large = false;

  friend bool operator==(const ParsedStream&, const ParsedStream&) = default;
};

/// `piece(rest)` says how long the next piece is.
template <class Piece>
ParsedStream parse_in_pieces(std::string_view bytes, agents::EventStreamParser::Limits limits,
                             Piece piece) {
  using Step = agents::EventStreamParser::Step;
  agents::EventStreamParser parser(limits);
  agents::ServerSentEvent event;
  ParsedStream parsed;
  while (!bytes.empty() && !parsed.too_large) {
    // A copy that ends with the piece: a view that outlives it is an error that tools can see.
    const std::string given(bytes.substr(0, piece(bytes.size())));
    bytes.remove_prefix(given.size());
    parser.feed(given);
    Step step = parser.next(event);
    for (; step == Step::event; step = parser.next(event))
      parsed.events.emplace_back(event.type, event.data);
    parsed.too_large = step == Step::too_large;
  }
  return parsed;
}

/// The rules as they are written, for a whole stream without limits.
inline ParsedStream parse_by_the_book(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' && text[i] != '\n') {
      line += text[i];
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    lines.push_back(std::exchange(line, {}));
  }
  ParsedStream parsed;
  std::string type, data;
  for (const auto& whole : lines) {
    const auto colon = whole.find(':');
    const std::string name = whole.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : whole.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (whole.empty()) {
      if (!data.empty()) parsed.events.emplace_back(type, data.substr(0, data.size() - 1));
      type.clear();
      data.clear();
    } else if (name == "event") {
      type = value;
    } else if (name == "data") {
      data += value + "\n";
    }
  }
  return parsed;
}

inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// The first byte chooses how the rest is cut; the events go on to the reader of answers.
inline void check_event_stream(std::string_view bytes) {
  if (bytes.empty()) return;
  std::uint32_t chance = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const auto some = [&chance](std::size_t most) {
    chance = chance * 1664525U + 1013904223U;
    return 1 + (chance >> 16) % (most < 40 ? most : 40);
  };
  const ParsedStream whole = parse_in_pieces(bytes, {}, [](std::size_t all) { return all; });
  demand(whole == parse_in_pieces(bytes, {}, [](std::size_t) { return std::size_t{1}; }));
  demand(whole == parse_in_pieces(bytes, {}, some));
  demand(whole == parse_by_the_book(std::string(bytes)));
  const agents::EventStreamParser::Limits tight{.line_bytes = 24, .event_bytes = 40};
  const ParsedStream cut = parse_in_pieces(bytes, tight, [](std::size_t all) { return all; });
  demand(cut == parse_in_pieces(bytes, tight, some));

  agents::AnswerReader reader({.keep_text = true, .this_host = "h"});
  for (const auto& [type, data] : whole.events) {
    agents::AnswerChunk plain, any;
    if (scenarios::is_utf8(data) && agents::read_plain_chunk(data, plain)) {
      demand(agents::read_any_chunk(data, any));
      demand(plain == any);
    }
    reader.take_event(type, data, actors::Instant(std::chrono::nanoseconds(1)));
  }
  actors::RequestTimeline timeline;
  reader.move_into(timeline);
  demand(timeline.server_content.empty() ||
         timeline.server_content.size() == timeline.content.size());
}

}  // namespace squall::fixtures
