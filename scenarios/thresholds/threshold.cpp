#include "scenarios/thresholds/threshold.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/thresholds/quantity.hpp"

namespace squall::scenarios {

namespace {

constexpr std::string_view comparison_signs = "<>=!";

// A threshold cut into its parts; all are views into the text.
struct Parts {
  std::string_view metric;      // "ttft"
  std::string_view statistic;   // "p95"; empty when there is none
  std::string_view comparison;  // "<"
  std::string_view limit;       // "300ms"
};

std::string_view first_word(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t\r\n"));
}

Parts cut(std::string_view text) {
  if (text.empty()) throw ThresholdError("a threshold is empty; write one as 'ttft p95 < 300ms'");
  const std::size_t sign = text.find_first_of(comparison_signs);
  if (sign == std::string_view::npos) {
    throw ThresholdError("threshold " + quoted(text) +
                         " compares nothing; write it as 'ttft p95 < 300ms'");
  }
  Parts parts;
  const std::string_view left = trimmed(text.substr(0, sign));
  parts.metric = first_word(left);
  parts.statistic = trimmed(left.substr(parts.metric.size()));
  const std::size_t limit = text.find_first_not_of(comparison_signs, sign);
  parts.comparison = text.substr(sign, limit == std::string_view::npos ? limit : limit - sign);
  if (limit != std::string_view::npos) parts.limit = trimmed(text.substr(limit));
  return parts;
}

Metric read_metric(std::string_view word) {
  if (word.empty()) {
    throw ThresholdError("a threshold must begin with a metric, as in 'ttft p95 < 300ms'");
  }
  if (const auto metric = find_metric(word)) return *metric;
  std::array<std::string_view, metric_table.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = metric_table[i].name;
  throw ThresholdError("unknown metric " + quoted(word) + nearest_or_all(word, names, "metrics"));
}

double read_percentile(std::string_view word) {
  double percentile = 0;
  const char* const end = word.data() + word.size();
  const auto result = std::from_chars(word.data() + 1, end, percentile, std::chars_format::fixed);
  if (result.ec == std::errc::result_out_of_range || result.ptr != end ||
      !(percentile > 0 && percentile < 100)) {
    throw ThresholdError("percentile " + quoted(word) +
                         " must be above p0 and below p100, as in 'p95' or 'p99.9'; the largest "
                         "value is 'max'");
  }
  return percentile;
}

bool looks_like_percentile(std::string_view word) {
  return word.size() > 1 && word[0] == 'p' &&
         (word[1] == '-' || word[1] == '.' || (word[1] >= '0' && word[1] <= '9'));
}

std::string unknown_statistic(std::string_view word) {
  constexpr std::array<std::string_view, 9> known{"p50",  "p90", "p95",    "p99",    "p99.9",
                                                  "mean", "max", "median", "average"};
  std::string_view meant = word == "avg"       ? "mean"
                           : word == "maximum" ? "max"
                                               : nearest(word, known);
  if (meant == "median") meant = "p50";
  if (meant == "average") meant = "mean";
  std::string message = "unknown statistic " + quoted(word);
  if (!meant.empty()) return message + "; did you mean '" + std::string(meant) + "'?";
  return message + "; write a percentile such as 'p95', or 'mean' or 'max'";
}

void read_statistic(std::string_view word, Threshold& threshold) {
  const MetricDescription& metric = describe(threshold.metric);
  const std::string name(metric.name);
  if (metric.kind != MetricKind::duration) {
    if (word.empty()) return;
    throw ThresholdError("metric '" + name + "' is one number for the whole run; remove " +
                         quoted(word));
  }
  if (word.empty()) {
    throw ThresholdError("metric '" + name +
                         "' needs a statistic: a percentile, 'mean' or 'max', as in '" + name +
                         " p95 < 300ms'");
  }
  if (word == "mean") {
    threshold.statistic = Threshold::Statistic::mean;
  } else if (word == "max") {
    threshold.statistic = Threshold::Statistic::maximum;
  } else if (looks_like_percentile(word)) {
    threshold.statistic = Threshold::Statistic::percentile;
    threshold.percentile = read_percentile(word);
  } else {
    throw ThresholdError(unknown_statistic(word));
  }
}

Threshold::Comparison read_comparison(std::string_view sign) {
  using Comparison = Threshold::Comparison;
  if (sign == "<") return Comparison::below;
  if (sign == "<=") return Comparison::at_most;
  if (sign == ">") return Comparison::above;
  if (sign == ">=") return Comparison::at_least;
  std::string message = "unknown comparison " + quoted(sign);
  if (sign == "=<") throw ThresholdError(message + "; did you mean '<='?");
  if (sign == "=>") throw ThresholdError(message + "; did you mean '>='?");
  throw ThresholdError(message + "; write <, <=, > or >=");
}

double read_duration_limit(std::string_view text, const std::string& name) {
  const Quantity quantity =
      parse_quantity(text, "a duration such as \"300ms\" after '" + name + "'");
  if (quantity.unit == "%") {
    throw ThresholdError("metric '" + name + "' is a duration; " + quoted(text) +
                         " is a share: write one such as '300ms'");
  }
  return to_seconds(quantity, text);
}

double read_rate_limit(std::string_view text, const std::string& name) {
  const Quantity quantity = parse_quantity(text, "a number such as 100 after '" + name + "'");
  if (quantity.unit.empty()) return quantity.number;
  throw ThresholdError("metric '" + name + "' is a number per second and takes no unit; remove " +
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

double read_limit(std::string_view text, Metric metric) {
  const MetricDescription& description = describe(metric);
  const std::string name(description.name);
  switch (description.kind) {
    case MetricKind::duration:
      return read_duration_limit(text, name);
    case MetricKind::rate:
      return read_rate_limit(text, name);
    case MetricKind::fraction:
      return read_fraction_limit(text, name);
  }
  assert(false);
  return 0;
}

}  // namespace

bool Threshold::holds(double measured) const {
  switch (comparison) {
    case Comparison::below:
      return measured < limit;
    case Comparison::at_most:
      return measured <= limit;
    case Comparison::above:
      return measured > limit;
    case Comparison::at_least:
      return measured >= limit;
  }
  assert(false);
  return false;
}

Threshold parse_threshold(std::string_view text) {
  text = trimmed(text);
  const Parts parts = cut(text);
  Threshold threshold{};
  threshold.metric = read_metric(parts.metric);
  read_statistic(parts.statistic, threshold);
  threshold.comparison = read_comparison(parts.comparison);
  threshold.limit = read_limit(parts.limit, threshold.metric);
  if (threshold.limit == 0 && threshold.comparison == Threshold::Comparison::below) {
    throw ThresholdError("threshold " + quoted(text) +
                         " can never hold: nothing measured is below 0; did you mean '<='?");
  }
  threshold.text = text;
  return threshold;
}

}  // namespace squall::scenarios
