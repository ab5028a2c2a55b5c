#include "agents/models/retry_schedule.hpp"

#include <algorithm>

namespace squall::agents {

using std::chrono::milliseconds;

std::optional<milliseconds> RetrySchedule::next(std::optional<std::chrono::seconds> asked) {
  if (++failures_ >= limits_.attempts) return std::nullopt;
  if (asked && *asked > limits_.longest_asked) return std::nullopt;
  const unsigned doublings = std::min(failures_ - 1, 20U);
  const milliseconds ceiling =
      std::min(limits_.longest, limits_.first * (std::int64_t{1} << doublings));
  const milliseconds jittered(
      static_cast<std::int64_t>(random_.uniform() * static_cast<double>(ceiling.count())));
  return asked ? *asked + jittered : jittered;
}

}  // namespace squall::agents
