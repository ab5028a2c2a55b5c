#include "coordinator/report/resources/json_resources.hpp"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

double seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const Flow& flow) {
  if (flow.told <= nanoseconds{0}) return nullptr;
  return {{"mean", number(flow.per_second())}, {"most", number(flow.fastest)}};
}

json to_json(const Gauge& gauge) {
  if (gauge.samples() == 0) return nullptr;
  return {{"mean", number(gauge.mean())},
          {"least", number(gauge.lowest())},
          {"most", number(gauge.highest())}};
}

json to_json(const GpuPoint& gpu) {
  return {{"busy", to_json(gpu.busy)},
          {"memory_used_bytes", to_json(gpu.memory_used_bytes)},
          {"temperature", to_json(gpu.temperature)},
          {"power", to_json(gpu.power)}};
}

json gpus_json(const std::vector<GpuPoint>& gpus) {
  json list = json::array();
  for (const GpuPoint& gpu : gpus) list.push_back(to_json(gpu));
  return list;
}

json measured_json(const AgentResources& agent) {
  const ResourcePoint& used = *agent.measured;
  return {{"from", seconds(used.from)},
          {"to", seconds(used.to)},
          {"samples", used.samples},
          {"processors", used.processors > 0 ? json(used.processors) : json(nullptr)},
          {"cpu", to_json(used.cpu_busy)},
          {"cpu_stolen", to_json(used.cpu_stolen)},
          {"processors_busy", agent.processors_busy},
          {"busiest_processor", to_json(used.busiest_processor)},
          {"saturated_processors", to_json(used.saturated_processors)},
          {"memory_available_bytes", to_json(used.memory_available_bytes)},
          {"disk_read_bytes", to_json(used.disk_read)},
          {"disk_written_bytes", to_json(used.disk_written)},
          {"network_received_bytes", to_json(used.network_received)},
          {"network_sent_bytes", to_json(used.network_sent)},
          {"temperature", to_json(used.temperature)},
          {"frequency", to_json(used.frequency)},
          {"gpus", gpus_json(used.gpus)},
          {"own_cpu", to_json(used.own_cpu)},
          {"resident_bytes", to_json(used.resident_bytes)},
          {"proportional_bytes", to_json(used.proportional_bytes)},
          {"allocated_bytes", to_json(used.allocated_bytes)},
          {"voluntary_switches", to_json(used.voluntary_switches)},
          {"involuntary_switches", to_json(used.involuntary_switches)},
          {"minor_faults", to_json(used.minor_faults)},
          {"major_faults", to_json(used.major_faults)}};
}

const char* word(LeakFinding finding) {
  switch (finding) {
    case LeakFinding::leaks:
      return "leaks";
    case LeakFinding::flat:
      return "flat";
    case LeakFinding::cannot_tell:
      break;
  }
  return "cannot_tell";
}

json to_json(const LeakRate& leak) {
  return {{"finding", word(leak.finding)},  {"megabytes_per_hour", number(leak.rate)},
          {"low", number(leak.low)},        {"high", number(leak.high)},
          {"length", seconds(leak.length)}, {"explanation", leak.explanation}};
}

/// One column for each figure, so that an hour of a thousand agents stays readable in size.
template <class Value>
json column(const std::vector<ResourcePoint>& points, Value value) {
  json values = json::array();
  for (const ResourcePoint& point : points) values.push_back(value(point));
  return values;
}

json series_json(const std::vector<ResourcePoint>& points) {
  const auto flow = [&](Flow ResourcePoint::*which) {
    return column(points,
                  [which](const auto& point) { return number((point.*which).per_second()); });
  };
  const auto gauge = [&](Gauge ResourcePoint::*which) {
    return column(points, [which](const auto& point) { return number((point.*which).mean()); });
  };
  return {{"from", column(points, [](const auto& point) { return seconds(point.from); })},
          {"to", column(points, [](const auto& point) { return seconds(point.to); })},
          {"cpu", flow(&ResourcePoint::cpu_busy)},
          {"cpu_stolen", flow(&ResourcePoint::cpu_stolen)},
          {"own_cpu", flow(&ResourcePoint::own_cpu)},
          {"busiest_processor", gauge(&ResourcePoint::busiest_processor)},
          {"saturated_processors", gauge(&ResourcePoint::saturated_processors)},
          {"memory_available_bytes", gauge(&ResourcePoint::memory_available_bytes)},
          {"resident_bytes", gauge(&ResourcePoint::resident_bytes)},
          {"proportional_bytes", gauge(&ResourcePoint::proportional_bytes)},
          {"allocated_bytes", gauge(&ResourcePoint::allocated_bytes)},
          {"voluntary_switches", flow(&ResourcePoint::voluntary_switches)},
          {"involuntary_switches", flow(&ResourcePoint::involuntary_switches)},
          {"minor_faults", flow(&ResourcePoint::minor_faults)},
          {"major_faults", flow(&ResourcePoint::major_faults)},
          {"disk_read_bytes", flow(&ResourcePoint::disk_read)},
          {"disk_written_bytes", flow(&ResourcePoint::disk_written)},
          {"network_received_bytes", flow(&ResourcePoint::network_received)},
          {"network_sent_bytes", flow(&ResourcePoint::network_sent)},
          {"temperature", gauge(&ResourcePoint::temperature)},
          {"frequency", gauge(&ResourcePoint::frequency)},
          {"gpus", column(points, [](const auto& point) { return gpus_json(point.gpus); })}};
}

json to_json(const AgentResources& agent) {
  return {{"name", agent.name},
          {"host", agent.host},
          {"measured", agent.measured ? measured_json(agent) : json(nullptr)},
          {"leak", to_json(agent.leak)},
          {"saturated", agent.saturated},
          {"series", series_json(agent.points)}};
}

json to_json(const Bottleneck& bottleneck) {
  json evidence = json::array();
  for (const Evidence& each : bottleneck.evidence)
    evidence.push_back({{"limit", name_of(each.limit)},
                        {"nearness", name_of(each.nearness)},
                        {"share", number(each.share)},
                        {"figures", each.figures}});
  return {{"limit", bottleneck.limit ? json(name_of(*bottleneck.limit)) : json(nullptr)},
          {"sentence", bottleneck.sentence},
          {"evidence", std::move(evidence)}};
}

}  // namespace

json resources_json(const ResourceReport& report) {
  json agents = json::array();
  for (const AgentResources& agent : report.agents) agents.push_back(to_json(agent));
  return {{"bottleneck", to_json(report.bottleneck)}, {"agents", std::move(agents)}};
}

}  // namespace squall::coordinator
