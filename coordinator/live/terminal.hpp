#pragma once
// Draws the live view where the program was told to: in place on a terminal, or as one plain line a
// second where the output is a file or a pipe. One owner, one thread.

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/live/live_status.hpp"

namespace squall::coordinator {

/// A terminal, and the user has not asked for no colour (NO_COLOR, no-color.org; TERM=dumb).
bool colour_wanted(std::FILE* stream);

/// A terminal whose locale says UTF-8 (LC_ALL, LC_CTYPE, LANG; the first that is set counts).
bool unicode_wanted(std::FILE* stream);

/// Columns that may be written to; 80 where it is no terminal.
std::size_t terminal_width(std::FILE* stream);

/// Of a terminal within what tables need and what is easy to read; of a file or a pipe, 100.
std::size_t summary_width(std::FILE* stream);

class Terminal {
 public:
  /// `stream` must outlive the terminal.
  explicit Terminal(std::FILE* stream);
  ~Terminal() { finish(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Replaces what was shown before. On a plain stream: adds a line when the stage changed or a
  /// second of the run has passed since the last. Warnings and events are written once, above it.
  void show(const LiveStatus& status);

  /// Erases the live view and gives the cursor back. May be called again; show() may follow.
  void finish();

 private:
  void tell_news(const LiveStatus& status);
  void redraw(const LiveStatus& status);
  void add_line(const LiveStatus& status);
  std::string back_to_top() const;

  std::FILE* stream_;
  bool in_place_;
  bool colour_;
  std::size_t drawn_ = 0;          // lines on the screen that are ours
  std::vector<std::string> told_;  // warnings and events
  std::optional<RunStage> last_stage_;
  nanoseconds last_line_{0};
};

}  // namespace squall::coordinator
