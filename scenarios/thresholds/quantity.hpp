#pragma once
// A number and the unit behind it, as thresholds and durations write them: "300ms", "1.5 s", "1%".

#include <string>
#include <string_view>

namespace squall::scenarios {

/// 365 days in seconds: keeps nanoseconds well inside 64 bits.
inline constexpr double longest_duration = 365.0 * 24 * 3600;

struct Quantity {
  double number = 0;      // finite, not negative
  std::string_view unit;  // "" when there is none; a part of the text that was parsed
};

/// Throws ThresholdError for anything but one decimal number (no sign, no exponent) and at most one
/// unit. `wanted` completes "expected …" in its messages.
Quantity parse_quantity(std::string_view text, std::string_view wanted);

/// Seconds in one `unit` of time; 0 when it is none.
double seconds_in(std::string_view unit);

/// Bytes in one `unit` of size (KiB, MiB, GiB, TiB); 0 when it is none.
double bytes_in(std::string_view unit);

/// `quantity` as seconds. `text` is where it came from, for messages. Throws ThresholdError.
double to_seconds(const Quantity& quantity, std::string_view text);

}  // namespace squall::scenarios
