#include "coordinator/live/terminal.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "coordinator/live/live_frame.hpp"
#include "coordinator/live/live_view.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";
constexpr std::string_view erase_line = "\x1b[2K";
constexpr std::string_view erase_below = "\x1b[J";
constexpr std::string_view erase_rest = "\x1b[K";
constexpr std::string_view erase_screen = "\x1b[2J";
constexpr std::size_t news_kept = 20;

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

std::size_t terminal_height(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

Terminal::Terminal(std::FILE* stream, int keyboard)
    : stream_(stream),
      in_place_(can_redraw(stream)),
      colour_(colour_wanted(stream)),
      unicode_(unicode_wanted(stream)),
      modes_(fileno(stream), keyboard) {}

void Terminal::show(const LiveStatus& status) {
  tell_news(status);
  if (!in_place_) return add_line(status);
  if (in_background(fileno(stream_))) return;
  newest_ = status;
  if (!paused_ || !shown_) shown_ = status;
  if (in_full(status))
    redraw_screen();
  else
    redraw_lines(status);
}

/// Before the load begins, what was told last is what people need: where agents are to connect.
bool Terminal::in_full(const LiveStatus& status) const {
  return status.stage > RunStage::preparing;
}

void Terminal::tell(const std::string& line, Style style) {
  const auto text = line.find_first_not_of('\n');
  if (text != std::string::npos) news_.push_back(line.substr(text));
  if (news_.size() > news_kept) news_.erase(news_.begin());
  std::string out;
  if (modes_.held()) out += TerminalModes::give_back_screen;
  out += back_to_top();
  if (drawn_ > 0) (out += erase_below) += show_cursor;
  drawn_ = 0;
  out += styled(line, style, colour_) + '\n';
  if (modes_.held()) {
    out += TerminalModes::take_screen;
    lines_.clear();
    out += screen_text();
  }
  write(stream_, out);
}

void Terminal::tell_news(const LiveStatus& status) {
  const auto once = [&](const std::string& news, const std::string& line) {
    if (std::ranges::find(told_, news) != told_.end()) return;
    told_.push_back(news);
    tell(line, Style::warning);
  };
  for (const std::string& warning : status.warnings) once(warning, warning_line(warning));
  for (const std::string& event : status.events) once(event, event_line(event));
}

void Terminal::refresh() {
  if (modes_.held() && !in_background(fileno(stream_))) redraw_screen();
}

KeyWish Terminal::read_keys() {
  const std::string typed = modes_.typed();
  // Pasted text and keys that send several bytes are no wish; a key held down is.
  const bool one_key = typed.find_first_not_of(typed.substr(0, 1)) == std::string::npos;
  if (typed.empty() || !one_key) return KeyWish::none;
  switch (typed.front()) {
    case 'p':
    case 'P':
      paused_ = !paused_;
      if (!paused_) shown_ = newest_;
      break;
    case '?':
    case 'h':
      help_ = !help_;
      break;
    case 'q':
    case 'Q':
      return KeyWish::quit;
    default:
      return KeyWish::none;
  }
  refresh();
  return KeyWish::none;
}

// ---- a few lines in place

void Terminal::redraw_lines(const LiveStatus& status) {
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

std::string Terminal::back_to_top() const {
  return drawn_ > 0 ? "\x1b[" + std::to_string(drawn_) + "A\r" : "";
}

// ---- a screen of its own

Terminal::Size Terminal::size() const {
  return {terminal_width(stream_), terminal_height(stream_)};
}

/// What to write so that the screen shows the newest frame: the lines that differ, and no others.
std::string Terminal::screen_text() {
  std::string text;
  if (const Size now = size(); now != size_) {
    size_ = now;
    lines_.clear();
    text += erase_screen;
  }
  FrameStyle style{.width = size_.width,
                   .rows = size_.rows,
                   .colour = colour_,
                   .unicode = unicode_,
                   .paused = paused_,
                   .help = help_,
                   .keys = modes_.has_keys(),
                   .news = news_};
  std::vector<std::string> lines = live_frame(*shown_, style);
  lines.resize(size_.rows);
  for (std::size_t row = 0; row < lines.size(); ++row) {
    const std::string& before = row < lines_.size() ? lines_[row] : std::string();
    if (lines[row] == before) continue;
    text += "\x1b[" + std::to_string(row + 1) + ";1H" + lines[row] + std::string(erase_rest);
  }
  lines_ = std::move(lines);
  return text;
}

void Terminal::redraw_screen() {
  std::string text;
  if (!modes_.held()) {
    finish();  // the lines in place
    modes_.hold();
    text += TerminalModes::take_screen;
    lines_.clear();
    size_ = size();
  }
  text += screen_text();
  if (!text.empty()) write(stream_, text);
}

void Terminal::continued() {
  modes_.forget();
  drawn_ = 0;
}

// ---- a plain stream

void Terminal::add_line(const LiveStatus& status) {
  using namespace std::chrono_literals;
  const bool new_stage = last_stage_ != status.stage;
  if (!new_stage && status.elapsed - last_line_ < 1s) return;
  last_stage_ = status.stage;
  last_line_ = std::chrono::floor<std::chrono::seconds>(status.elapsed);
  write(stream_, plain_line(status) + '\n');
}

void Terminal::finish() {
  if (modes_.held()) {
    write(stream_, std::string(TerminalModes::give_back_screen));
    modes_.let_go();
  }
  if (drawn_ == 0) return;
  write(stream_, back_to_top() + std::string(erase_below) + std::string(show_cursor));
  drawn_ = 0;
}

}  // namespace squall::coordinator
