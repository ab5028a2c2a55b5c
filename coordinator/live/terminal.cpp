#include "coordinator/live/terminal.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "coordinator/live/live_view.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";
constexpr std::string_view erase_line = "\x1b[2K";
constexpr std::string_view erase_below = "\x1b[J";

bool can_redraw(std::FILE* stream) {
  const char* const term = std::getenv("TERM");
  return isatty(fileno(stream)) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

void write(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

bool colour_wanted(std::FILE* stream) {
  const char* const no_color = std::getenv("NO_COLOR");
  return can_redraw(stream) && (no_color == nullptr || *no_color == '\0');
}

bool unicode_wanted(std::FILE* stream) {
  if (!can_redraw(stream)) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string locale(value);
    for (char& letter : locale)
      letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    return locale.find("UTF-8") != std::string::npos || locale.find("UTF8") != std::string::npos;
  }
  return false;
}

std::size_t terminal_width(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  // The last column is left free: some terminals wrap as soon as it is written.
  return size.ws_col > 1 ? size.ws_col - 1U : 1U;
}

std::size_t summary_width(std::FILE* stream) {
  if (isatty(fileno(stream)) != 1) return 100;
  return std::clamp<std::size_t>(terminal_width(stream), 60, 120);
}

Terminal::Terminal(std::FILE* stream)
    : stream_(stream), in_place_(can_redraw(stream)), colour_(colour_wanted(stream)) {}

void Terminal::show(const LiveStatus& status) {
  tell_news(status);
  if (in_place_)
    redraw(status);
  else
    add_line(status);
}

void Terminal::tell_news(const LiveStatus& status) {
  const auto tell = [&](const std::string& news, const std::string& line) {
    if (std::ranges::find(told_, news) != told_.end()) return;
    told_.push_back(news);
    finish();
    write(stream_, styled(line, Style::warning, colour_) + '\n');
  };
  for (const std::string& warning : status.warnings) tell(warning, warning_line(warning));
  for (const std::string& event : status.events) tell(event, event_line(event));
}

void Terminal::redraw(const LiveStatus& status) {
  // One write a frame, so that a frame is never seen half drawn.
  std::string frame(hide_cursor);
  frame += back_to_top();
  const auto lines = live_lines(status, terminal_width(stream_), colour_);
  for (const std::string& line : lines) {
    frame += erase_line;
    frame += line;
    frame += '\n';
  }
  drawn_ = lines.size();
  write(stream_, frame);
}

void Terminal::add_line(const LiveStatus& status) {
  using namespace std::chrono_literals;
  const bool new_stage = last_stage_ != status.stage;
  if (!new_stage && status.elapsed - last_line_ < 1s) return;
  last_stage_ = status.stage;
  last_line_ = std::chrono::floor<std::chrono::seconds>(status.elapsed);
  write(stream_, plain_line(status) + '\n');
}

void Terminal::finish() {
  if (drawn_ == 0) return;
  write(stream_, back_to_top() + std::string(erase_below) + std::string(show_cursor));
  drawn_ = 0;
}

std::string Terminal::back_to_top() const {
  return drawn_ > 0 ? "\x1b[" + std::to_string(drawn_) + "A\r" : "";
}

}  // namespace squall::coordinator
