#include "coordinator/campaign/commands/progress_line.hpp"

#include <cstdio>
#include <unistd.h>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

ProgressLine::ProgressLine() : in_place_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::begin(std::string what) {
  what_ = std::move(what);
  begun_ = std::chrono::steady_clock::now();
  drawn_ = {};
}

void ProgressLine::tick() {
  const auto now = std::chrono::steady_clock::now();
  if (!in_place_ || now - drawn_ < 200ms) return;
  drawn_ = now;
  std::fprintf(stderr, "\r\033[K%s, %s", what_.c_str(), readable_clock(now - begun_).c_str());
  std::fflush(stderr);
}

void ProgressLine::end(const std::string& outcome) {
  clear();
  std::fprintf(stderr, "%s: %s\n", what_.c_str(), outcome.c_str());
}

void ProgressLine::tell(const std::string& line) {
  clear();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void ProgressLine::clear() {
  if (in_place_) std::fputs("\r\033[K", stderr);
}

}  // namespace squall::coordinator
