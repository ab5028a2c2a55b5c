#include "coordinator/commands/roster_text.hpp"

#include <nlohmann/json.hpp>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

std::string in_one(const std::vector<std::string>& labels) {
  std::string text;
  for (const auto& label : labels) text += (text.empty() ? "" : ", ") + printable(label, 40);
  return text.empty() ? "-" : text;
}

Style style_of(const std::string& state) {
  if (state.rfind("lost", 0) == 0) return Style::bad;
  return state == "paused" ? Style::warning : Style::plain;
}

/// Bytes from elsewhere that are no UTF-8 become '?', which JSON can hold.
std::string shown(const std::string& text) { return printable(text, 1000); }

}  // namespace

std::string roster_text(const actors::Roster& roster, std::size_t width, bool colour) {
  std::string text;
  if (!roster.run.empty())
    text += "run " + printable(roster.run, 60) + ", scenario " + printable(roster.scenario, 60) +
            ": " + printable(roster.stage, 60) + ", ";
  text += plural(roster.agents.size(), "agent") + "\n";
  if (roster.agents.empty()) return text;
  TextTable table("lllllrrl");
  table.add(
      {{"name"}, {"host"}, {"labels"}, {"version"}, {"key"}, {"heard"}, {"batches"}, {"state"}});
  for (const auto& agent : roster.agents)
    table.add({{printable(agent.name, 40)},
               {printable(agent.host, 40)},
               {in_one(agent.labels)},
               {printable(agent.tool_version, 20)},
               {agent.identity.empty() ? "-" : printable(agent.identity, 40)},
               {readable(agent.last_heard) + " ago"},
               {readable_count(agent.batches)},
               {printable(agent.state, 120), style_of(agent.state)}});
  return text + table.render(width, colour);
}

std::string roster_json(const actors::Roster& roster) {
  nlohmann::ordered_json all{{"schema", "squall-agents/1"},
                             {"run", shown(roster.run)},
                             {"scenario", shown(roster.scenario)},
                             {"stage", shown(roster.stage)},
                             {"agents", nlohmann::ordered_json::array()}};
  for (const auto& agent : roster.agents) {
    nlohmann::ordered_json labels = nlohmann::ordered_json::array();
    for (const auto& label : agent.labels) labels.push_back(shown(label));
    all["agents"].push_back(
        {{"name", shown(agent.name)},
         {"host", shown(agent.host)},
         {"version", shown(agent.tool_version)},
         {"labels", std::move(labels)},
         {"state", shown(agent.state)},
         {"identity", shown(agent.identity)},
         {"last_heard_s", std::chrono::duration<double>(agent.last_heard).count()},
         {"batches", agent.batches}});
  }
  return all.dump(2);
}

}  // namespace squall::coordinator
