// The fast reader of answer chunks: one pass over the text, nothing built but what is asked for.
// Whatever is not plain (names written twice or with escapes, surrogate pairs, long or broken
// numbers, deep nesting, errors) is left to read_any_chunk, which defines what a text says.

#include <charconv>
#include <utility>

#include "agents/targets/openai/answer_chunk.hpp"

namespace squall::agents {

namespace {

constexpr int deepest = 16;

class PlainReader {
 public:
  PlainReader(std::string_view json, AnswerChunk& chunk)
      : at_(json.data()), end_(json.data() + json.size()), chunk_(chunk) {}

  bool read() {
    skip_space();
    if (!root()) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  struct Text {
    std::string_view raw;
    bool escaped = false;
  };

  /// Calls field(name, bit) for each name with the reader before its value; `names` are those that
  /// must not come twice.
  template <std::size_t Count, class Field>
  bool object(const std::string_view (&names)[Count], Field field) {
    if (!take('{')) return false;
    skip_space();
    if (take('}')) return true;
    unsigned seen = 0;
    do {
      Text name;
      skip_space();
      if (!text(name) || name.escaped) return false;
      skip_space();
      if (!take(':')) return false;
      skip_space();
      std::size_t which = 0;
      while (which < Count && names[which] != name.raw) ++which;
      if (which == Count) {
        if (!skip_value(0)) return false;
      } else {
        if ((seen & (1U << which)) != 0) return false;
        seen |= 1U << which;
        if (!field(which)) return false;
      }
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool root() {
    static constexpr std::string_view names[] = {"choices", "usage", "squall", "error", "object"};
    return object(names, [this](std::size_t which) {
      if (which == 0) return choices();
      if (which == 1) return usage();
      if (which == 2) return stamp();
      if (which == 3) return null();  // an error is worth the slow way
      Text object;
      return text(object) && object.raw != "error";
    });
  }

  bool choices() {
    if (!take('[')) return false;
    skip_space();
    if (take(']')) return true;
    if (!choice()) return false;
    for (skip_space(); take(','); skip_space()) {
      skip_space();
      if (!skip_value(0)) return false;
    }
    return take(']');
  }

  bool choice() {
    static constexpr std::string_view names[] = {"delta", "text", "finish_reason", "message"};
    bool has_text = false;  // one of several forms: a mixture is for the slow way to settle
    return object(names, [this, &has_text](std::size_t which) {
      if (which == 2) return text_or_null(chunk_.finish_reason);
      if (std::exchange(has_text, true)) return false;
      return which == 1 ? text_or_null(chunk_.content) : message();
    });
  }

  bool message() {
    static constexpr std::string_view names[] = {"content", "reasoning_content", "reasoning"};
    return object(names, [this](std::size_t which) {
      if (which == 0) return text_or_null(chunk_.content);
      if (!chunk_.reasoning.empty()) return false;
      return text_or_null(chunk_.reasoning);
    });
  }

  bool usage() {
    static constexpr std::string_view names[] = {"prompt_tokens", "completion_tokens"};
    if (null()) return true;
    TokenUsage counts;
    bool answer = false;
    const bool good = object(names, [&](std::size_t which) {
      answer = answer || which == 1;
      return number(which == 0 ? counts.prompt : counts.answer);
    });
    if (answer) chunk_.usage = counts;
    return good;
  }

  bool stamp() {
    static constexpr std::string_view names[] = {"t", "boot"};
    ServerStamp stamp;
    unsigned parts = 0;
    const bool good = object(names, [&](std::size_t which) {
      ++parts;
      return which == 0 ? number(stamp.nanoseconds) : text_or_null(stamp.host);
    });
    if (parts == 2 && !stamp.host.empty()) chunk_.stamp = std::move(stamp);
    return good;
  }

  // ---- JSON's grammar (RFC 8259)

  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view wanted) {
    if (!std::string_view(at_, end_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  bool null() { return word("null"); }

  bool text(Text& result) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (; at_ < end_; ++at_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"') {
        result.raw = {begin, at_};
        ++at_;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte != '\\') continue;
      result.escaped = true;
      if (!skip_escape()) return false;
    }
    return false;
  }

  /// At the backslash; leaves the reader at the escape's last character.
  bool skip_escape() {
    if (++at_ == end_) return false;
    if (*at_ != 'u') return std::string_view("\"\\/bfnrt").find(*at_) != std::string_view::npos;
    unsigned code = 0;
    if (end_ - at_ < 5) return false;
    const auto [end, error] = std::from_chars(at_ + 1, at_ + 5, code, 16);
    if (error != std::errc() || end != at_ + 5) return false;
    at_ += 4;
    return code < 0xD800 || code > 0xDFFF;
  }

  bool text_or_null(std::string& into) {
    if (null()) return true;
    Text found;
    if (!text(found)) return false;
    into.clear();
    if (found.escaped) {
      decode(found.raw, into);
    } else {
      into = found.raw;
    }
    return true;
  }

  /// `raw` has only escapes that skip_escape let pass.
  static void decode(std::string_view raw, std::string& into) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\') {
        into += raw[i];
        continue;
      }
      const char kind = raw[++i];
      if (kind == 'u') {
        unsigned code = 0;
        std::from_chars(raw.data() + i + 1, raw.data() + i + 5, code, 16);
        append_utf8(code, into);
        i += 4;
      } else {
        constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
        const auto letter = letters.find(kind);
        into += letter == std::string_view::npos ? kind : meanings[letter];
      }
    }
  }
  static void append_utf8(unsigned code, std::string& into) {
    if (code < 0x80) {
      into += static_cast<char>(code);
    } else if (code < 0x800) {
      into += static_cast<char>(0xC0 | code >> 6);
      into += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      into += static_cast<char>(0xE0 | code >> 12);
      into += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      into += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  /// Whole numbers from 0 that fit; other numbers are for the slow way.
  template <class Number>
  bool number(Number& into) {
    if (at_ == end_ || *at_ < '0' || *at_ > '9') return false;
    const auto [end, error] = std::from_chars(at_, end_, into);
    if (error != std::errc() || (*at_ == '0' && end != at_ + 1)) return false;
    at_ = end;
    return at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
  }

  bool skip_digits() {
    const char* const begin = at_;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != begin && at_ - begin <= 18;
  }
  bool skip_number() {
    take('-');
    const char* const begin = at_;
    if (!skip_digits() || (*begin == '0' && at_ != begin + 1)) return false;
    if (take('.') && !skip_digits()) return false;
    return at_ == end_ || (*at_ != 'e' && *at_ != 'E');
  }

  bool skip_value(int depth) {
    if (at_ == end_ || depth > deepest) return false;
    Text ignored;
    switch (*at_) {
      case '"':
        return text(ignored);
      case '{':
      case '[':
        return skip_container(depth);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return null();
      default:
        return skip_number();
    }
  }
  bool skip_container(int depth) {
    const bool object = *at_++ == '{';
    const char close = object ? '}' : ']';
    skip_space();
    if (take(close)) return true;
    do {
      Text name;
      skip_space();
      if (object) {
        if (!text(name)) return false;
        skip_space();
        if (!take(':')) return false;
        skip_space();
      }
      if (!skip_value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(close);
  }

  const char* at_;
  const char* const end_;
  AnswerChunk& chunk_;
};

/// As new, but texts keep their memory.
void forget(AnswerChunk& chunk) {
  chunk.content.clear();
  chunk.reasoning.clear();
  chunk.finish_reason.clear();
  chunk.usage.reset();
  chunk.stamp.reset();
  chunk.error.reset();
  chunk.error_may_pass = false;
}

}  // namespace

bool read_plain_chunk(std::string_view json, AnswerChunk& chunk) {
  forget(chunk);
  return PlainReader(json, chunk).read();
}

}  // namespace squall::agents
