#include "scenarios/schema/scenario_sections.hpp"

#include <array>
#include <limits>

#include "scenarios/schema/distribution_reader.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr std::array<string_view, 10> file_keys{"name",    "description", "seed",     "thresholds",
                                                "target",  "users",       "arrivals", "prompts",
                                                "answers", "phases"};
constexpr std::array<string_view, 8> target_keys{
    "kind",      "model",   "device",      "threads",
    "max_batch", "timeout", "temperature", "stop_at_end_token"};
constexpr std::array<string_view, 3> users_keys{"count", "ramp", "think_time"};
constexpr std::array<string_view, 2> arrivals_keys{"process", "rate"};
constexpr std::array<string_view, 2> prompts_keys{"file", "tokens"};
constexpr std::array<string_view, 1> answers_keys{"tokens"};
constexpr std::array<string_view, 3> phases_keys{"warm_up", "measure", "drain"};

constexpr string_view top_title = "the top of the file, above its first [table]";
constexpr Section target_section{"[target]", target_keys};
constexpr Section users_section{"[users]", users_keys};
constexpr Section arrivals_section{"[arrivals]", arrivals_keys};
constexpr Section prompts_section{"[prompts]", prompts_keys};
constexpr Section answers_section{"[answers]", answers_keys};
constexpr Section phases_section{"[phases]", phases_keys};
constexpr std::array<Section, 7> sections{Section{top_title, file_keys},
                                          target_section,
                                          users_section,
                                          arrivals_section,
                                          prompts_section,
                                          answers_section,
                                          phases_section};

constexpr double days = 24 * 3600;
constexpr NumberRange any_duration{0, 30 * days};
constexpr NumberRange positive_duration{0, 30 * days, true};
constexpr double most_arrivals = 50e6;  // 16 bytes each: what one agent can hold without harm
constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_path = 1000;

template <class T, class U>
void assign(T& field, const std::optional<U>& value) {
  if (value) field = static_cast<T>(*value);
}

// Gives `read` a reader of the section when the file has it.
template <class Read>
void with_section(const DocumentNode& root, const Section& section, string_view key,
                  Mistakes& mistakes, Read read) {
  const DocumentEntry* const entry = root.find(key);
  if (entry == nullptr) return;
  const std::string title(section.title);
  if (entry->value.kind != Kind::table) {
    mistakes.add(entry->key_place, wrong_kind(*entry, "a table, opened by the line " + title));
    return;
  }
  const TableReader reader(entry->value, title, mistakes);
  reader.refuse_unknown_keys(section.keys, sections);
  read(reader);
}

void read_distribution_into(const TableReader& reader, string_view key, DistributionUnit unit,
                            Distribution& field) {
  if (const DocumentEntry* const entry = reader.find(key)) {
    assign(field, read_distribution(*entry, unit, reader.mistakes()));
  }
}

void read_target(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 1> kinds{"engine"};
  constexpr std::array<string_view, 2> devices{"auto", "cpu"};  // in the order of Device
  reader.choice("kind", kinds, "kinds (others are not built yet)");
  reader.require("model", "model = \"synthetic:llama-15m/q8_0\", or the path or name of a model");
  assign(target.model, reader.line("model", longest_path));
  assign(target.device, reader.choice("device", devices, "devices"));
  assign(target.threads, reader.whole("threads", 0, 1024));
  assign(target.max_batch, reader.whole("max_batch", 1, 1024));
  assign(target.timeout, reader.duration("timeout", positive_duration));
  assign(target.temperature, reader.number("temperature", {0, 5}));
  assign(target.stop_at_end_token, reader.flag("stop_at_end_token"));
}

ClosedUsers read_users(const TableReader& reader) {
  ClosedUsers users;
  assign(users.count, reader.whole("count", 1, 1'000'000));
  assign(users.ramp, reader.duration("ramp", any_duration));
  read_distribution_into(reader, "think_time", DistributionUnit::seconds, users.think_time);
  return users;
}

OpenArrivals read_arrivals(const TableReader& reader) {
  constexpr std::array<string_view, 2> processes{"constant", "poisson"};  // in the order of Process
  OpenArrivals arrivals;
  assign(arrivals.process, reader.choice("process", processes, "processes"));
  reader.require("rate", "rate = 5.0, in arrivals per second");
  assign(arrivals.rate, reader.number("rate", {0, 1'000'000, true}));
  return arrivals;
}

