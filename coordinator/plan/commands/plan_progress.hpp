#pragma once
// What a plan is doing, on standard error: one line in place on a terminal, and one that stays for
// each probe.

#include <chrono>
#include <string>

namespace squall::coordinator {

class PlanProgress {
 public:
  PlanProgress();
  ~PlanProgress();
  PlanProgress(const PlanProgress&) = delete;
  PlanProgress& operator=(const PlanProgress&) = delete;

  void begin(std::string what);
  void tick();
  void end(const std::string& outcome);
  std::chrono::nanoseconds length() const;

 private:
  void clear() const;

  bool in_place_;
  std::string what_;
  std::chrono::steady_clock::time_point begun_{}, drawn_{};
};

}  // namespace squall::coordinator
