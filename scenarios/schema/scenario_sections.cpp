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
constexpr std::array<string_view, 20> target_keys{"kind",
                                                  "model",
                                                  "model_choice",
                                                  "fallback",
                                                  "sources",
                                                  "sha256",
                                                  "device",
                                                  "threads",
                                                  "max_batch",
                                                  "prefill_chunk",
                                                  "kv_format",
                                                  "kv_memory",
                                                  "reuse_prefixes",
                                                  "timeout",
                                                  "temperature",
                                                  "top_k",
                                                  "top_p",
                                                  "min_p",
                                                  "repetition_penalty",
                                                  "stop_at_end_token"};
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
constexpr std::uint64_t least_kv_memory = std::uint64_t{1} << 20;
constexpr std::uint64_t most_kv_memory = std::uint64_t{1} << 50;
constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_path = 1000;
constexpr std::size_t longest_address = 4000;
constexpr std::size_t most_sources = 16;
constexpr string_view synthetic_prefix = "synthetic:";

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

// An address whose answer may be changed on its way is as good as the checksum that is known.
void check_source(const DocumentNode& item, bool checked, Mistakes& mistakes) {
  const string_view text = item.text;
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    mistakes.add(item.place, "'sources': " + quoted(text) +
                                 " is no address; each begins with https:// or http://");
  } else if (text.size() > longest_address ||
             text.find_first_of(" \t\r\n\x7f") != string_view::npos) {
    mistakes.add(item.place, "'sources': an address has no spaces and at most " +
                                 std::to_string(longest_address) + " bytes; got " + quoted(text));
  } else if (text.starts_with("http://") && !checked) {
    mistakes.add(item.place,
                 "'sources': what http:// brings may have been changed on its way; add sha256 = "
                 "\"…\", or use https://");
  }
}

void read_sources(const TableReader& reader, TargetSettings& target) {
  constexpr string_view wanted = "an array of addresses such as [\"https://…/model.gguf\"]";
  const DocumentEntry* const entry = reader.find("sources");
  if (entry == nullptr) return;
  Mistakes& mistakes = reader.mistakes();
  if (entry->value.kind != Kind::array) {
    mistakes.add(entry->value.place, wrong_kind(*entry, wanted));
    return;
  }
  if (entry->value.items.size() > most_sources) {
    mistakes.add(entry->value.place, "'sources' takes at most 16 addresses");
    return;
  }
  for (const DocumentNode& item : entry->value.items) {
    if (item.kind != Kind::text) {
      mistakes.add(item.place, "'sources': expected an address in quotes, found " +
                                   std::string(kind_name(item)));
      continue;
    }
    check_source(item, reader.find("sha256") != nullptr, mistakes);
    target.sources.push_back(item.text);
  }
}

void read_sha256(const TableReader& reader, TargetSettings& target) {
  auto digits = reader.line("sha256", longest_name);
  if (!digits) return;
  for (char& digit : *digits) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  if (digits->size() != 64 || digits->find_first_not_of("0123456789abcdef") != std::string::npos) {
    reader.mistakes().add(reader.find("sha256")->value.place,
                          "'sha256' must be 64 hexadecimal digits, as sha256sum prints them");
    return;
  }
  target.sha256 = std::move(*digits);
}

void read_model(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 3> choices{"real", "prefer-real", "synthetic"};
  reader.require("model", "model = \"synthetic:llama-15m/q8_0\", or the path or name of a model");
  assign(target.model, reader.line("model", longest_path));
  if (const auto choice = reader.choice("model_choice", choices, "choices")) {
    target.model_choice = static_cast<ModelChoice>(*choice);
    if (target.model_choice != ModelChoice::synthetic &&
        target.model.starts_with(synthetic_prefix)) {
      reader.mistakes().add(reader.find("model_choice")->value.place,
                            "'model' names a synthetic model, which is no real one; write that "
                            "as 'fallback', and the path or name of the real one as 'model'");
    }
  }
  if (auto fallback = reader.line("fallback", longest_path)) {
    target.fallback = std::move(*fallback);
    if (!target.fallback.starts_with(synthetic_prefix)) {
      reader.mistakes().add(reader.find("fallback")->value.place,
                            "'fallback' must be a synthetic model such as "
                            "\"synthetic:llama-15m/q8_0\"");
    }
  }
  read_sha256(reader, target);
  read_sources(reader, target);
}

void read_target(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 1> kinds{"engine"};
  constexpr std::array<string_view, 2> devices{"auto", "cpu"};            // in the order of Device
  constexpr std::array<string_view, 3> kv_formats{"f16", "q8_0", "f32"};  // of KvFormat
  reader.choice("kind", kinds, "kinds (others are not built yet)");
  read_model(reader, target);
  assign(target.device, reader.choice("device", devices, "devices"));
  assign(target.threads, reader.whole("threads", 0, 1024));
  assign(target.max_batch, reader.whole("max_batch", 1, 1024));
  assign(target.prefill_chunk, reader.whole("prefill_chunk", 1, 4096));
  assign(target.kv_format, reader.choice("kv_format", kv_formats, "formats"));
  assign(target.kv_memory, reader.bytes("kv_memory", least_kv_memory, most_kv_memory));
  assign(target.reuse_prefixes, reader.flag("reuse_prefixes"));
  assign(target.timeout, reader.duration("timeout", positive_duration));
  assign(target.temperature, reader.number("temperature", {0, 5}));
  assign(target.top_k, reader.whole("top_k", 0, 1'000'000));
  assign(target.top_p, reader.number("top_p", {0, 1}));
  assign(target.min_p, reader.number("min_p", {0, 1}));
  assign(target.repetition_penalty, reader.number("repetition_penalty", {0, 10, true}));
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
