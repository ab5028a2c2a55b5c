#pragma once
// Finds head and body of one HTTP/1.1 answer in bytes that arrive in any pieces, with strict
// limits: a server under load may say anything. The body is not copied. One parser an answer.
//
// Source: RFC 9112 (HTTP/1.1), sections 2 to 7.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall::agents {

struct ResponseHead {
  unsigned status = 0;
  std::string content_type;      // lower case, without parameters: "text/event-stream"
  std::string content_encoding;  // lower case; empty or "identity": as it is
  std::string location;
  std::string retry_after;
};

class ResponseParser {
 public:
  enum class Step { need_more, head, body, end, failed };

  /// Takes from the front of `bytes` and tells of what it found; `need_more` leaves them empty,
  /// `end` leaves what belongs to no answer. `body` is a view into them.
  Step next(std::string_view& bytes, std::string_view& body);

  /// The server closed the connection: the end of an answer that has no length, else a failure.
  Step closed();

  const ResponseHead& head() const { return head_; }
  /// A short class, after `failed`.
  const char* failure() const { return failure_; }
  /// After `end`: whether another request may go over the same connection.
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class At { status, fields, length, until_close, chunk_size, chunk, chunk_end, trailer, end };

  bool take_line(std::string_view& bytes, std::string_view& line);
  Step fail(const char* why);
  bool read_status(std::string_view line);
  bool read_field(std::string_view line);
  bool keep_field(const std::string& name, std::string_view value);
  Step begin_body();
  bool read_chunk_size(std::string_view line);

  At at_ = At::status;
  ResponseHead head_;
  std::string line_;            // the beginning of a line whose end is yet to come
  std::size_t head_bytes_ = 0;  // interim answers and trailers included
  std::uint64_t left_ = 0;      // of the body or the chunk
  bool has_length_ = false;
  bool chunked_ = false;
  bool keep_alive_ = true;
  bool failed_ = false;
  const char* failure_ = "";
};

}  // namespace squall::agents
