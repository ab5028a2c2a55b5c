#include "scenarios/schema/sections/scenario_sections.hpp"

#include <limits>

#include "scenarios/schema/sections/agents_section.hpp"
#include "scenarios/schema/sections/load_section.hpp"
#include "scenarios/schema/sections/prompts_section.hpp"
#include "scenarios/schema/sections/section_table.hpp"
#include "scenarios/schema/sections/target_section.hpp"
#include "scenarios/schema/sections/thresholds_section.hpp"

namespace squall::scenarios {

namespace {

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

}  // namespace

Scenario read_scenario(const DocumentNode& root, Mistakes& mistakes) {
  Scenario scenario;
  const TableReader reader(root, "the file", mistakes);
  reader.refuse_unknown_keys(file_keys, sections);
  reader.require("name", "name = \"…\" as its first line");
  assign(scenario.name, reader.line("name", longest_name));
  assign(scenario.description, reader.text("description"));
  assign(scenario.seed, reader.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
  read_thresholds(root, scenario, mistakes);

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
