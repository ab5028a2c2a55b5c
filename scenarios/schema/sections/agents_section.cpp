#include "scenarios/schema/sections/agents_section.hpp"

#include <algorithm>
#include <string>

#include "scenarios/schema/agent_label.hpp"
#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr std::size_t most_required = 32;
constexpr std::size_t most_weights = 64;
constexpr std::int64_t heaviest = 100;
constexpr std::int64_t most_lost = 100'000;

// False, and a mistake, when the text is no label.
bool check_label(string_view key, const DocumentNode& value, Mistakes& mistakes) {
  if (is_agent_label(value.text)) return true;
  mistakes.add(value.place, quoted(key) + ": " + shown(value) + " is no label; labels are " +
                                std::string(agent_label_wanted));
  return false;
}

std::vector<std::string> read_required(const TableReader& reader) {
  constexpr string_view wanted = "an array of labels such as [\"gpu\"]";
  const DocumentEntry* const entry = reader.find("require");
  if (entry == nullptr) return {};
  Mistakes& mistakes = reader.mistakes();
  if (entry->value.kind != Kind::array) {
    std::string message = wrong_kind(*entry, wanted);
    if (entry->value.kind == Kind::text) message += "; write [" + shown(entry->value) + "]";
    mistakes.add(entry->value.place, std::move(message));
    return {};
  }
  if (entry->value.items.size() > most_required) {
    mistakes.add(entry->value.place, "'require' takes at most " + std::to_string(most_required) +
                                         " labels; it has " +
                                         std::to_string(entry->value.items.size()));
    return {};
  }
  std::vector<std::string> labels;
  for (const DocumentNode& item : entry->value.items) {
    if (item.kind != Kind::text) {
      mistakes.add(item.place, "'require': expected a label such as \"gpu\", found " +
                                   std::string(kind_name(item)));
    } else if (check_label("require", item, mistakes)) {
      labels.push_back(item.text);
    }
  }
  return labels;
}

std::vector<AgentRules::Weight> read_weights(const TableReader& reader) {
  constexpr auto keys = std::to_array<string_view>({"label", "weight"});
  Mistakes& mistakes = reader.mistakes();
  std::vector<AgentRules::Weight> weights;
  for (const DocumentNode* const item :
       reader.tables("weights", "an array of tables such as [{ label = \"rack=a\", weight = 2 }]",
                     most_weights)) {
    const TableReader table(*item, "'weights'", mistakes);
    table.refuse_unknown_keys(keys, {});
    AgentRules::Weight weight;
    table.require("label", "label = \"rack=a\", which the agents have that it is for");
    table.require("weight", "weight = 2, how many times the share of one without labels");
    assign(weight.weight, table.whole("weight", 1, heaviest));
    const auto label = table.text("label");
    if (!label || !check_label("label", table.find("label")->value, mistakes)) continue;
    weight.label = *label;
    if (std::any_of(weights.begin(), weights.end(),
                    [&](const AgentRules::Weight& other) { return other.label == *label; })) {
      mistakes.add(table.find("label")->value.place,
                   "there is another weight for label " + quoted(*label) +
                       ", and the first one counts; remove one of them");
    }
    weights.push_back(std::move(weight));
  }
  return weights;
}

}  // namespace

void read_agents(const TableReader& reader, AgentRules& agents) {
  agents.require = read_required(reader);
  agents.weights = read_weights(reader);
  const auto may_lose = reader.whole("may_lose", 0, most_lost);
  assign(agents.may_lose, may_lose);
  assign(agents.take_over_ramp, reader.duration("take_over_ramp", any_duration));
  assign(agents.may_pause, reader.duration("may_pause", any_duration));
  const DocumentEntry* const ramp = reader.find("take_over_ramp");
  const bool none_may_be_lost = reader.find("may_lose") == nullptr || may_lose == 0;
  if (ramp != nullptr && none_may_be_lost) {
    reader.mistakes().add(ramp->key_place,
                          "'take_over_ramp' has no meaning while no agent may be lost; add "
                          "may_lose = 1, or remove it");
  }
}

}  // namespace squall::scenarios
