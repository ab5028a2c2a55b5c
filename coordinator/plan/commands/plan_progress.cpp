#include "coordinator/plan/commands/plan_progress.hpp"

#include <cstdio>
#include <unistd.h>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

PlanProgress::PlanProgress() : in_place_(isatty(STDERR_FILENO) == 1) {}

PlanProgress::~PlanProgress() { clear(); }

void PlanProgress::begin(std::string what) {
  what_ = std::move(what);
  begun_ = Clock::now();
}

void PlanProgress::tick() {
  const auto now = Clock::now();
  if (!in_place_ || now - drawn_ < 200ms) return;
  drawn_ = now;
  std::fprintf(stderr, "\r\033[K%s, %s", what_.c_str(), readable_clock(now - begun_).c_str());
  std::fflush(stderr);
}

void PlanProgress::end(const std::string& outcome) {
  clear();
  std::fprintf(stderr, "%s: %s\n", what_.c_str(), outcome.c_str());
}

void PlanProgress::clear() const {
  if (in_place_) std::fputs("\r\033[K", stderr);
}

std::chrono::nanoseconds PlanProgress::length() const { return Clock::now() - begun_; }

}  // namespace squall::coordinator
