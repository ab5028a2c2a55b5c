#include "scenarios/thresholds/limit_value.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/thresholds/quantity.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

namespace {

double read_duration_limit(std::string_view text, const std::string& name) {
  const Quantity quantity =
      parse_quantity(text, "a duration such as \"300ms\" after '" + name + "'");
  if (quantity.unit == "%") {
    throw ThresholdError("metric '" + name + "' is a duration; " + quoted(text) +
                         " is a share: write one such as '300ms'");
  }
  return to_seconds(quantity, text);
}

double read_plain_limit(std::string_view text, const std::string& name, const char* what) {
  const Quantity quantity = parse_quantity(text, "a number such as 100 after '" + name + "'");
  if (quantity.unit.empty()) return quantity.number;
  throw ThresholdError("metric '" + name + "' is " + what + " and takes no unit; remove " +
                       quoted(quantity.unit));
}

double read_fraction_limit(std::string_view text, const std::string& name) {
  const Quantity quantity = parse_quantity(text, "a share such as \"1%\" after '" + name + "'");
  if (quantity.unit != "%") {
    throw ThresholdError("metric '" + name + "' is a share of the requests; write " + quoted(text) +
                         " in percent, as in '1%'");
  }
  if (quantity.number > 100) {
    throw ThresholdError("a share is at most 100%; got " + quoted(text));
  }
  return quantity.number / 100;
}

double read_size_limit(std::string_view text, const std::string& name) {
  const Quantity quantity = parse_quantity(text, "a size such as \"2GiB\" after '" + name + "'");
  const double unit = bytes_in(quantity.unit);
  if (unit == 0) {
    throw ThresholdError("metric '" + name + "' is a size; write " + quoted(text) +
                         " with a unit: KiB, MiB, GiB or TiB");
  }
  return quantity.number * unit;
}

/// Six digits are more than any limit needs. Never with an exponent: what is written must read
/// back.
std::string digits(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  std::array<char, 400> plain{};  // enough for the largest number there is
  const auto end = std::to_chars(plain.data(), plain.data() + plain.size(),
                                 std::strtod(text, nullptr), std::chars_format::fixed);
  assert(end.ec == std::errc{});
  return {plain.data(), end.ptr};
}

std::string written_duration(double seconds) {
  if (seconds >= 1 || seconds == 0) return digits(seconds) + "s";
  if (seconds >= 1e-3) return digits(seconds * 1e3) + "ms";
  return digits(seconds * 1e6) + "us";
}

std::string written_size(double bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (bytes /= 1024; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return digits(bytes) + units[unit];
}

}  // namespace

Metric read_metric(std::string_view word) {
  if (word.empty()) {
    throw ThresholdError("a threshold must begin with a metric, as in 'ttft p95 < 300ms'");
  }
  if (const auto metric = find_metric(word)) return *metric;
  std::array<std::string_view, metric_table.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = metric_table[i].name;
  throw ThresholdError("unknown metric " + quoted(word) + nearest_or_all(word, names, "metrics"));
}

double read_limit(std::string_view text, Metric metric) {
  const MetricDescription& description = describe(metric);
  const std::string name(description.name);
  switch (description.kind) {
    case MetricKind::duration:
    case MetricKind::time:
      return read_duration_limit(text, name);
    case MetricKind::rate:
      return read_plain_limit(text, name, "a number per second");
    case MetricKind::fraction:
      return read_fraction_limit(text, name);
    case MetricKind::bytes:
      return read_size_limit(text, name);
    case MetricKind::ratio:
      return read_plain_limit(text, name, "a multiple");
  }
  assert(false);
  return 0;
}

double largest_limit(Metric metric) {
  switch (describe(metric).kind) {
    case MetricKind::duration:
    case MetricKind::time:
      return longest_duration;
    case MetricKind::fraction:
      return 1;
    default:
      return 1e18;  // beyond any machine, and short enough to be written out
  }
}

std::string written_limit(double value, Metric metric) {
  switch (describe(metric).kind) {
    case MetricKind::duration:
    case MetricKind::time:
      return written_duration(value);
    case MetricKind::rate:
    case MetricKind::ratio:
      return digits(value);
    case MetricKind::fraction:
      return digits(value * 100) + "%";
    case MetricKind::bytes:
      return written_size(value);
  }
  assert(false);
  return {};
}

}  // namespace squall::scenarios
