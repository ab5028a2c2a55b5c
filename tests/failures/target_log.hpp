#pragma once
// What the target itself wrote down of who asked when: the judge over what agents say of
// themselves.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace squall::tests {

struct Asked {
  std::chrono::steady_clock::time_point at;
  std::string by;  // address
};

class TargetLog {
 public:
  /// A log of mock-llm-server, which may still be written; only requests for answers count.
  explicit TargetLog(const std::filesystem::path& file) {
    std::ifstream log(file);
    std::int64_t monotonic = 0;
    std::int64_t wall = 0;
    for (std::string by, method, path; log >> monotonic >> wall >> by >> method >> path;)
      if (method == "POST")
        all_.push_back(
            {std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic)), by});
  }

  using Instant = std::chrono::steady_clock::time_point;
  bool empty() const { return all_.empty(); }
  std::size_t size() const { return all_.size(); }
  std::size_t count(const std::string& by, Instant from, Instant to) const {
    return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), [&](const Asked& one) {
      return one.by == by && one.at >= from && one.at < to;
    }));
  }
  std::size_t count(const std::string& by) const {
    return count(by, Instant::min(), Instant::max());
  }
  /// The most by which the target was ever ahead of a plan of `rate` a second that begins with the
  /// first request.
  double most_ahead_of(double rate) const {
    double most = 0;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const std::chrono::duration<double> since = all_[i].at - all_[0].at;
      most = std::max(most, static_cast<double>(i) - rate * since.count());
    }
    return most;
  }

 private:
  std::vector<Asked> all_;
};

}  // namespace squall::tests
