#include "agents/models/progress_display.hpp"

#include <cstdlib>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace squall::agents {

using namespace std::chrono_literals;

namespace {

bool can_redraw(std::FILE* stream) {
  const char* const term = std::getenv("TERM");
  return isatty(fileno(stream)) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

/// Addresses and errors come from elsewhere: nothing of them may steer a terminal.
std::string harmless(std::string text) {
  for (char& each : text)
    if (static_cast<unsigned char>(each) < 0x20 || each == 0x7F) each = '?';
  return text;
}

}  // namespace

ProgressDisplay::ProgressDisplay(std::FILE* stream, std::string prefix)
    : stream_(stream), prefix_(std::move(prefix)), in_place_(can_redraw(stream)) {}

void ProgressDisplay::show(const DownloadProgress& progress, Instant now) {
  const bool new_stage = last_stage_ != progress.stage;
  if (!new_stage && now - last_shown_ < (in_place_ ? 200ms : 10'000ms)) return;
  last_stage_ = progress.stage;
  last_shown_ = now;
  const std::string line = prefix_ + harmless(in_words(progress));
  std::fprintf(stream_, in_place_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
  std::fflush(stream_);
  line_open_ = in_place_;
}

void ProgressDisplay::finish() {
  if (line_open_) std::fprintf(stream_, "\n");
  line_open_ = false;
}

}  // namespace squall::agents
