#pragma once
// Finds the events in a stream of server-sent events whose bytes arrive in any pieces.
//
// The rules are WHATWG's (HTML standard, 9.2.6): lines end in CR, LF or CRLF, several data lines
// make one event, an event that its blank line does not end is never told. Event ids and retry
// times are for browsers and ignored. An event that arrives in one piece is not copied.

#include <cstddef>
#include <string>
#include <string_view>

namespace squall::agents {

struct ServerSentEvent {
  std::string_view type;  // empty: "message"
  std::string_view data;
};

class EventStreamParser {
 public:
  struct Limits {
    std::size_t line_bytes = std::size_t{1} << 20;
    std::size_t event_bytes = std::size_t{4} << 20;
  };
  enum class Step { event, need_more, too_large };

  EventStreamParser() = default;
  explicit EventStreamParser(Limits limits) : limits_(limits) {}

  /// The next piece of the stream: only after next() has said need_more. The bytes must stay until
  /// it says so again.
  void feed(std::string_view bytes) { input_ = bytes; }

  /// Views in `event` hold until the next call. After too_large it says nothing else.
  Step next(ServerSentEvent& event);

 private:
  bool take_line(std::string_view& line);
  void take_field(std::string_view line);
  void add_data(std::string_view value);
  bool tell(ServerSentEvent& event);
  void keep_what_refers_to_input();

  Limits limits_;
  std::string_view input_;
  std::string partial_line_;  // the beginning of a line whose end is yet to come
  bool line_was_partial_ = false;
  bool skip_line_feed_ = false;  // the last line ended in CR: an LF now belongs to it
  bool first_line_ = true;       // may begin with a byte order mark
  bool too_large_ = false;
  bool told_ = false;  // `data_` and `type_` were told of and are to be forgotten
  bool has_data_ = false;
  bool data_is_view_ = false;
  std::string_view data_view_;  // the only data line so far, in `input_`
  std::string data_;
  std::string type_;
};

}  // namespace squall::agents
