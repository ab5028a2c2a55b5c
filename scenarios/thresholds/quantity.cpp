#include "scenarios/thresholds/quantity.hpp"

#include <array>
#include <charconv>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/text/words.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

namespace {

constexpr std::string_view blanks = " \t\r\n";

struct TimeUnit {
  std::string_view name;
  double seconds;
};
constexpr std::array time_units{TimeUnit{"us", 1e-6}, TimeUnit{"ms", 1e-3}, TimeUnit{"s", 1},
                                TimeUnit{"m", 60}, TimeUnit{"h", 3600}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A unit is what stands between the number and the next blank, digit or sign.
std::size_t unit_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && blanks.find(text[length]) == std::string_view::npos &&
         !is_digit(text[length]) && text[length] != '-' && text[length] != '+') {
    ++length;
  }
  return length;
}

}  // namespace

Quantity parse_quantity(std::string_view text, std::string_view wanted) {
  text = trimmed(text);
  const std::string expected = "expected " + std::string(wanted);
  if (text.empty()) throw ThresholdError(expected + ", found nothing");
  if (text[0] == '-') throw ThresholdError(quoted(text) + " is negative; " + expected);
  const bool starts_as_number =
      is_digit(text[0]) || (text[0] == '.' && text.size() > 1 && is_digit(text[1]));
  if (!starts_as_number) throw ThresholdError(expected + ", found " + quoted(text));

  Quantity quantity;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.number,
                                            std::chars_format::fixed);
  if (error == std::errc::result_out_of_range) {
    throw ThresholdError(quoted(text) + " is a number beyond all bounds; " + expected);
  }
  std::string_view rest = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  quantity.unit = rest.substr(0, unit_length(rest));
  rest = trimmed(rest.substr(quantity.unit.size()));
  if (!rest.empty()) {
    throw ThresholdError("unexpected " + quoted(rest) + " at the end of " + quoted(text) + "; " +
                         expected);
  }
  return quantity;
}

double seconds_in(std::string_view unit) {
  for (const TimeUnit& candidate : time_units) {
    if (candidate.name == unit) return candidate.seconds;
  }
  return 0;
}

double bytes_in(std::string_view unit) {
  double bytes = 1024;
  for (const std::string_view name : {"KiB", "MiB", "GiB", "TiB"}) {
    if (name == unit) return bytes;
    bytes *= 1024;
  }
  return 0;
}

double to_seconds(const Quantity& quantity, std::string_view text) {
  if (quantity.unit.empty()) {
    throw ThresholdError(quoted(text) + " lacks a unit of time: us, ms, s, m or h");
  }
  const double unit = seconds_in(quantity.unit);
  if (unit == 0) {
    throw ThresholdError(quoted(quantity.unit) + " in " + quoted(text) +
                         " is not a unit of time: write us, ms, s, m or h");
  }
  const double seconds = quantity.number * unit;
  if (seconds > longest_duration) {
    throw ThresholdError(quoted(text) + " is too long; at most 365 days (8760h)");
  }
  return seconds;
}

double parse_duration(std::string_view text) {
  return to_seconds(parse_quantity(text, "a duration such as \"300ms\""), trimmed(text));
}

}  // namespace squall::scenarios
