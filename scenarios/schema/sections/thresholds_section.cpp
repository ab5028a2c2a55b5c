#include "scenarios/schema/sections/thresholds_section.hpp"

#include <algorithm>

#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

// A threshold on what this scenario does not measure could never be judged.
std::string mistake_of_threshold(const DocumentNode& root, Metric metric) {
  if (metric == Metric::accuracy && root.find("accuracy") == nullptr) {
    return "nothing measures 'accuracy' here; add accuracy = { sample = 0.02 } above";
  }
  const DocumentEntry* const target = root.find("target");
  const bool cached = target != nullptr && target->value.find("cache") != nullptr;
  if (metric == Metric::cache_hit && !cached) {
    return "nothing measures 'cache_hit' here; add [target.cache] with time_to_live = \"1m\"";
  }
  const bool of_levels = metric == Metric::goodput || metric == Metric::slo_attainment;
  if (of_levels && root.find("slo") == nullptr) {
    return "nothing says which requests are good here; add slo = [\"ttft < 300ms\"] above";
  }
  return {};
}

// The texts of an array of strings, each with its place.
std::vector<const DocumentNode*> texts_of(const DocumentEntry& entry, const std::string& example,
                                          Mistakes& mistakes) {
  std::vector<const DocumentNode*> texts;
  if (entry.value.kind != Kind::array) {
    mistakes.add(entry.value.place,
                 wrong_kind(entry, "an array of strings such as [" + example + "]"));
    return texts;
  }
  for (const DocumentNode& item : entry.value.items) {
    if (item.kind == Kind::text) {
      texts.push_back(&item);
    } else {
      mistakes.add(item.place, "'" + entry.key + "': expected a string such as " + example +
                                   ", found " + std::string(kind_name(item)));
    }
  }
  return texts;
}

void read_lines(const DocumentNode& root, Scenario& scenario, Mistakes& mistakes) {
  const DocumentEntry* const entry = root.find("thresholds");
  if (entry == nullptr) return;
  for (const DocumentNode* const item : texts_of(*entry, "\"ttft p95 < 300ms\"", mistakes)) {
    if (item->text == "adaptive") {
      scenario.adaptive.wanted = true;
      continue;
    }
    try {
      Threshold threshold = parse_threshold(item->text);
      const std::string mistake = mistake_of_threshold(root, threshold.metric);
      if (!mistake.empty()) mistakes.add(item->place, mistake);
      scenario.thresholds.push_back(std::move(threshold));
      scenario.threshold_lines.push_back(item->place.line);
    } catch (const ThresholdError& error) {
      mistakes.add(item->place, error.what());
    }
  }
}

void read_service_levels(const DocumentNode& root, std::vector<Threshold>& levels,
                         Mistakes& mistakes) {
  const DocumentEntry* const entry = root.find("slo");
  if (entry == nullptr) return;
  for (const DocumentNode* const item : texts_of(*entry, "\"ttft < 300ms\"", mistakes)) {
    try {
      Threshold level = parse_service_level(item->text);
      const bool twice = std::any_of(levels.begin(), levels.end(), [&](const Threshold& other) {
        return other.metric == level.metric;
      });
      if (twice) {
        mistakes.add(item->place, "there is another SLO for '" +
                                      std::string(describe(level.metric).name) +
                                      "'; a request has to keep both, so remove the looser one");
      }
      levels.push_back(std::move(level));
    } catch (const ThresholdError& error) {
      mistakes.add(item->place, error.what());
    }
  }
  if (entry->value.kind == Kind::array && entry->value.items.empty())
    mistakes.add(entry->value.place, "'slo' must not be empty; write slo = [\"ttft < 300ms\"]");
}

template <class Value, class All>
void read_choice(const TableReader& reader, string_view key, const All& all, string_view plural,
                 std::optional<Value>& field) {
  std::vector<string_view> names;
  for (const Value each : all) names.push_back(name_of(each));
  if (const auto index = reader.choice(key, names, plural)) field = all[*index];
}

void read_adaptive(const DocumentNode& root, AdaptiveSettings& adaptive, Mistakes& mistakes) {
  const DocumentEntry* const entry = root.find("adaptive");
  if (entry == nullptr) return;
  if (entry->value.kind != Kind::table) {
    mistakes.add(entry->key_place, wrong_kind(*entry, "a table, opened by the line [adaptive]"));
    return;
  }
  if (!adaptive.wanted) {
    mistakes.add(entry->key_place,
                 "[adaptive] has no meaning without thresholds = [\"adaptive\"] above; add it, or "
                 "remove the table");
  }
  const TableReader reader(entry->value, "[adaptive]", mistakes);
  read_choice(reader, "environment", all_environments, "environments", adaptive.environment);
  read_choice(reader, "hardware", all_hardware_classes, "classes", adaptive.hardware);
  read_choice(reader, "model_size", all_model_sizes, "sizes", adaptive.model_size);
  assign(adaptive.file, reader.line("file", longest_path));
  adaptive.overrides = read_limit_rules(reader, adaptive_keys);
}

}  // namespace

void read_thresholds(const DocumentNode& root, Scenario& scenario, Mistakes& mistakes) {
  read_lines(root, scenario, mistakes);
  read_service_levels(root, scenario.service_levels, mistakes);
  read_adaptive(root, scenario.adaptive, mistakes);
}

}  // namespace squall::scenarios
