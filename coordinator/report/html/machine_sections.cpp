#include <algorithm>
#include <cmath>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "coordinator/report/machines/hardware_section.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/hardware/hardware_json.hpp"

namespace squall::coordinator {

using Tone = PageCell::Tone;

namespace {

Tone tone_of_nearness(const std::string& nearness) {
  if (nearness == "reached") return Tone::bad;
  if (nearness == "near") return Tone::doubtful;
  if (nearness == "clear") return Tone::good;
  return Tone::quiet;
}

PageCell figure(std::string text) { return {std::move(text), Tone::plain, true}; }

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& each : parts) text += (text.empty() ? "" : separator) + each;
  return text;
}

}  // namespace

void add_bottleneck(const Json& report, Page& page) {
  const Json& bottleneck = part(report, {"resources", "bottleneck"});
  if (!bottleneck.is_object()) return;
  page.section("bottleneck", "What held it back");
  page.paragraph(text_in(bottleneck, "sentence"));
  PageTable table;
  table.head = {"limit", "how near", "share", "evidence"};
  for (const Json& evidence : entries(part(bottleneck, {"evidence"}))) {
    const std::string nearness = text_in(evidence, "nearness");
    table.rows.push_back({{text_in(evidence, "limit")},
                          {nearness, tone_of_nearness(nearness)},
                          figure(share_text(number_in(evidence, "share"))),
                          {text_in(evidence, "figures")}});
  }
  if (!table.rows.empty()) page.table(table);
}

namespace {

/// Of all agents the ones whose lines can still be told apart: those that used most.
constexpr std::size_t agents_drawn = 24;

struct AgentLine {
  double most = 0;
  ChartSeries series;
};

ChartSeries agent_series(const Json& agent, const char* key) {
  const Json& told = part(agent, {"series"});
  const auto from = numbers_in(told, "from"), to = numbers_in(told, "to"),
             values = numbers_in(told, key);
  ChartSeries series;
  series.name = text_in(agent, "name");
  if (values.size() != from.size() || to.size() != from.size()) return series;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!from[i] || !to[i]) continue;
    series.x.push_back((*from[i] + *to[i]) / 2);
    series.y.push_back(values[i]);
  }
  return series;
}

/// Of the first GPU of each agent: a key of its gauges.
ChartSeries gpu_series(const Json& agent, const char* key) {
  const Json& told = part(agent, {"series"});
  const auto from = numbers_in(told, "from");
  const auto& lists = entries(part(told, {"gpus"}));
  ChartSeries series;
  series.name = text_in(agent, "name");
  if (lists.size() != from.size()) return series;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (!from[i]) continue;
    const auto& gpus = entries(lists[i]);
    series.x.push_back(*from[i]);
    series.y.push_back(gpus.empty() ? std::nullopt : number_in(part(gpus.front(), {key}), "mean"));
  }
  return series;
}

struct ResourceChart {
  const char *id, *title, *key, *unit;
  bool of_gpu = false;
};

void add_resource_chart(const Json& report, const ResourceChart& what, Page& page) {
  std::vector<AgentLine> lines;
  const auto& agents = entries(part(report, {"resources", "agents"}));
  for (const Json& agent : agents) {
    AgentLine line{0, what.of_gpu ? gpu_series(agent, what.key) : agent_series(agent, what.key)};
    bool told = false;
    for (const auto& value : line.series.y) {
      told = told || value.has_value();
      line.most = std::max(line.most, value.value_or(0));
    }
    if (told) lines.push_back(std::move(line));
  }
  if (lines.empty()) return;
  std::ranges::stable_sort(lines, std::ranges::greater{}, &AgentLine::most);
  Chart chart;
  chart.id = what.id;
  chart.title = what.title;
  if (lines.size() > agents_drawn) {
    chart.title += " (the " + std::to_string(agents_drawn) + " of " + readable_count(lines.size()) +
                   " agents that used most)";
    lines.resize(agents_drawn);
  }
  chart.x = {"time since the start", "clock"};
  chart.y = {"", what.unit};
  chart.marks = phase_marks(report);
  chart.linked = time_link;
  const std::size_t points = std::max<std::size_t>(200, points_drawn / lines.size());
  for (const AgentLine& line : lines) chart.series.push_back(thinned(line.series, points));
  page.chart(chart);
}

