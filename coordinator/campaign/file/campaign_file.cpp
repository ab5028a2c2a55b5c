#include "coordinator/campaign/file/campaign_file.hpp"

#include <algorithm>
#include <array>

#include "coordinator/campaign/file/matrix_reader.hpp"
#include "coordinator/compare/gate.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::coordinator {

using namespace scenarios;
using Kind = DocumentNode::Kind;

namespace {

constexpr auto campaign_keys = std::to_array<std::string_view>(
    {"name", "description", "scenario", "set", "options", "replace", "variants", "matrix",
     "exclude", "order", "seed", "repeats", "cool_down", "budget", "stop", "gate"});
constexpr auto variant_keys =
    std::to_array<std::string_view>({"name", "scenario", "set", "replace"});
constexpr auto stop_keys = std::to_array<std::string_view>({"failures", "regression"});
constexpr auto gate_keys = std::to_array<std::string_view>({"figures", "only"});
// Tables that may take the place of a scenario's own.
constexpr auto replaceable = std::to_array<std::string_view>(
    {"target", "users", "arrivals", "trace", "prompts", "answers", "categories", "agents", "phases",
     "adaptive", "thresholds", "slo"});
constexpr auto orders = std::to_array<std::string_view>({"as-written", "random", "interleaved"});
// What a campaign says itself, or what its runs must not be told.
constexpr auto taken_options = std::to_array<std::string_view>(
    {"--set", "--store", "--state", "--no-store", "--json", "--resume", "--repeat", "--against",
     "--ab", "--ab-set", "--budget", "--at-most", "--gate", "--help", "--version"});

constexpr Section campaign_section{"the top of the file, above its first [table]", campaign_keys};
constexpr Section variant_section{"[[variants]]", variant_keys};
constexpr Section stop_section{"[stop]", stop_keys};
constexpr Section gate_section{"[gate]", gate_keys};
constexpr std::array sections{campaign_section, variant_section, stop_section, gate_section};

constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_path = 1000;
constexpr double month = 30 * 24 * 3600.0;

template <class T, class U>
void assign(T& field, const std::optional<U>& value) {
  if (value) field = static_cast<T>(*value);
}

/// Strings of an array; whatever else stands there is a mistake.
std::vector<const DocumentNode*> strings(const TableReader& reader, std::string_view key,
                                         const char* wanted) {
  const DocumentEntry* const entry = reader.find(key);
  if (entry == nullptr) return {};
  if (entry->value.kind != Kind::array) {
    reader.mistakes().add(entry->value.place, wrong_kind(*entry, wanted));
    return {};
  }
  std::vector<const DocumentNode*> found;
  for (const auto& item : entry->value.items) {
    if (item.kind == Kind::text)
      found.push_back(&item);
    else
      reader.mistakes().add(item.place, quoted(key) + ": expected a string, found " +
                                            std::string(kind_name(item)) + "; it is " + wanted);
  }
  return found;
}

void read_settings(const TableReader& reader, std::vector<std::string>& settings) {
  for (const auto* item : strings(reader, "set", "an array such as [\"phases.measure=10s\"]")) {
    const auto equals = item->text.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == item->text.size())
      reader.mistakes().add(item->place, "a setting is KEY=VALUE, such as target.threads=2; got " +
                                             quoted(item->text));
    else
      settings.push_back(item->text);
  }
}

void read_options(const TableReader& reader, std::vector<std::string>& options) {
  for (const auto* item : strings(reader, "options", "an array such as [\"--agents=2\"]")) {
    const std::string name = item->text.substr(0, item->text.find('='));
    const bool taken =
        std::find(taken_options.begin(), taken_options.end(), name) != taken_options.end();
    if (!name.starts_with("--") || name.size() < 3)
      reader.mistakes().add(item->place,
                            "an option is written as on the command line, with its "
                            "value after '=': \"--agents=2\"; got " +
                                quoted(item->text));
    else if (taken)
      reader.mistakes().add(item->place,
                            quoted(name) + " cannot be passed on: " +
                                (name == "--set" ? "write it as 'set' or in [matrix]"
                                                 : "the campaign decides it for its runs"));
    else
      options.push_back(item->text);
  }
}

void read_replace(const TableReader& reader, DocumentNode& replace) {
  const DocumentEntry* const entry = reader.find("replace");
  if (entry == nullptr) return;
  if (entry->value.kind != Kind::table) {
    reader.mistakes().add(entry->value.place,
                          wrong_kind(*entry,
                                     "a table of the scenario's tables, such as "
                                     "[replace.users]"));
    return;
  }
  TableReader(entry->value, "[replace]", reader.mistakes()).refuse_unknown_keys(replaceable, {});
  replace = entry->value;
}

