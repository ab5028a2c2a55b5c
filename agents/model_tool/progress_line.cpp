#include "agents/model_tool/progress_line.hpp"

#include <cstdio>
#include <unistd.h>
#include <utility>

namespace squall::agents {

ProgressLine::ProgressLine(std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), on_terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::advance(std::uint64_t done) {
  done_ += done;
  if (!on_terminal_ || total_ == 0) return;
  const int percent = static_cast<int>(done_ * 100 / total_);
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  std::fprintf(stderr, "\r%s %3d %%", what_.c_str(), percent);
  std::fflush(stderr);
}

void ProgressLine::finish() {
  if (std::exchange(shown_percent_, -1) >= 0) std::fputs("\r\x1b[K", stderr);
}

}  // namespace squall::agents