std::string mean_and_most(const Json& flow, std::string (*write)(const std::optional<double>&)) {
  if (!flow.is_object()) return "–";
  return write(number_in(flow, "mean")) + " (most " + write(number_in(flow, "most")) + ")";
}

PageTable resources_table(const Json& report) {
  PageTable table;
  table.caption = "Means of the measured window, and the greatest value in it";
  table.head = {"agent",           "processors busy",        "agent's own",
                "resident memory", "least memory available", "memory over time",
                "used up"};
  constexpr std::size_t most = 100;
  const auto& agents = entries(part(report, {"resources", "agents"}));
  for (std::size_t i = 0; i < std::min(most, agents.size()); ++i) {
    const Json& used = part(agents[i], {"measured"});
    if (!used.is_object()) continue;
    const auto processors = number_in(used, "processors");
    std::string busy = mean_and_most(part(used, {"cpu"}), rate_text);
    if (processors) busy += " of " + rate_text(processors);
    const Json& leak = part(agents[i], {"leak"});
    const std::string finding = text_in(leak, "finding");
    const auto rate = number_in(leak, "megabytes_per_hour");
    std::string growth = finding == "cannot_tell" ? "cannot tell" : finding;
    if (rate)
      growth += " (" + rate_text(std::abs(*rate)) + " MB/h" + (*rate < 0 ? " less" : "") + ")";
    table.rows.push_back(
        {{text_in(agents[i], "name")},
         figure(busy),
         figure(mean_and_most(part(used, {"own_cpu"}), rate_text)),
         figure(mean_and_most(part(used, {"resident_bytes"}), bytes_text)),
         figure(bytes_text(number_in(part(used, {"memory_available_bytes"}), "least"))),
         {growth, finding == "leaks" ? Tone::bad : Tone::plain},
         {joined(texts_in(agents[i], "saturated"), "; "), Tone::bad}});
  }
  return table;
}

}  // namespace

void add_resources(const Json& report, Page& page) {
  const PageTable table = resources_table(report);
  const auto& agents = entries(part(report, {"resources", "agents"}));
  if (agents.empty()) return;
  page.section("resources", "Resources of each agent");
  if (!table.rows.empty()) page.table(table);
  if (agents.size() > table.rows.size())
    page.paragraph(plural(agents.size() - table.rows.size(), "more agent") +
                   " not in the table; the JSON report has all.");
  constexpr ResourceChart charts[]{
      {"cpu", "Processors busy on the agent's machine, everybody's work", "cpu", "processors"},
      {"own-cpu", "Processors that the agent itself used", "own_cpu", "processors"},
      {"resident-memory", "Resident memory of the agent", "resident_bytes", "B"},
      {"available-memory", "Memory available on its machine", "memory_available_bytes", "B"},
      {"network-received", "Received by its machine, loopback included", "network_received_bytes",
       "B/s"},
      {"gpu-busy", "First GPU: busy", "busy", "share", true},
      {"gpu-memory", "First GPU: memory in use", "memory_used_bytes", "B", true},
      {"temperature", "Temperature of the processor", "temperature", "°C"}};
  for (const ResourceChart& chart : charts) add_resource_chart(report, chart, page);
}

namespace {

struct Machine {
  std::string host, fingerprint, words;
  std::vector<std::string> agents;
};

std::vector<Machine> machines_of(const Json& report) {
  std::vector<Machine> machines;
  for (const Json& agent : entries(part(report, {"agents"}))) {
    const Json& hardware = part(agent, {"hardware"});
    if (!hardware.is_object()) continue;
    const std::string host = text_in(agent, "host"), mark = text_in(hardware, "fingerprint");
    auto known = std::ranges::find_if(machines, [&](const Machine& machine) {
      return machine.host == host && machine.fingerprint == mark;
    });
    if (known == machines.end())
      known = machines.insert(
          known, {host, mark, machine_in_words(scenarios::hardware_from_json(hardware)), {}});
    known->agents.push_back(text_in(agent, "name"));
  }
  return machines;
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 6;
  if (names.size() <= most) return joined(names, ", ");
  return joined({names.begin(), names.begin() + most}, ", ") + " and " +
         plural(names.size() - most, "more agent");
}

std::string model_of(const Json& agent) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& text) {
    if (!text.empty()) parts.push_back(text);
  };
  add(text_in(agent, "model") + (true_in(agent, "model_is_synthetic") ? " (synthetic)" : ""));
  add(text_in(agent, "model_fingerprint"));
  add(text_in(agent, "model_origin"));
  add(text_in(agent, "instruction_set"));
  if (const auto threads = count_in(agent, "engine_threads"); threads > 0)
    add(plural(threads, "thread"));
  if (const auto time = number_in(agent, "load_time"); time > 0.0)
    add("loaded in " + duration_text(time));
  add(text_in(agent, "target_origin"));
  return joined(parts, ", ");
}

