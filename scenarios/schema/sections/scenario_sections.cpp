#include "scenarios/schema/sections/scenario_sections.hpp"

#include <limits>

#include "scenarios/schema/sections/agents_section.hpp"
#include "scenarios/schema/sections/load_section.hpp"
#include "scenarios/schema/sections/prompts_section.hpp"
#include "scenarios/schema/sections/section_table.hpp"
#include "scenarios/schema/sections/target_section.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

void read_phases(const TableReader& reader, Phases& phases) {
  assign(phases.warm_up, reader.duration("warm_up", any_duration));
  assign(phases.measure, reader.duration("measure", positive_duration));
  assign(phases.drain, reader.duration("drain", any_duration));
}

void read_accuracy(const TableReader& reader, AccuracyCheck& accuracy) {
  reader.require("sample", "sample = 0.02, the share of requests that are asked again");
  assign(accuracy.sample, reader.number("sample", {0, 1, true}));
  assign(accuracy.time_limit, reader.duration("time_limit", positive_duration));
}

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
  return {};
}

void read_thresholds(const DocumentNode& root, std::vector<Threshold>& thresholds,
                     Mistakes& mistakes) {
  constexpr string_view wanted = "an array of strings such as [\"ttft p95 < 300ms\"]";
  const DocumentEntry* const entry = root.find("thresholds");
  if (entry == nullptr) return;
  if (entry->value.kind != Kind::array) {
    mistakes.add(entry->value.place, wrong_kind(*entry, wanted));
    return;
  }
  for (const DocumentNode& item : entry->value.items) {
    if (item.kind != Kind::text) {
      mistakes.add(item.place,
                   "'thresholds': expected a string such as \"ttft p95 < 300ms\", found " +
                       std::string(kind_name(item)));
      continue;
    }
    try {
      thresholds.push_back(parse_threshold(item.text));
      const std::string mistake = mistake_of_threshold(root, thresholds.back().metric);
      if (!mistake.empty()) mistakes.add(item.place, mistake);
    } catch (const ThresholdError& error) {
      mistakes.add(item.place, error.what());
    }
  }
}

}  // namespace

Scenario read_scenario(const DocumentNode& root, Mistakes& mistakes) {
  Scenario scenario;
  const TableReader reader(root, "the file", mistakes);
  reader.refuse_unknown_keys(file_keys, sections);
  reader.require("name", "name = \"…\" as its first line");
  assign(scenario.name, reader.line("name", longest_name));
  assign(scenario.description, reader.text("description"));
  assign(scenario.seed, reader.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
  read_thresholds(root, scenario.thresholds, mistakes);

  reader.require("target", "[target] with model = \"synthetic:llama-15m/q8_0\"");
  with_section(root, target_section, "target", mistakes,
               [&](const TableReader& table) { read_target(table, scenario.target); });
  read_load(root, scenario.load, mistakes);
  read_categories(root, scenario.categories, mistakes);
  with_section(root, accuracy_section, "accuracy", mistakes,
               [&](const TableReader& table) { read_accuracy(table, scenario.accuracy); });
  with_section(root, agents_section, "agents", mistakes,
               [&](const TableReader& table) { read_agents(table, scenario.agents); });
  with_section(root, phases_section, "phases", mistakes,
               [&](const TableReader& table) { read_phases(table, scenario.phases); });
  check_load(root, scenario, mistakes);
  return scenario;
}

}  // namespace squall::scenarios
