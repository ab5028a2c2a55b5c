#include "coordinator/plan/answers/price_list.hpp"

#include <algorithm>
#include <array>

#include "scenarios/schema/scenario_reader.hpp"

namespace squall::coordinator {

namespace {

using scenarios::DocumentEntry;
using scenarios::DocumentNode;
using scenarios::Mistakes;
using scenarios::TableReader;
using Kind = DocumentNode::Kind;

constexpr auto top_keys = std::to_array<std::string_view>({"currency", "machines"});
constexpr auto machine_keys = std::to_array<std::string_view>({"per_hour"});
constexpr std::size_t longest_currency = 16;

std::string written(const DocumentNode& value) {
  return value.kind == Kind::text ? value.text : scenarios::shown(value);
}

std::optional<Money> read_price(const TableReader& machine) {
  const DocumentEntry* const entry = machine.require("per_hour", "per_hour = 2.40");
  if (entry == nullptr) return std::nullopt;
  const auto money = parse_money(written(entry->value));
  if (!money)
    machine.mistakes().add(entry->value.place,
                           "'per_hour' must be an amount such as 2.40, with at most six digits "
                           "behind the point; got " +
                               scenarios::shown(entry->value));
  return money;
}

void read_machine(const DocumentEntry& entry, PriceList& prices, Mistakes& mistakes) {
  const std::string title = "[machines." + entry.key + "]";
  if (entry.value.kind != Kind::table) {
    mistakes.add(entry.value.place, scenarios::wrong_kind(entry, "a table such as " + title));
    return;
  }
  const TableReader machine(entry.value, title, mistakes);
  machine.refuse_unknown_keys(machine_keys, {});
  if (const auto price = read_price(machine)) prices.per_hour.emplace_back(entry.key, *price);
}

}  // namespace

std::optional<Money> PriceList::of(std::string_view kind) const {
  const auto found = std::ranges::find(per_hour, kind, [](const auto& each) { return each.first; });
  if (found == per_hour.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> PriceList::kinds() const {
  std::vector<std::string_view> names;
  for (const auto& each : per_hour) names.push_back(each.first);
  return names;
}

PriceList parse_price_list(std::string_view toml, const std::string& file) {
  const DocumentNode root = scenarios::parse_toml_document(toml, file);
  Mistakes mistakes;
  PriceList prices;
  prices.file = file;
  const TableReader top(root, "a list of prices", mistakes);
  top.refuse_unknown_keys(top_keys, {});
  prices.currency = top.line("currency", longest_currency).value_or("");
  const DocumentEntry* const machines = root.find("machines");
  if (machines == nullptr)
    mistakes.add(root.place, "no machine has a price; add [machines.NAME] with per_hour = 2.40");
  else if (machines->value.kind != Kind::table)
    mistakes.add(machines->value.place,
                 scenarios::wrong_kind(*machines, "tables such as [machines.gpu-box]"));
  else
    for (const DocumentEntry& entry : machines->value.entries)
      read_machine(entry, prices, mistakes);
  if (!mistakes.empty()) throw scenarios::ScenarioError(file, mistakes.take());
  return prices;
}

}  // namespace squall::coordinator
