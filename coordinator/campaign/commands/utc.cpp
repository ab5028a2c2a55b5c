#include "coordinator/campaign/commands/utc.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace squall::coordinator {

namespace {

constexpr const char* format = "%Y-%m-%dT%H:%M:%SZ";

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &utc);
  return text.data();
}

std::optional<std::chrono::system_clock::time_point> utc_moment(const std::string& text) {
  std::tm utc{};
  const char* const end = strptime(text.c_str(), format, &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

std::chrono::nanoseconds until_next_round(std::chrono::system_clock::time_point last_began,
                                          std::chrono::nanoseconds every,
                                          std::chrono::system_clock::time_point now) {
  using std::chrono::nanoseconds;
  const auto since = std::chrono::duration_cast<nanoseconds>(now - last_began);
  // A clock that was set back must not make it wait for longer than one period.
  return std::clamp(every - since, nanoseconds(0), every);
}

}  // namespace squall::coordinator
