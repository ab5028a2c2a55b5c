#include "scenarios/thresholds/threshold_table.hpp"

#include <algorithm>
#include <cassert>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_reader.hpp"
#include "scenarios/thresholds/json_document.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr auto top_keys = std::to_array<string_view>({"base", "hardware", "model", "environment"});

/// A value as people may write it: 100 and "100" are the same.
std::optional<std::string> text_of(const DocumentEntry& entry, Mistakes& mistakes) {
  const DocumentNode& value = entry.value;
  if (value.kind == Kind::text) return value.text;
  if (value.kind == Kind::integer || value.kind == Kind::real) return shown(value);
  mistakes.add(value.place, wrong_kind(entry, "a limit such as \"300ms\", \"*1.5\" or \"off\""));
  return std::nullopt;
}

template <class Key>
void replace_rules(std::map<Key, LimitRules>& rules, const std::map<Key, LimitRules>& others);

void replace_rules(LimitRules& rules, const LimitRules& others) {
  for (const LimitRule& other : others) {
    const auto same = std::find_if(rules.begin(), rules.end(), [&](const LimitRule& rule) {
      return rule.limit == other.limit;
    });
    if (same == rules.end())
      rules.push_back(other);
    else
      *same = other;
  }
}

template <class Key>
void replace_rules(std::map<Key, LimitRules>& rules, const std::map<Key, LimitRules>& others) {
  for (const auto& [key, each] : others) replace_rules(rules[key], each);
}

void add_sources(LimitRules& rules, const std::string& file) {
  for (LimitRule& rule : rules) rule.source = file + ":" + std::to_string(rule.line);
}

LimitRules read_part(const DocumentEntry& entry, const std::string& title, const std::string& file,
                     Mistakes& mistakes) {
  if (entry.value.kind != Kind::table) {
    mistakes.add(entry.value.place, wrong_kind(entry, "a table of limits, such as " + title));
    return {};
  }
  LimitRules rules = read_limit_rules(TableReader(entry.value, title, mistakes), {});
  add_sources(rules, file);
  return rules;
}

/// The tables below [hardware], [model] or [environment], by their names.
template <class Key, std::size_t count, class Find>
void read_parts(const DocumentNode& root, string_view part, const std::array<Key, count>& keys,
                Find find, std::map<Key, LimitRules>& rules, const std::string& file,
                Mistakes& mistakes) {
  const DocumentEntry* const entry = root.find(part);
  if (entry == nullptr) return;
  std::vector<string_view> names;
  for (const Key key : keys) names.push_back(name_of(key));
  const std::string example = "[" + std::string(part) + "." + std::string(names.front()) + "]";
  if (entry->value.kind != Kind::table) {
    mistakes.add(entry->value.place, wrong_kind(*entry, "tables such as " + example));
    return;
  }
  for (const DocumentEntry& each : entry->value.entries) {
    const auto key = find(each.key);
    if (!key) {
      mistakes.add(each.key_place, "unknown " + std::string(part) + " " + quoted(each.key) +
                                       nearest_or_all(each.key, names, "names"));
      continue;
    }
    const std::string title = "[" + std::string(part) + "." + each.key + "]";
    rules[*key] = read_part(each, title, file, mistakes);
  }
}

bool is_json(const std::string& file) { return file.ends_with(".json"); }

}  // namespace

string_view name_of(Environment environment) {
  switch (environment) {
    case Environment::development:
      return "development";
    case Environment::ci:
      return "ci";
    case Environment::staging:
      return "staging";
    case Environment::production:
      return "production";
    case Environment::benchmarking:
      return "benchmarking";
  }
  assert(false);
  return {};
}

std::optional<Environment> find_environment(string_view name) {
  for (const Environment each : all_environments)
    if (name_of(each) == name) return each;
  return std::nullopt;
}

LimitRules read_limit_rules(const TableReader& reader, std::span<const string_view> others) {
  LimitRules rules;
  for (const DocumentEntry& entry : reader.entries()) {
    if (std::find(others.begin(), others.end(), entry.key) != others.end()) continue;
    try {
      LimitRule rule;
      rule.limit = parse_limit_name(entry.key);
      rule.line = entry.key_place.line;
      const auto text = text_of(entry, reader.mistakes());
      if (!text) continue;
      try {
        rule.change = parse_limit_change(*text, rule.limit);
        rules.push_back(std::move(rule));
      } catch (const ThresholdError& error) {
        reader.mistakes().add(entry.value.place, quoted(entry.key) + ": " + error.what());
      }
    } catch (const ThresholdError& error) {
      reader.mistakes().add(entry.key_place, error.what());
    }
  }
  return rules;
}

void ThresholdTable::replace_by(const ThresholdTable& other) {
  replace_rules(base, other.base);
  replace_rules(hardware, other.hardware);
  replace_rules(model, other.model);
  replace_rules(environment, other.environment);
}

ThresholdTable parse_threshold_table(string_view text, const std::string& file) {
  const DocumentNode root =
      is_json(file) ? parse_json_document(text, file) : parse_toml_document(text, file);
  Mistakes mistakes;
  ThresholdTable table;
  TableReader(root, "a file of thresholds", mistakes).refuse_unknown_keys(top_keys, {});
  if (const DocumentEntry* const base = root.find("base"))
    table.base = read_part(*base, "[base]", file, mistakes);
  read_parts(root, "hardware", all_hardware_classes, find_hardware_class, table.hardware, file,
             mistakes);
  read_parts(root, "model", all_model_sizes, find_model_size, table.model, file, mistakes);
  read_parts(root, "environment", all_environments, find_environment, table.environment, file,
             mistakes);
  if (!mistakes.empty()) throw ScenarioError(file, mistakes.take());
  return table;
}

const ThresholdTable& default_thresholds() {
  static const ThresholdTable table =
      parse_threshold_table(default_thresholds_text(), "defaults.toml");
  return table;
}

}  // namespace squall::scenarios
