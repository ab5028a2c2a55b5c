#include "coordinator/text/readable_measure.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using scenarios::MetricKind;

std::string readable_seconds(double seconds) {
  constexpr double most = 9e9;  // about 285 years: what nanoseconds can hold
  return readable(std::chrono::round<nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, -most, most))));
}

std::string readable_measure(MetricKind kind, double value) {
  switch (kind) {
    case MetricKind::duration:
    case MetricKind::time:
      return readable_seconds(value);
    case MetricKind::rate:
    case MetricKind::ratio:
      return readable_rate(value);
    case MetricKind::fraction:
      return readable_share(value);
    case MetricKind::bytes:
      return readable_bytes(static_cast<std::uint64_t>(std::clamp(value, 0.0, 1e18)));
  }
  assert(false);
  return {};
}

}  // namespace squall::coordinator
