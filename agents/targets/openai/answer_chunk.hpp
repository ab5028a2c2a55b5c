#pragma once
// What one JSON text of an answer says: a chunk of a stream, or the whole of an answer that was not
// streamed. Servers differ; what is not known is ignored, and one text never fails another.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall::agents {

struct TokenUsage {
  std::uint32_t prompt = 0;
  std::uint32_t answer = 0;

  friend bool operator==(const TokenUsage&, const TokenUsage&) = default;
};

/// The server's own stamp of the chunk (squall serve).
struct ServerStamp {
  std::int64_t nanoseconds = 0;  // of the steady clock
  std::string host;              // which boot of which machine the clock belongs to

  friend bool operator==(const ServerStamp&, const ServerStamp&) = default;
};

struct AnswerChunk {
  std::string content;
  std::string reasoning;
  std::string finish_reason;  // empty: the answer goes on
  std::optional<TokenUsage> usage;
  std::optional<ServerStamp> stamp;
  std::optional<std::string> error;  // its short name, or empty: "server_error"
  bool error_may_pass = false;

  friend bool operator==(const AnswerChunk&, const AnswerChunk&) = default;
};

/// False: not a JSON object. Requires valid UTF-8.
bool read_answer_chunk(std::string_view json, AnswerChunk& chunk);

/// The definition of what a text says, by a JSON library.
bool read_any_chunk(std::string_view json, AnswerChunk& chunk);

/// The same some ten times faster, for the plain chunks that servers send. False: ask
/// read_any_chunk. Requires valid UTF-8.
bool read_plain_chunk(std::string_view json, AnswerChunk& chunk);

}  // namespace squall::agents
