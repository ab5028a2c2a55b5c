#pragma once
// What a campaign is at: one line in place on a terminal, and one that stays for each run.

#include <chrono>
#include <string>

namespace squall::coordinator {

class ProgressLine {
 public:
  /// On standard error.
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// On a terminal it is followed by the time since.
  void begin(std::string what);
  void tick();
  /// The line stays, with the outcome.
  void end(const std::string& outcome);
  /// A line of its own.
  void tell(const std::string& line);
  std::chrono::nanoseconds length() const { return std::chrono::steady_clock::now() - begun_; }

 private:
  void clear();

  bool in_place_;
  std::string what_;
  std::chrono::steady_clock::time_point begun_{}, drawn_{};
};

}  // namespace squall::coordinator