void read_variants(const TableReader& reader, CampaignFile& campaign) {
  constexpr std::string_view wanted = "an array of tables, each opened by the line [[variants]]";
  for (const auto* node : reader.tables("variants", wanted, 50)) {
    const TableReader variant(*node, "[[variants]]", reader.mistakes());
    variant.refuse_unknown_keys(variant_keys, sections);
    CampaignVariant read{
        .name = {}, .scenario = {}, .settings = {}, .replace = {}, .place = node->place};
    variant.require("name", "name = \"local\"");
    assign(read.name, variant.line("name", longest_name));
    assign(read.scenario, variant.line("scenario", longest_path));
    read_settings(variant, read.settings);
    read_replace(variant, read.replace);
    const auto same = [&](const CampaignVariant& each) { return each.name == read.name; };
    if (std::any_of(campaign.variants.begin(), campaign.variants.end(), same))
      reader.mistakes().add(node->place, "two variants are called " + quoted(read.name) +
                                             "; give each a name of its own");
    campaign.variants.push_back(std::move(read));
  }
}

const DocumentNode* section(const TableReader& reader, const Section& which, std::string_view key) {
  const DocumentEntry* const entry = reader.find(key);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind == Kind::table) {
    TableReader(entry->value, std::string(which.title), reader.mistakes())
        .refuse_unknown_keys(which.keys, sections);
    return &entry->value;
  }
  reader.mistakes().add(entry->key_place, wrong_kind(*entry, "a table, opened by the line " +
                                                                 std::string(which.title)));
  return nullptr;
}

void read_stop(const TableReader& reader, StopRules& stop) {
  const DocumentNode* const table = section(reader, stop_section, "stop");
  if (table == nullptr) return;
  const TableReader rules(*table, "[stop]", reader.mistakes());
  assign(stop.failures, rules.whole("failures", 1, 1'000'000));
  assign(stop.regression, rules.flag("regression"));
}

void read_gate(const TableReader& reader, CampaignFile& campaign) {
  const DocumentNode* const table = section(reader, gate_section, "gate");
  if (table == nullptr) return;
  const TableReader gate(*table, "[gate]", reader.mistakes());
  assign(campaign.only_these_gates, gate.flag("only"));
  for (const auto* item : strings(gate, "figures", "an array such as [\"e2e_p95=10%\"]"))
    campaign.gates.push_back(item->text);
  try {
    gates_of(campaign.gates, campaign.only_these_gates);
  } catch (const GateMistake& mistake) {
    const auto* entry = table->find("figures");
    reader.mistakes().add(entry == nullptr ? table->place : entry->value.place, mistake.what());
  }
}

void read_order(const TableReader& reader, CampaignFile& campaign) {
  if (const auto order = reader.choice("order", orders, "orders"))
    campaign.order = static_cast<CampaignOrder>(*order);
  assign(campaign.seed, reader.whole("seed", 0, INT64_MAX));
  assign(campaign.repeats, reader.whole("repeats", 1, 100));
  assign(campaign.cool_down, reader.duration("cool_down", {0, 24 * 3600.0}));
  assign(campaign.budget, reader.duration("budget", {0, month, true}));
}

}  // namespace

CampaignFile parse_campaign(std::string_view toml_text, const std::string& file) {
  const DocumentNode root = parse_toml_document(toml_text, file);
  Mistakes mistakes;
  CampaignFile campaign;
  campaign.file = file;
  const TableReader reader(root, "the campaign", mistakes);
  reader.refuse_unknown_keys(campaign_keys, sections);
  if (const auto* name = reader.require("name", "name = \"my-campaign\""))
    campaign.name_place = name->value.place;
  assign(campaign.name, reader.line("name", longest_name));
  assign(campaign.description, reader.text("description"));
  if (const auto* scenario = reader.find("scenario"))
    campaign.scenario_place = scenario->value.place;
  assign(campaign.scenario, reader.line("scenario", longest_path));
  read_settings(reader, campaign.settings);
  read_options(reader, campaign.options);
  read_replace(reader, campaign.replace);
  read_variants(reader, campaign);
  read_matrix(reader, campaign);
  read_order(reader, campaign);
  read_stop(reader, campaign.stop);
  read_gate(reader, campaign);
  if (!mistakes.empty()) throw ScenarioError(file, mistakes.take());
  return campaign;
}

std::string_view word(CampaignOrder order) {
  constexpr auto words = std::to_array<std::string_view>({"as written", "random", "interleaved"});
  return words.at(static_cast<std::size_t>(order));
}

}  // namespace squall::coordinator
