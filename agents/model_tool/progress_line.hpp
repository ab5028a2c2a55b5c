#pragma once
// A line on the terminal that tells how far a long piece of work is; silent when piped.

#include <cstdint>
#include <string>

namespace squall::agents {

class ProgressLine {
 public:
  /// `total`: units of work, 0 if unknown.
  ProgressLine(std::string what, std::uint64_t total);
  ~ProgressLine() { finish(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void advance(std::uint64_t done);
  /// Takes the line away.
  void finish();

 private:
  std::string what_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  int shown_percent_ = -1;
  bool on_terminal_;
};

}  // namespace squall::agents
