#pragma once
// Shows a download where a program was told to: one line that changes on a terminal; in a file or a
// pipe a line at each change of stage, and every ten seconds. One owner, one thread.

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "agents/models/download.hpp"

namespace squall::agents {

class ProgressDisplay {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// `stream` must outlive the display; `prefix` begins each line: "squall-agent: ".
  ProgressDisplay(std::FILE* stream, std::string prefix);
  ~ProgressDisplay() { finish(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void show(const DownloadProgress& progress, Instant now);

  /// Ends the changing line, so that others may write. show() may follow.
  void finish();

 private:
  std::FILE* stream_;
  std::string prefix_;
  bool in_place_;
  bool line_open_ = false;
  std::optional<DownloadProgress::Stage> last_stage_;
  Instant last_shown_{};
};

}  // namespace squall::agents
