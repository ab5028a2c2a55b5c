#include "agents/targets/openai/http/response_parser.hpp"

#include <algorithm>
#include <charconv>

#include "scenarios/text/words.hpp"

namespace squall::agents {

using scenarios::lower;

namespace {

constexpr std::size_t head_limit = 32 << 10;
constexpr std::size_t chunk_line_limit = 4 << 10;
constexpr const char* malformed = "malformed HTTP response";

/// Of a field: a line end inside it is a mistake, not a blank.
std::string_view trimmed(std::string_view text) { return scenarios::trimmed(text, " \t"); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether a comma-separated list of words has this one.
bool lists(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (trimmed(value.substr(0, comma)) == word) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace

ResponseParser::Step ResponseParser::fail(const char* why) {
  failed_ = true;
  keep_alive_ = false;
  failure_ = why;
  return Step::failed;
}

ResponseParser::Step ResponseParser::next(std::string_view& bytes, std::string_view& body) {
  if (failed_) return Step::failed;
  std::string_view line;
  while (at_ != At::end) {
    if (at_ == At::until_close || at_ == At::length || at_ == At::chunk) {
      if (bytes.empty()) return Step::need_more;
      const auto count =
          at_ == At::until_close
              ? bytes.size()
              : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      body = bytes.substr(0, count);
      bytes.remove_prefix(count);
      left_ -= at_ == At::until_close ? 0 : count;
      if (left_ == 0 && at_ == At::length) at_ = At::end;
      if (left_ == 0 && at_ == At::chunk) at_ = At::chunk_end;
      return Step::body;
    }
    const bool whole = take_line(bytes, line);
    if (failed_) return Step::failed;
    if (!whole) return Step::need_more;
    bool good = true;
    if (at_ == At::status) {
      good = read_status(line);
    } else if (at_ == At::fields && !line.empty()) {
      good = read_field(line);
    } else if (at_ == At::fields) {
      const Step step = begin_body();
      line_.clear();
      if (step != Step::need_more) return step;  // else it was an interim answer
    } else if (at_ == At::chunk_size) {
      good = read_chunk_size(line);
    } else if (at_ == At::chunk_end) {
      good = line.empty();
      at_ = At::chunk_size;
    } else if (line.empty()) {  // of a trailer, whose fields say nothing that we need
      at_ = At::end;
    }
    line_.clear();
    if (!good) return failed_ ? Step::failed : fail(malformed);
  }
  return Step::end;
}

/// False: there is no whole line yet, or it is too long.
bool ResponseParser::take_line(std::string_view& bytes, std::string_view& line) {
  const auto end = bytes.find('\n');
  const bool whole = end != std::string_view::npos;
  const auto count = whole ? end + 1 : bytes.size();
  const bool of_chunk = at_ == At::chunk_size || at_ == At::chunk_end;
  if (!of_chunk) head_bytes_ += count;
  if (head_bytes_ > head_limit) fail("headers too large");
  if (of_chunk && line_.size() + count > chunk_line_limit) fail(malformed);
  if (failed_) return false;
  line = bytes.substr(0, count);
  bytes.remove_prefix(count);
  if (!whole || !line_.empty()) line = line_.append(line);
  if (!whole) return false;
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

/// "HTTP/1.1 200 OK"
bool ResponseParser::read_status(std::string_view line) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is_digit(line[7]) || line[8] != ' ')
    return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  if (!std::all_of(line.begin() + 9, line.begin() + 12, is_digit)) return false;
  head_ = {};
  has_length_ = chunked_ = false;
  keep_alive_ = line[7] != '0';
  head_.status =
      static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  at_ = At::fields;
  return head_.status >= 100;
}

bool ResponseParser::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  // Also a folded line, which is obsolete (RFC 9112, 5.2).
  if (name.find_first_of(" \t") != std::string_view::npos) return false;
  return keep_field(lower(name), trimmed(line.substr(colon + 1)));
}

bool ResponseParser::keep_field(const std::string& name, std::string_view value) {
  if (name == "content-length") {
    std::uint64_t length = 0;
    const char* const last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, length);
    if (value.empty() || error != std::errc() || end != last) return false;
    if (has_length_ && length != left_) return false;
    left_ = length;
    has_length_ = true;
  } else if (name == "transfer-encoding") {
    if (chunked_ || lower(value) != "chunked") {
      fail("unknown transfer encoding");
      return false;
    }
    chunked_ = true;
  } else if (name == "connection") {
    const std::string words = lower(value);
    if (lists(words, "keep-alive")) keep_alive_ = true;
    if (lists(words, "close")) keep_alive_ = false;
  } else if (name == "content-type") {
    head_.content_type = lower(trimmed(value.substr(0, value.find(';'))));
  } else if (name == "content-encoding") {
    head_.content_encoding = lower(value);
  } else if (name == "location") {
    head_.location = value;
  } else if (name == "retry-after") {
    head_.retry_after = value;
  }
  return true;
}

/// need_more: it was the head of an interim answer, the real one follows.
ResponseParser::Step ResponseParser::begin_body() {
  if (head_.status < 200) {
    if (head_.status == 101) return fail(malformed);  // we never asked for another protocol
    at_ = At::status;
    return Step::need_more;
  }
  // Both lengths at once may be an attempt to smuggle a second answer (RFC 9112, 6.3).
  if (chunked_ && has_length_) keep_alive_ = false;
  if (head_.status == 204 || head_.status == 304) {
    at_ = At::end;
  } else if (chunked_) {
    at_ = At::chunk_size;
  } else if (has_length_) {
    at_ = left_ == 0 ? At::end : At::length;
  } else {
    at_ = At::until_close;
    left_ = 0;
    keep_alive_ = false;
  }
  return Step::head;
}

bool ResponseParser::read_chunk_size(std::string_view line) {
  line = trimmed(line.substr(0, line.find(';')));  // extensions mean nothing to us
  const char* const last = line.data() + line.size();
  const auto [end, error] = std::from_chars(line.data(), last, left_, 16);
  if (line.empty() || error != std::errc() || end != last) return false;
  at_ = left_ == 0 ? At::trailer : At::chunk;
  return true;
}

ResponseParser::Step ResponseParser::closed() {
  if (failed_) return Step::failed;
  if (at_ == At::end) return Step::end;
  if (at_ == At::until_close) {
    at_ = At::end;
    return Step::end;
  }
  return fail("answer ended early");
}

}  // namespace squall::agents
