#include "coordinator/live/light_panels.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

Style style_of(Light light) {
  switch (light) {
    case Light::good:
      return Style::good;
    case Light::near:
      return Style::warning;
    case Light::broken:
      return Style::bad;
    case Light::open:
      break;
  }
  return Style::dim;
}

/// Told apart without colour, too.
std::string symbol_of(Light light, bool unicode) {
  switch (light) {
    case Light::good:
      return unicode ? "✓" : "+";
    case Light::near:
      return unicode ? "▲" : "!";
    case Light::broken:
      return unicode ? "✗" : "X";
    case Light::open:
      break;
  }
  return unicode ? "○" : "?";
}

std::vector<const LiveLight*> worst_first(const std::vector<LiveLight>& lights) {
  std::vector<const LiveLight*> sorted;
  for (const LiveLight& light : lights) sorted.push_back(&light);
  std::ranges::stable_sort(sorted, std::ranges::greater{}, &LiveLight::light);
  return sorted;
}

StyledLine threshold_line(const LiveLight& light, std::size_t name_field, bool unicode) {
  StyledLine line(symbol_of(light.light, unicode) + " ", style_of(light.light));
  line.add_left(printable(light.name, 60), name_field);
  line.add_right(light.measured.empty() ? "-" : light.measured, 11, style_of(light.light));
  if (!light.explanation.empty()) line.add("  " + printable(light.explanation), Style::dim);
  return line;
}

}  // namespace

Panel thresholds_panel(const LiveStatus& status, const PanelSpace& space) {
  Panel panel;
  std::size_t name_field = 0;
  for (const LiveLight& each : status.thresholds)
    name_field = std::max(name_field, std::min<std::size_t>(width_of(each.name), 40));
  const std::size_t all = status.thresholds.size();
  if (all <= space.rows) {
    for (const LiveLight& each : status.thresholds)
      panel.push_back(threshold_line(each, name_field, space.unicode));
    return panel;
  }
  const auto sorted = worst_first(status.thresholds);
  const std::size_t shown = std::max<std::size_t>(space.rows, 2) - 1;
  const std::string more = plural(all - shown, "more threshold");
  for (std::size_t i = 0; i < shown; ++i) {
    LiveLight light = *sorted[i];
    // Where there is one row, it says that there are others.
    if (space.rows == 1) light.explanation = "(and " + more + ")";
    panel.push_back(threshold_line(light, name_field, space.unicode));
  }
  if (space.rows > 1)
    panel.emplace_back("  and " + more + (all - shown == 1 ? ", no worse" : ", none of them worse"),
                       Style::dim);
  return panel;
}

Panel audit_panel(const LiveStatus& status, const PanelSpace& space) {
  constexpr std::size_t indent = 5;         // "audit"
  constexpr std::size_t room_for_rest = 6;  // "  +10"
  Panel panel;
  if (status.audit.empty() || space.rows == 0) return panel;
  panel.emplace_back("audit", Style::bold);
  const auto sorted = worst_first(status.audit);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const LiveLight& light = *sorted[i];
    std::string text = symbol_of(light.light, space.unicode) + " " + light.name;
    const bool last_row = panel.size() == space.rows;
    const std::size_t room = space.width - std::min(space.width, last_row ? room_for_rest : 0);
    const std::string measured = " (" + printable(light.measured, 60) + ")";
    // Rather without its figure than not at all.
    const bool fits = indent + 2 + width_of(text + measured) <= room;
    if (light.light >= Light::near && !light.measured.empty() && fits) text += measured;
    if (panel.back().width() + 2 + width_of(text) > room) {
      if (last_row) {
        panel.back().add("  +" + readable_count(sorted.size() - i), Style::dim);
        return panel;
      }
      panel.emplace_back(std::string(indent, ' '));
    }
    panel.back().add("  ").add(text, style_of(light.light));
  }
  return panel;
}

// ---- agents

