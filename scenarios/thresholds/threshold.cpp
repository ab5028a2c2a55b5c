#include "scenarios/thresholds/threshold.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/text/words.hpp"
#include "scenarios/thresholds/limit_value.hpp"
#include "scenarios/thresholds/quantity.hpp"

namespace squall::scenarios {

namespace {

constexpr std::string_view comparison_signs = "<>=!";

constexpr double longest_window = 24 * 3600;
constexpr double most_deviations = 1000;

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

void read_baseline(std::string_view words, Threshold& threshold) {
  const std::string_view name = trimmed(words.substr(first_word(words).size()));
  if (first_word(words) != "over" || name.empty() || first_word(name) != name) {
    throw ThresholdError("'speedup' needs a baseline's name, as in 'speedup over main >= 1.2'");
  }
  threshold.baseline = name;
}

void read_statistic(std::string_view word, Threshold& threshold) {
  const MetricDescription& metric = describe(threshold.metric);
  const std::string name(metric.name);
  if (threshold.metric == Metric::speedup) return read_baseline(word, threshold);
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

namespace {

std::chrono::nanoseconds read_stretch(std::string_view text, const std::string& after,
                                      double shortest) {
  if (trimmed(text).empty()) {
    throw ThresholdError("expected a duration after " + quoted(after) + ", as in '" + after +
                         " 10s'");
  }
  const double seconds = parse_duration(text);
  if (seconds < shortest || seconds > longest_window) {
    throw ThresholdError("the time after " + quoted(after) + " must be " +
                         (shortest > 0 ? "1s to 24h" : "at most 24h") + "; got " + quoted(text));
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

// Cuts ", else abort after 30s" off the end of a threshold.
std::string_view take_consequence(std::string_view text, Threshold& threshold) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return text;
  std::string_view rest = trimmed(text.substr(comma + 1));
  const auto take = [&](std::string_view word) {
    if (first_word(rest) != word) return false;
    rest = trimmed(rest.substr(word.size()));
    return true;
  };
  const std::string_view whole = rest;
  if (!take("else") || !take("abort")) {
    throw ThresholdError("unexpected " + quoted(whole) +
                         " after the comma; what may follow a threshold is ', else abort' or "
                         "', else abort after 30s'");
  }
  threshold.abort = true;
  if (take("after")) {
    threshold.abort_after = read_stretch(rest, "after", 0);
  } else if (!rest.empty()) {
    throw ThresholdError("unexpected " + quoted(rest) +
                         " after 'else abort'; write ', else abort after 30s'");
  }
  return trimmed(text.substr(0, comma));
}

// Cuts " for 10s" off the end of a limit.
std::string_view take_window(std::string_view text, Threshold& threshold) {
  for (std::size_t at = text.find("for"); at != std::string_view::npos;
       at = text.find("for", at + 1)) {
    const std::string_view before = text.substr(0, at), after = text.substr(at + 3);
    const bool word = !before.empty() && trimmed(before) != before &&
                      (after.empty() || trimmed(after).size() < after.size());
    if (!word) continue;
    threshold.window = read_stretch(after, "for", 1);
    return trimmed(before);
  }
  return text;
}

bool has_word(std::string_view text, std::string_view wanted) {
  while (!(text = trimmed(text)).empty()) {
    const std::string_view word = first_word(text);
    if (word == wanted) return true;
    text.remove_prefix(word.size());
  }
  return false;
}

void read_ceiling(std::string_view text, Threshold& threshold) {
  constexpr const char* example = "'tokens_per_second >= 60% of ceiling'";
  if (threshold.metric != Metric::tokens_per_second || threshold.is_upper()) {
    throw ThresholdError(
        "only tokens_per_second has a ceiling, and only a lower limit can be a "
        "share of it: " +
        std::string(example));
  }
  const std::size_t end = text.find('%');
  const std::string_view rest =
      end == std::string_view::npos ? std::string_view{} : trimmed(text.substr(end + 1));
  const bool fits = first_word(rest) == "of" && trimmed(rest.substr(2)) == "ceiling";
  if (!fits) {
    throw ThresholdError(quoted(text) + " is no share of the ceiling; write " + example);
  }
  threshold.factor = read_limit(text.substr(0, end + 1), Metric::error_rate);
  if (threshold.factor == 0) {
    throw ThresholdError("0% of the ceiling always holds; write a share above it, as in " +
                         std::string(example));
  }
  threshold.source = Threshold::Source::ceiling;
}

void read_learned(std::string_view text, Threshold& threshold) {
  const std::string sign = threshold.is_upper() ? "+" : "-";
  const std::string example = "'learned " + sign + " 3 mad'";
  threshold.source = Threshold::Source::learned;
  std::string_view rest = text;
  const auto take = [&](std::string_view part) {
    if (!rest.starts_with(part)) return false;
    rest = trimmed(rest.substr(part.size()));
    return true;
  };
  if (!take("learned")) {
    throw ThresholdError(quoted(text) + " must begin with 'learned', as in " + example);
  }
  if (rest.empty()) return;
  if (!take(sign)) {
    throw ThresholdError("after 'learned' here only '" + sign + " K mad' makes sense, as in " +
                         example + "; found " + quoted(rest));
  }
  const Quantity quantity = parse_quantity(rest, "a number and 'mad', as in " + example + "");
  if (quantity.unit != "mad" || quantity.number > most_deviations) {
    throw ThresholdError(quoted(rest) +
                         " must be a number up to 1000 and 'mad' (the median "
                         "absolute deviation), as in " +
                         example);
  }
  threshold.factor = quantity.number;
}

void read_limit_of(std::string_view text, Threshold& threshold) {
  const bool learned = has_word(text, "learned") || text.starts_with("learned");
  if (has_word(text, "ceiling")) {
    read_ceiling(text, threshold);
  } else if (learned) {
    if (threshold.metric == Metric::speedup) {
      throw ThresholdError(
          "'speedup' is measured against a baseline already; write its limit as "
          "a number, as in 'speedup over main >= 1.2'");
    }
    read_learned(text, threshold);
  } else {
    threshold.limit = read_limit(text, threshold.metric);
  }
}

void refuse_what_can_never_hold(std::string_view text, const Threshold& threshold) {
  if (threshold.source != Threshold::Source::absolute || threshold.limit != 0 ||
      threshold.comparison != Threshold::Comparison::below)
    return;
  throw ThresholdError("threshold " + quoted(text) +
                       " can never hold: nothing measured is below 0; did you mean '<='?");
}

// What is known once for a run cannot be watched over stretches of it.
void check_stretches(const Threshold& threshold) {
  const bool once = threshold.metric == Metric::load_time || threshold.metric == Metric::accuracy;
  if (!once || (threshold.window.count() == 0 && !threshold.abort)) return;
  throw ThresholdError("'" + std::string(describe(threshold.metric).name) +
                       "' is one figure for the whole run; remove 'for' and 'else abort'");
}

}  // namespace

Threshold parse_threshold(std::string_view text) {
  text = trimmed(text);
  Threshold threshold{};
  threshold.text = text;
  const std::string_view condition = take_consequence(text, threshold);
  const Parts parts = cut(condition);
  threshold.metric = read_metric(parts.metric);
  read_statistic(parts.statistic, threshold);
  threshold.comparison = read_comparison(parts.comparison);
  read_limit_of(take_window(parts.limit, threshold), threshold);
  refuse_what_can_never_hold(text, threshold);
  check_stretches(threshold);
  return threshold;
}

Threshold parse_service_level(std::string_view text) {
  constexpr std::array<std::string_view, 7> known{"ttft", "ttft_service", "e2e",  "e2e_service",
                                                  "tpot", "ntpot",        "stall"};
  text = trimmed(text);
  if (text.empty()) throw ThresholdError("an SLO is empty; write one as 'ttft < 300ms'");
  const Parts parts = cut(text);
  const bool fits = std::find(known.begin(), known.end(), parts.metric) != known.end();
  if (!fits) {
    throw ThresholdError(quoted(parts.metric) + " is no duration of a single request" +
                         nearest_or_all(parts.metric, known, "durations"));
  }
  if (!parts.statistic.empty()) {
    throw ThresholdError("an SLO is for each single request; remove " + quoted(parts.statistic) +
                         ", as in 'ttft < 300ms'");
  }
  Threshold level{};
  level.metric = *find_metric(parts.metric);
  level.comparison = read_comparison(parts.comparison);
  if (!level.is_upper()) {
    throw ThresholdError(
        "an SLO is an upper limit; write it with '<' or '<=', as in "
        "'ttft < 300ms'");
  }
  level.limit = read_limit(parts.limit, level.metric);
  refuse_what_can_never_hold(text, level);
  level.text = text;
  return level;
}

bool same_figure(const Threshold& one, const Threshold& other) {
  return one.metric == other.metric && one.statistic == other.statistic &&
         one.percentile == other.percentile && one.is_upper() == other.is_upper() &&
         one.window == other.window && one.baseline == other.baseline;
}

}  // namespace squall::scenarios