PageTable agents_table(const Json& report) {
  PageTable table;
  table.head = {"agent",          "host", "share", "model and target", "plan", "requests planned",
                "clock known to", "fate"};
  constexpr std::size_t most = 100;
  const auto& agents = entries(part(report, {"agents"}));
  for (std::size_t i = 0; i < std::min(most, agents.size()); ++i) {
    const Json& agent = agents[i];
    const Json& share = part(agent, {"share"});
    const std::string lost = text_in(agent, "lost");
    table.rows.push_back(
        {{text_in(agent, "name")},
         {text_in(agent, "host")},
         {readable_count(count_in(share, "index") + 1) + " of " +
          readable_count(count_in(share, "count"))},
         {model_of(agent)},
         {text_in(agent, "plan_fingerprint"), Tone::quiet},
         figure(readable_count(count_in(agent, "planned_requests"))),
         figure(duration_text(number_in(agent, "clock_error_bound"))),
         {lost.empty() ? "stayed" : "LOST: " + lost, lost.empty() ? Tone::plain : Tone::bad}});
  }
  if (agents.size() > most)
    table.rows.push_back({{"and " + plural(agents.size() - most, "more agent"), Tone::quiet}});
  return table;
}

}  // namespace

void add_machines(const Json& report, Page& page) {
  const auto machines = machines_of(report);
  const PageTable agents = agents_table(report);
  if (machines.empty() && agents.rows.empty()) return;
  page.section("machines", "Machines and agents");
  PageTable table;
  table.head = {"machine", "what it is", "fingerprint", "agents"};
  constexpr std::size_t most = 100;
  for (std::size_t i = 0; i < std::min(most, machines.size()); ++i)
    table.rows.push_back({{machines[i].host},
                          {machines[i].words},
                          {machines[i].fingerprint, Tone::quiet},
                          {some_of(machines[i].agents)}});
  if (!table.rows.empty()) page.table(table);
  if (machines.size() > most)
    page.paragraph("And " + plural(machines.size() - most, "more machine") + ".");
  if (const std::string all = text_in(report, "hardware_fingerprint"); !all.empty())
    page.paragraph("Fingerprint of all machines: " + all);
  if (!agents.rows.empty()) page.table(agents);
}

void add_fabric(const Json& report, Page& page) {
  const Json& campaign = part(report, {"campaign"});
  std::vector<std::string> sentences;
  if (const std::string security = text_in(campaign, "security"); !security.empty())
    sentences.push_back("connections at " + text_in(campaign, "endpoint") + ": " + security);
  for (const Json& loss : entries(part(campaign, {"lost"})))
    sentences.push_back(text_in(loss, "agent") + " was lost at " +
                        duration_text(number_in(loss, "at")) + ": " + text_in(loss, "why") + "; " +
                        plural(count_in(loss, "unaccounted"), "request") +
                        " of its plan not accounted for");
  for (const Json& move : entries(part(campaign, {"moved"})))
    sentences.push_back("the work of " + text_in(move, "agent") + " went to " +
                        some_of(texts_in(move, "to")) + " from " +
                        duration_text(number_in(move, "from")) + " on, rising over " +
                        duration_text(number_in(move, "ramp")));
  for (const Json& gap : entries(part(campaign, {"coordinator_gaps"})))
    sentences.push_back("the coordinator was gone from " + duration_text(number_in(gap, "from")) +
                        " to " + duration_text(number_in(gap, "to")));
  if (sentences.empty()) return;
  page.section("fabric", "Between coordinator and agents");
  constexpr std::size_t most = 100;
  if (sentences.size() > most) sentences.resize(most);
  page.list(sentences);
}

}  // namespace squall::coordinator