namespace {

struct Column {
  const char* title;
  std::size_t field;
  unsigned importance;  // the least important give way first
  std::function<std::string(const LiveAgent&)> text;
};

std::string share_in_words(const std::optional<double>& share) {
  return share ? readable_share(*share) : "-";
}

std::string bytes_in_words(const std::optional<std::uint64_t>& bytes) {
  return bytes ? readable_bytes(*bytes) : "-";
}

std::vector<Column> columns_of(const LiveStatus& status, std::size_t width) {
  std::vector<Column> all{
      {"state", 10, 9, [](const LiveAgent& agent) { return std::string(name_of(agent.state)); }},
      {"in flight", 10, 8, [](const LiveAgent& agent) { return readable_count(agent.in_flight); }},
      {"tokens/s", 10, 4,
       [](const LiveAgent& agent) { return readable_rate(agent.tokens_per_second); }},
      {"failed", 8, 3, [](const LiveAgent& agent) { return readable_count(agent.failed); }},
      {"lag", 9, 7, [](const LiveAgent& agent) { return readable(agent.loop_lag); }},
      {"CPU", 8, 6, [](const LiveAgent& agent) { return share_in_words(agent.machine_cpu); }},
      {"cores", 7, 2, [](const LiveAgent& agent) { return readable_rate(agent.own_cpu); }},
      {"memory", 10, 5,
       [](const LiveAgent& agent) { return readable_bytes(agent.resident_bytes); }},
      {"GPU", 8, 5, [](const LiveAgent& agent) { return share_in_words(agent.gpu_busy); }},
      {"GPU memory", 11, 1,
       [](const LiveAgent& agent) { return bytes_in_words(agent.gpu_memory_bytes); }},
  };
  const bool any_gpu = std::ranges::any_of(status.agents, [](const LiveAgent& agent) {
    return agent.gpu_busy || agent.gpu_memory_bytes;
  });
  if (!any_gpu)
    std::erase_if(
        all, [](const Column& each) { return std::string_view(each.title).starts_with("GPU"); });
  constexpr std::size_t shortest_name = 8;
  const auto needed = [&] {
    std::size_t sum = shortest_name;
    for (const Column& each : all) sum += each.field;
    return sum;
  };
  while (!all.empty() && needed() > width)
    all.erase(std::ranges::min_element(all, {}, &Column::importance));
  return all;
}

Style style_of(const LiveAgent& agent) {
  if (agent.state == LiveAgentState::lost) return Style::bad;
  if (agent.state >= LiveAgentState::paused) return Style::warning;
  return Style::plain;
}

}  // namespace

Panel agents_panel(const LiveStatus& status, const PanelSpace& space) {
  Panel panel;
  const std::size_t all = status.agents.size() + status.agents_left_out;
  if (all == 0 || space.rows < std::min<std::size_t>(all + 1, 3)) return panel;
  const std::vector<Column> columns = columns_of(status, space.width);
  std::size_t fields = 0;
  for (const Column& each : columns) fields += each.field;
  const std::size_t room = space.width - std::min(space.width, fields);
  std::size_t name_field = 6;
  for (const LiveAgent& agent : status.agents)
    name_field = std::max(name_field, width_of(agent.name));
  name_field = std::min({name_field, room, std::size_t{24}});

  StyledLine heading;
  heading.add_left("agents", name_field, Style::bold);
  for (const Column& each : columns) heading.add_right(each.title, each.field, Style::dim);
  panel.push_back(std::move(heading));
  const bool all_fit = all < space.rows && status.agents_left_out == 0;
  const std::size_t shown = all_fit ? all : std::min(status.agents.size(), space.rows - 2);
  for (std::size_t i = 0; i < shown; ++i) {
    const LiveAgent& agent = status.agents[i];
    StyledLine row;
    row.add_left(printable(agent.name, name_field), name_field, style_of(agent));
    for (const Column& each : columns) row.add_right(each.text(agent), each.field, style_of(agent));
    if (!agent.trouble.empty()) row.add("  " + printable(agent.trouble), Style::dim);
    panel.push_back(std::move(row));
  }
  if (!all_fit) panel.emplace_back("and " + readable_count(all - shown) + " more", Style::dim);
  return panel;
}

}  // namespace squall::coordinator
