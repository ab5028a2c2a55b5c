#include "scenarios/thresholds/adaptive_thresholds.hpp"

#include <algorithm>
#include <cassert>

#include "scenarios/thresholds/limit_value.hpp"

namespace squall::scenarios {

namespace {

using Kind = LimitChange::Kind;

const LimitRule* find_rule(const LimitRules& rules, const LimitName& limit) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const LimitRule& rule) { return rule.limit == limit; });
  return found == rules.end() ? nullptr : &*found;
}

template <class Key>
const LimitRule* find_rule(const std::map<Key, LimitRules>& parts, Key key,
                           const LimitName& limit) {
  const auto part = parts.find(key);
  return part == parts.end() ? nullptr : find_rule(part->second, limit);
}

template <class Key>
bool depends_on(const std::map<Key, LimitRules>& parts, const LimitName& limit) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const auto& part) { return find_rule(part.second, limit) != nullptr; });
}

void add_limits(std::vector<LimitName>& limits, const LimitRules& rules) {
  for (const LimitRule& rule : rules)
    if (std::find(limits.begin(), limits.end(), rule.limit) == limits.end())
      limits.push_back(rule.limit);
}

/// In the order in which the table first names them.
std::vector<LimitName> limits_of(const ThresholdTable& table, const LimitRules& overrides) {
  std::vector<LimitName> limits;
  add_limits(limits, table.base);
  for (const auto& [key, rules] : table.hardware) add_limits(limits, rules);
  for (const auto& [key, rules] : table.model) add_limits(limits, rules);
  for (const auto& [key, rules] : table.environment) add_limits(limits, rules);
  add_limits(limits, overrides);
  return limits;
}

/// One limit on its way through the rules.
struct Course {
  LimitName limit;
  std::optional<double> value;
  std::string baseline;
  std::vector<ThresholdStep> steps;

  void apply(const LimitRule* rule, const std::string& part) {
    if (rule == nullptr) return;
    const LimitChange& change = rule->change;
    if (change.kind == Kind::relative && !value) return;  // nothing to change
    if (change.kind == Kind::off) {
      value.reset();
    } else if (change.kind == Kind::absolute) {
      value = change.value;
      baseline = change.baseline;
    } else {
      *value *= change.value;
      value = std::min(*value, largest_limit(limit.metric));
    }
    steps.push_back({part + ": " + change.text, rule->source, value});
  }
};

/// What followed the limit goes on to: ", else abort after 30s", as it was written.
std::string consequence_of(const Threshold& threshold) {
  const std::size_t comma = threshold.text.find(',');
  return comma == std::string::npos ? "" : threshold.text.substr(comma);
}

bool sets_anew(const LimitRule* rule) {
  return rule != nullptr && rule->change.kind != Kind::relative;
}

void write_text(ResolvedThreshold& resolved, const LimitName& limit) {
  Threshold& threshold = resolved.threshold;
  threshold.comparison =
      limit.is_minimum() ? Threshold::Comparison::at_least : Threshold::Comparison::at_most;
  threshold.text = words_of(limit, threshold.baseline) +
                   written_limit(threshold.limit, limit.metric) + consequence_of(threshold);
}

Threshold threshold_of(const LimitName& limit, double value, const std::string& baseline) {
  Threshold threshold{};
  threshold.metric = limit.metric;
  threshold.statistic = limit.statistic;
  threshold.percentile = limit.percentile;
  threshold.comparison =
      limit.is_minimum() ? Threshold::Comparison::at_least : Threshold::Comparison::at_most;
  threshold.limit = value;
  threshold.baseline = baseline;
  return threshold;
}

/// Why the limit is a guess: what the table has to know for it is not known.
std::string guess_of(const ThresholdTable& table, const Situation& situation,
                     const LimitName& limit) {
  const bool hardware =
      situation.hardware.hardware == HardwareClass::unknown && depends_on(table.hardware, limit);
  const bool model = situation.model == ModelSize::unknown && depends_on(table.model, limit);
  if (!hardware && !model) return {};
  const std::string what = hardware && model ? "hardware and the model's size are"
                           : hardware        ? "hardware is"
                                             : "model's size is";
  return "the " + what + " unknown, so this limit is a conservative guess";
}

}  // namespace

std::vector<ResolvedThreshold> resolve_adaptive(const ThresholdTable& table,
                                                const Situation& situation,
                                                const LimitRules& overrides) {
  std::vector<ResolvedThreshold> all;
  for (const LimitName& limit : limits_of(table, overrides)) {
    Course course{limit, {}, {}, {}};
    const auto hardware = situation.hardware.hardware;
    course.apply(find_rule(table.base, limit), "base");
    course.apply(find_rule(table.hardware, hardware, limit),
                 "hardware " + std::string(name_of(hardware)));
    course.apply(find_rule(table.model, situation.model, limit),
                 "model " + std::string(name_of(situation.model)));
    std::string guess = guess_of(table, situation, limit);
    const LimitRule* const environment = find_rule(table.environment, situation.environment, limit);
    course.apply(environment, "environment " + std::string(name_of(situation.environment)));
    if (sets_anew(environment)) guess.clear();
    for (const LimitRule& rule : overrides) {
      if (rule.limit != limit) continue;
      course.apply(&rule, "override");
      if (sets_anew(&rule)) guess.clear();
    }
    if (!course.value) continue;
    ResolvedThreshold resolved{threshold_of(limit, *course.value, course.baseline),
                               std::move(course.steps),
                               std::move(guess),
                               {},
                               0};
    write_text(resolved, limit);
    all.push_back(std::move(resolved));
  }
  return all;
}

bool apply_override(ResolvedThreshold& resolved, const LimitRule& rule) {
  Threshold& threshold = resolved.threshold;
  assert(threshold.window.count() == 0);  // no limit's name means stretches
  // What a speed-up misses is its baseline; its limit is known.
  const bool has_limit = resolved.missing.empty() || threshold.metric == Metric::speedup;
  const bool known = has_limit && threshold.source == Threshold::Source::absolute;
  Course course{rule.limit, {}, threshold.baseline, std::move(resolved.steps)};
  if (known) course.value = threshold.limit;
  course.apply(&rule, "override");
  resolved.steps = std::move(course.steps);
  if (rule.change.kind == Kind::off) return false;
  if (!course.value) return true;
  threshold.limit = *course.value;
  threshold.baseline = course.baseline;
  threshold.source = Threshold::Source::absolute;
  threshold.factor = 0;
  if (sets_anew(&rule)) resolved.guess.clear();
  resolved.missing.clear();
  write_text(resolved, rule.limit);
  return true;
}

std::optional<LimitName> limit_name_of(const Threshold& threshold) {
  const LimitName limit{threshold.metric, threshold.statistic, threshold.percentile};
  if (threshold.window.count() > 0 || limit.is_minimum() == threshold.is_upper())
    return std::nullopt;
  return limit;
}

}  // namespace squall::scenarios
