#include "coordinator/report/resources/resource_tables.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t agents_shown = 10;
constexpr std::size_t gpus_shown = 8;

std::string bytes(double count) {
  return readable_bytes(static_cast<std::uint64_t>(std::max(count, 0.0)));
}

std::string degrees(double celsius) {
  return std::to_string(static_cast<int>(celsius + 0.5)) + " C";
}

/// "1.20 (most 1.40)".
std::string mean_and_most(const Flow& flow) {
  return readable_rate(flow.per_second().value_or(0)) + " (most " + readable_rate(flow.fastest) +
         ")";
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

std::string cpu_text(const ResourcePoint& used) {
  std::vector<std::string> parts;
  if (used.processors > 0) {
    parts.push_back(mean_and_most(used.cpu_busy) + " of " + plural(used.processors, "processor") +
                    " busy");
    parts.push_back("the busiest " + readable_share(used.busiest_processor.mean().value_or(0)));
  }
  parts.push_back("the agent's own " + mean_and_most(used.own_cpu));
  if (used.cpu_stolen.total > 0)
    parts.push_back(readable_rate(used.cpu_stolen.per_second().value_or(0)) +
                    " stolen by the host");
  return join(parts);
}

std::string memory_text(const ResourcePoint& used) {
  std::vector<std::string> parts;
  if (const auto resident = used.resident_bytes.mean())
    parts.push_back(bytes(*resident) + " resident (most " + bytes(*used.resident_bytes.highest()) +
                    ")");
  if (const auto proportional = used.proportional_bytes.mean())
    parts.push_back(bytes(*proportional) + " by share of pages");
  if (const auto allocated = used.allocated_bytes.mean())
    parts.push_back(bytes(*allocated) + " allocated");
  if (const auto left = used.memory_available_bytes.lowest())
    parts.push_back("at least " + bytes(*left) + " of the machine's available");
  return join(parts);
}

std::string switches_text(const ResourcePoint& used) {
  const auto rate = [](const Flow& flow) {
    return readable_rate(flow.per_second().value_or(0)) + "/s";
  };
  std::string text = "context " + rate(used.voluntary_switches) + " by itself, " +
                     rate(used.involuntary_switches) + " not; page faults " +
                     rate(used.minor_faults) + " minor, " + rate(used.major_faults) + " major";
  return text;
}

std::string traffic_text(const ResourcePoint& used) {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, const Flow& flow) {
    if (const auto rate = flow.per_second())
      parts.push_back(std::string(what) + " " + bytes(*rate) + "/s (most " + bytes(flow.fastest) +
                      ")");
  };
  add("disk read", used.disk_read);
  add("written", used.disk_written);
  add("network in", used.network_received);
  add("out", used.network_sent);
  return join(parts);
}

std::string heat_text(const Gauge& temperature, const Gauge& frequency) {
  std::vector<std::string> parts;
  if (const auto most = temperature.highest())
    parts.push_back(degrees(*temperature.mean()) + " (most " + degrees(*most) + ")");
  if (const auto mean = frequency.mean())
    parts.push_back(readable_rate(*mean / 1e9) + " GHz (least " +
                    readable_rate(*frequency.lowest() / 1e9) + ")");
  return join(parts);
}

std::string gpu_text(const GpuPoint& gpu) {
  std::vector<std::string> parts;
  if (const auto busy = gpu.busy.mean()) parts.push_back(readable_share(*busy) + " busy");
  if (const auto used = gpu.memory_used_bytes.highest())
    parts.push_back("at most " + bytes(*used) + " of its memory");
  if (const auto hottest = gpu.temperature.highest())
    parts.push_back("at most " + degrees(*hottest));
  if (const auto watts = gpu.power.mean()) parts.push_back(readable_rate(*watts) + " W");
  return join(parts);
}

Style style_of(LeakFinding finding) {
  return finding == LeakFinding::leaks ? Style::bad : Style::plain;
}

void add_agent(const AgentResources& agent, TextTable& rows) {
  std::string name = printable(agent.name, 24);
  const auto add = [&](std::string what, std::string text, Style style = Style::plain) {
    if (text.empty()) return;
    rows.add({{std::exchange(name, "")}, {std::move(what), Style::dim}, {std::move(text), style}});
  };
  const ResourcePoint& used = *agent.measured;
  add("CPU", cpu_text(used));
  add("memory", memory_text(used));
  add("leak", in_words(agent.leak), style_of(agent.leak.finding));
  add("switches", switches_text(used));
  add("traffic", traffic_text(used));
  add("heat", heat_text(used.temperature, used.frequency));
  for (std::size_t i = 0; i < std::min(used.gpus.size(), gpus_shown); ++i)
    add("GPU " + std::to_string(i + 1), gpu_text(used.gpus[i]));
  add("used up", join(agent.saturated), Style::warning);
}

Style style_of(Nearness nearness) {
  switch (nearness) {
    case Nearness::reached:
      return Style::bad;
    case Nearness::near:
      return Style::warning;
    case Nearness::clear:
      return Style::good;
    case Nearness::not_known:
      break;
  }
  return Style::dim;
}

}  // namespace

TextTable resources_table(const ResourceReport& report) {
  TextTable rows("lll");
  std::size_t shown = 0;
  for (const AgentResources& agent : report.agents) {
    if (!agent.measured || shown == agents_shown) continue;
    ++shown;
    add_agent(agent, rows);
  }
  return rows;
}

std::size_t agents_left_out(const ResourceReport& report) {
  const auto told = static_cast<std::size_t>(std::ranges::count_if(
      report.agents, [](const AgentResources& agent) { return agent.measured.has_value(); }));
  return told - std::min(told, agents_shown);
}

TextTable bottleneck_table(const Bottleneck& bottleneck) {
  TextTable rows("lll");
  for (const Evidence& each : bottleneck.evidence)
    rows.add({{std::string(name_of(each.limit))},
              {std::string(name_of(each.nearness)), style_of(each.nearness)},
              {printable(each.figures, 300),
               each.nearness == Nearness::not_known ? Style::dim : Style::plain}});
  return rows;
}

}  // namespace squall::coordinator
