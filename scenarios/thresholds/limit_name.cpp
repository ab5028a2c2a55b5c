#include "scenarios/thresholds/limit_name.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/text/words.hpp"
#include "scenarios/thresholds/limit_value.hpp"
#include "scenarios/thresholds/quantity.hpp"

namespace squall::scenarios {

namespace {

using Statistic = Threshold::Statistic;

constexpr double largest_factor = 1e6;

bool wants_more(Metric metric) {
  switch (metric) {
    case Metric::tokens_per_second:
    case Metric::requests_per_second:
    case Metric::accuracy:
    case Metric::goodput:
    case Metric::slo_attainment:
    case Metric::speedup:
      return true;
    default:
      return false;
  }
}

std::string statistic_of(const LimitName& limit, char point) {
  switch (limit.statistic) {
    case Statistic::value:
      return {};
    case Statistic::mean:
      return "mean";
    case Statistic::maximum:
      return "max";
    case Statistic::percentile:
      break;
  }
  std::string text = "p" + shown(limit.percentile);
  std::replace(text.begin(), text.end(), '.', point);
  return text;
}

[[noreturn]] void refuse(std::string_view text) {
  std::vector<std::string> names;
  for (const LimitName& limit : usual_limits()) names.push_back(name_of(limit));
  const std::vector<std::string_view> views(names.begin(), names.end());
  throw ThresholdError("unknown limit " + quoted(text) + nearest_or_all(text, views, "limits"));
}

/// "p99_9" is 99.9.
std::optional<double> percentile_of(std::string_view word) {
  if (word.size() < 2 || word[0] != 'p') return std::nullopt;
  std::string digits(word.substr(1));
  std::replace(digits.begin(), digits.end(), '_', '.');
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
  if (read.ec != std::errc{} || read.ptr != end || !(value > 0 && value < 100)) return std::nullopt;
  return value;
}

/// Metric and statistic of "ttft_p95"; none when it is no such name.
std::optional<LimitName> figure_of(std::string_view text) {
  if (const auto metric = find_metric(text)) {
    if (describe(*metric).kind == MetricKind::duration) return std::nullopt;
    return LimitName{*metric, Statistic::value, 0};
  }
  // From behind, because a metric's name and a percentile may have underscores of their own.
  for (std::size_t cut = text.rfind('_'); cut != std::string_view::npos && cut > 0;
       cut = text.rfind('_', cut - 1)) {
    const auto metric = find_metric(text.substr(0, cut));
    if (!metric || describe(*metric).kind != MetricKind::duration) continue;
    const std::string_view word = text.substr(cut + 1);
    if (word == "mean") return LimitName{*metric, Statistic::mean, 0};
    if (word == "max") return LimitName{*metric, Statistic::maximum, 0};
    if (const auto percentile = percentile_of(word))
      return LimitName{*metric, Statistic::percentile, *percentile};
  }
  return std::nullopt;
}

}  // namespace

bool LimitName::is_minimum() const { return wants_more(metric); }

const std::vector<LimitName>& usual_limits() {
  static const std::vector<LimitName> limits{
      {Metric::tokens_per_second},
      {Metric::requests_per_second},
      {Metric::ttft, Statistic::percentile, 95},
      {Metric::tpot, Statistic::percentile, 95},
      {Metric::e2e, Statistic::percentile, 95},
      {Metric::memory},
      {Metric::gpu_memory},
      {Metric::accuracy},
      {Metric::load_time},
      {Metric::speedup},
      {Metric::error_rate},
      {Metric::goodput},
      {Metric::slo_attainment},
  };
  return limits;
}

LimitName parse_limit_name(std::string_view text) {
  const bool minimum = text.starts_with("min_");
  if (!minimum && !text.starts_with("max_")) refuse(text);
  const auto limit = figure_of(text.substr(4));
  if (!limit) {
    const auto metric = find_metric(text.substr(4));
    if (!metric) refuse(text);
    throw ThresholdError("limit " + quoted(text) + " needs a statistic, as in '" +
                         std::string(text) + "_p95', '" + std::string(text) + "_mean' or '" +
                         std::string(text) + "_max'");
  }
  if (minimum != limit->is_minimum()) {
    throw ThresholdError("unknown limit " + quoted(text) + "; did you mean '" + name_of(*limit) +
                         "'?");
  }
  return *limit;
}

std::string name_of(const LimitName& limit) {
  const std::string statistic = statistic_of(limit, '_');
  return (limit.is_minimum() ? "min_" : "max_") + std::string(describe(limit.metric).name) +
         (statistic.empty() ? "" : "_" + statistic);
}

std::string variable_of(const LimitName& limit) {
  std::string name = "SQUALL_" + name_of(limit);
  for (char& letter : name)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return name;
}

std::string words_of(const LimitName& limit, const std::string& baseline) {
  const std::string statistic = statistic_of(limit, '.');
  return std::string(describe(limit.metric).name) + (statistic.empty() ? "" : " " + statistic) +
         (baseline.empty() ? "" : " over " + baseline) + (limit.is_minimum() ? " >= " : " <= ");
}

LimitChange parse_limit_change(std::string_view text, const LimitName& limit) {
  text = trimmed(text);
  LimitChange change;
  change.text = text;
  if (text == "off") {
    change.kind = LimitChange::Kind::off;
    return change;
  }
  if (text.starts_with('*')) {
    const std::string wanted = "a factor such as \"*1.5\"";
    const Quantity factor = parse_quantity(text.substr(1), wanted);
    if (!factor.unit.empty() || factor.number == 0 || factor.number > largest_factor) {
      throw ThresholdError(quoted(text) + " must be " + wanted +
                           ", above 0, at most 1000000 and without a unit");
    }
    change.kind = LimitChange::Kind::relative;
    change.value = factor.number;
    return change;
  }
  std::string_view number = text;
  if (limit.metric == Metric::speedup) {
    const std::size_t over = text.find(" over ");
    if (over == std::string_view::npos || trimmed(text.substr(over + 6)).empty()) {
      throw ThresholdError("a speed-up names its baseline, as in \"1.2 over main\"; got " +
                           quoted(text));
    }
    change.baseline = trimmed(text.substr(over + 6));
    if (change.baseline.find_first_of(" \t\r\n<>=!,") != std::string::npos) {
      throw ThresholdError("a baseline's name has no blanks, commas or comparisons; got " +
                           quoted(change.baseline));
    }
    number = text.substr(0, over);
  }
  change.value = read_limit(number, limit.metric);
  return change;
}

}  // namespace squall::scenarios
