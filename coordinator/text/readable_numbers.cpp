#include "coordinator/text/readable_numbers.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

std::string with_separators(const std::string& digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

/// At least three significant digits; whole numbers keep all of theirs.
std::string significant(double value) {
  // What rounds up to 10 or 100 must count as such: 9.996 is "10.0", not "10.00".
  if (value < 9.995) return fixed(value, 2);
  if (value < 99.95) return fixed(value, 1);
  if (value < 1e15) return with_separators(fixed(value, 0));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

struct Unit {
  const char* name;
  double nanoseconds;
};

Unit unit_of(nanoseconds duration) {
  // The limits are where three digits would round up to the next unit's 1.00.
  if (duration < 999'500ns) return {"us", 1e3};
  if (duration < 999'500us) return {"ms", 1e6};
  return {"s", 1e9};
}

std::string in_unit(nanoseconds duration, Unit unit) {
  return significant(static_cast<double>(duration.count()) / unit.nanoseconds);
}

}  // namespace

std::string readable(nanoseconds duration) {
  if (duration < 0ns) return "-" + readable(-duration);
  if (duration == 0ns) return "0 s";
  if (duration < 120s) {
    const Unit unit = unit_of(duration);
    return in_unit(duration, unit) + " " + unit.name;
  }
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  std::array<char, 64> text{};
  if (duration < 2h) {
    std::snprintf(text.data(), text.size(), "%lld min %02lld s",
                  static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld h %02lld min",
                  static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60));
  }
  return text.data();
}

std::string readable_clock(nanoseconds duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration).count();
  std::array<char, 64> text{};
  if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld",
                  static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60),
                  static_cast<long long>(seconds % 60));
  }
  return text.data();
}

std::string readable_count(std::uint64_t count) { return with_separators(std::to_string(count)); }

std::string readable_rate(double per_second) {
  if (per_second == 0) return "0";
  return per_second < 0.995 ? fixed(per_second, 3) : significant(per_second);
}

std::string readable_share(double fraction) {
  if (fraction == 0) return "0 %";
  const double percent = fraction * 100;
  return (std::abs(percent) < 0.0995 ? fixed(percent, 3) : significant(percent)) + " %";
}

std::string readable_bytes(std::uint64_t bytes) {
  static constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t name = 0;
  while (value >= 1024 && name + 1 < names.size()) {
    value /= 1024;
    ++name;
  }
  return (name == 0 ? fixed(value, 0) : significant(value)) + " " + names.at(name);
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return readable_count(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string readable_interval(nanoseconds low, nanoseconds high, nanoseconds value,
                              bool high_at_least) {
  const Unit unit = unit_of(value);
  return in_unit(low, unit) + ".." + (high_at_least ? ">" : "") + in_unit(high, unit);
}

}  // namespace squall::coordinator
