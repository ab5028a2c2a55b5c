#pragma once
// Numbers as people read them: three significant digits, a unit that fits, thousands separated.
// ASCII only, so that columns line up everywhere.

#include <chrono>
#include <cstdint>
#include <string>

namespace squall::coordinator {

using std::chrono::nanoseconds;

std::string readable(nanoseconds duration);        // "0.42 us" "12.3 ms" "1.23 s" "2 min 05 s"
std::string readable_clock(nanoseconds duration);  // "1:05" "1:02:03"; for elapsed time
std::string readable_count(std::uint64_t count);   // "1,234"
std::string readable_rate(double per_second);      // "0.123" "12.3" "1,234"
std::string readable_share(double fraction);       // "0.12 %" "12.3 %" "0 %"
std::string readable_bytes(std::uint64_t bytes);   // "1.50 GiB"
std::string plural(std::uint64_t count, const std::string& noun);  // "1 agent", "1,234 agents"

/// The bounds of an interval, without unit, in the unit that readable(value) would use:
/// "11.9..12.8".
std::string readable_interval(nanoseconds low, nanoseconds high, nanoseconds value,
                              bool high_at_least = false);

}  // namespace squall::coordinator