void read_prompts(const TableReader& reader, Prompts& prompts) {
  const DocumentEntry* const file = reader.find("file");
  const DocumentEntry* const tokens = reader.find("tokens");
  if (file != nullptr && tokens != nullptr) {
    const bool tokens_later = tokens->key_place.line > file->key_place.line ||
                              (tokens->key_place.line == file->key_place.line &&
                               tokens->key_place.column > file->key_place.column);
    reader.mistakes().add((tokens_later ? tokens : file)->key_place,
                          "[prompts] takes 'file' or 'tokens', not both; remove one of them");
  }
  if (file != nullptr) {
    if (auto path = reader.line("file", longest_path)) prompts = PromptsFromFile{std::move(*path)};
  }
  if (tokens != nullptr) {
    SyntheticPrompts synthetic;
    read_distribution_into(reader, "tokens", DistributionUnit::tokens, synthetic.tokens);
    if (file == nullptr) prompts = synthetic;
  }
}

void read_phases(const TableReader& reader, Phases& phases) {
  assign(phases.warm_up, reader.duration("warm_up", any_duration));
  assign(phases.measure, reader.duration("measure", positive_duration));
  assign(phases.drain, reader.duration("drain", any_duration));
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
    } catch (const ThresholdError& error) {
      mistakes.add(item.place, error.what());
    }
  }
}

void read_load(const DocumentNode& root, Scenario& scenario, Mistakes& mistakes) {
  const DocumentEntry* const users = root.find("users");
  const DocumentEntry* const arrivals = root.find("arrivals");
  if (users == nullptr && arrivals == nullptr) {
    mistakes.add({},
                 "the file says no load; add [users] (each waits for its answer) or [arrivals] "
                 "(requests at a rate)");
  }
  if (users != nullptr && arrivals != nullptr) {
    const bool users_later = users->key_place.line > arrivals->key_place.line;
    mistakes.add((users_later ? users : arrivals)->key_place,
                 "a scenario has [users] or [arrivals], not both; remove one of them");
  }
  with_section(root, users_section, "users", mistakes,
               [&](const TableReader& reader) { scenario.load = read_users(reader); });
  with_section(root, arrivals_section, "arrivals", mistakes,
               [&](const TableReader& reader) { scenario.load = read_arrivals(reader); });
}

// The place of a key's value, for mistakes that only several values together make.
Place place_of(const DocumentNode& root, string_view section, string_view key) {
  const DocumentEntry* const table = root.find(section);
  if (table == nullptr) return {};
  const DocumentEntry* const entry = table->value.find(key);
  return entry == nullptr ? table->value.place : entry->value.place;
}

void check_together(const DocumentNode& root, const Scenario& scenario, Mistakes& mistakes) {
  const nanoseconds load_time = scenario.phases.warm_up + scenario.phases.measure;
  const double seconds = static_cast<double>(load_time.count()) / 1e9;
  if (const auto* users = std::get_if<ClosedUsers>(&scenario.load)) {
    if (users->ramp > load_time) {
      mistakes.add(place_of(root, "users", "ramp"),
                   "'ramp' is longer than warm_up + measure (" + shown(seconds) +
                       "s): the last users would never start; shorten it or lengthen the phases");
    }
    return;
  }
  const double expected = std::get<OpenArrivals>(scenario.load).rate * seconds;
  if (expected > most_arrivals) {
    mistakes.add(place_of(root, "arrivals", "rate"),
                 "'rate' for warm_up + measure (" + shown(seconds) + "s) plans " + shown(expected) +
                     " arrivals, and a run has at most 50 million; lower the rate or shorten the "
                     "phases");
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
  read_load(root, scenario, mistakes);
  with_section(root, prompts_section, "prompts", mistakes,
               [&](const TableReader& table) { read_prompts(table, scenario.prompts); });
  with_section(root, answers_section, "answers", mistakes, [&](const TableReader& table) {
    read_distribution_into(table, "tokens", DistributionUnit::tokens, scenario.answers.tokens);
  });
  with_section(root, phases_section, "phases", mistakes,
               [&](const TableReader& table) { read_phases(table, scenario.phases); });
  check_together(root, scenario, mistakes);
  return scenario;
}

}  // namespace squall::scenarios
