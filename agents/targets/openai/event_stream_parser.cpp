#include "agents/targets/openai/event_stream_parser.hpp"

#include <cassert>
#include <cstring>

namespace squall::agents {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Where the first line ends, or npos.
std::size_t end_of_line(std::string_view text) {
  const void* const line_feed = std::memchr(text.data(), '\n', text.size());
  const auto before =
      line_feed != nullptr
          ? static_cast<std::size_t>(static_cast<const char*>(line_feed) - text.data())
          : text.size();
  const void* const carriage_return = std::memchr(text.data(), '\r', before);
  if (carriage_return != nullptr)
    return static_cast<std::size_t>(static_cast<const char*>(carriage_return) - text.data());
  return line_feed != nullptr ? before : std::string_view::npos;
}

}  // namespace

EventStreamParser::Step EventStreamParser::next(ServerSentEvent& event) {
  if (told_) {
    told_ = has_data_ = data_is_view_ = false;
    data_.clear();
    type_.clear();
  }
  std::string_view line;
  while (!too_large_ && take_line(line)) {
    if (line.empty()) {
      if (tell(event)) return Step::event;
    } else {
      take_field(line);
    }
    if (line_was_partial_) partial_line_.clear();
  }
  keep_what_refers_to_input();
  return too_large_ ? Step::too_large : Step::need_more;
}

/// False: the rest of the input is not a whole line, and is kept.
bool EventStreamParser::take_line(std::string_view& line) {
  if (input_.empty()) return false;
  if (skip_line_feed_) {
    skip_line_feed_ = false;
    if (input_.front() == '\n') input_.remove_prefix(1);
    if (input_.empty()) return false;
  }
  const std::size_t end = end_of_line(input_);
  const bool whole = end != std::string_view::npos;
  line = whole ? input_.substr(0, end) : input_;
  if (partial_line_.size() + line.size() > limits_.line_bytes) too_large_ = true;
  if (too_large_) return false;
  if (!whole) {
    partial_line_.append(line);
    input_ = {};
    return false;
  }
  skip_line_feed_ = input_[end] == '\r';
  input_.remove_prefix(end + 1);
  line_was_partial_ = !partial_line_.empty();
  if (line_was_partial_) line = partial_line_.append(line);
  if (first_line_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  first_line_ = false;
  return true;
}

void EventStreamParser::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (name == "data") {
    add_data(value);
  } else if (name == "event") {
    type_ = value;
  }
}

void EventStreamParser::add_data(std::string_view value) {
  const std::size_t so_far = data_is_view_ ? data_view_.size() : data_.size();
  if (so_far + value.size() + 1 > limits_.event_bytes) {
    too_large_ = true;
  } else if (!has_data_ && !line_was_partial_) {
    data_view_ = value;
    data_is_view_ = true;
  } else {
    keep_what_refers_to_input();
    if (has_data_) data_ += '\n';
    data_ += value;
  }
  has_data_ = true;
}

/// A blank line ends an event, which is one only if it has data.
bool EventStreamParser::tell(ServerSentEvent& event) {
  if (!has_data_) {
    type_.clear();
    return false;
  }
  event = {type_, data_is_view_ ? data_view_ : std::string_view(data_)};
  told_ = true;
  return true;
}

void EventStreamParser::keep_what_refers_to_input() {
  if (!data_is_view_) return;
  data_ = data_view_;
  data_is_view_ = false;
}

}  // namespace squall::agents
