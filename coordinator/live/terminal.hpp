#pragma once
// Draws the live view where the program was told to: on a terminal a few lines in place while
// agents gather, so that what was told above stays in sight, and a screen of its own from the start
// of the load on; where the output is a file or a pipe, one plain line a second. One owner, one
// thread.

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/live/live_status.hpp"
#include "coordinator/live/terminal_modes.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

/// A terminal, and the user has not asked for no colour (NO_COLOR, no-color.org; TERM=dumb).
bool colour_wanted(std::FILE* stream);

/// A terminal whose locale says UTF-8 (LC_ALL, LC_CTYPE, LANG; the first that is set counts).
bool unicode_wanted(std::FILE* stream);

/// Columns that may be written to; 80 where it is no terminal.
std::size_t terminal_width(std::FILE* stream);

/// Of a terminal within what tables need and what is easy to read; of a file or a pipe, 100.
std::size_t summary_width(std::FILE* stream);

/// Lines that may be written to; 24 where it is no terminal.
std::size_t terminal_height(std::FILE* stream);

/// What the user asks for with a key.
enum class KeyWish { none, quit };

class Terminal {
 public:
  /// `stream` must outlive the terminal. Keys come from `keyboard`, a descriptor; -1: there are
  /// none.
  explicit Terminal(std::FILE* stream, int keyboard = -1);
  ~Terminal() { finish(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Shows this from now on. On a plain stream: adds a line when the stage changed or a second of
  /// the run has passed since the last. Warnings and events are told once.
  void show(const LiveStatus& status);

  /// A line that stays: above the view, and still there when the view is gone. Safe to print.
  void tell(const std::string& line, Style style = Style::plain);

  /// The newest lines that were told, in order.
  const std::vector<std::string>& news() const { return news_; }

  /// Draws again what changed since: the terminal's size. Cheap when nothing did.
  void refresh();

  /// Does what keys ask for of the view itself: p holds it still, ? tells what the keys do.
  KeyWish read_keys();

  /// Erases the live view and gives the terminal back as it was. May be called again; show() may
  /// follow, and takes it again.
  void finish();

  /// The program was stopped and goes on: others may have had the terminal meanwhile.
  void continued();

 private:
  struct Size {
    std::size_t width = 0, rows = 0;
    friend bool operator==(const Size&, const Size&) = default;
  };

  bool in_full(const LiveStatus& status) const;
  void tell_news(const LiveStatus& status);
  void redraw_lines(const LiveStatus& status);
  void redraw_screen();
  std::string screen_text();
  void add_line(const LiveStatus& status);
  std::string back_to_top() const;
  Size size() const;

  std::FILE* stream_;
  bool in_place_;
  bool colour_, unicode_;
  TerminalModes modes_;            // held while the screen is ours
  std::size_t drawn_ = 0;          // lines below the text before that are ours
  std::vector<std::string> told_;  // warnings and events
  std::vector<std::string> news_;  // what was told last
  std::optional<LiveStatus> newest_, shown_;
  bool paused_ = false, help_ = false;
  std::vector<std::string> lines_;  // on the screen …
  Size size_;                       // … and how large that was
  std::optional<RunStage> last_stage_;
  nanoseconds last_line_{0};
};

}  // namespace squall::coordinator
