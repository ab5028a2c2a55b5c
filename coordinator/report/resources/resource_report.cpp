#include "coordinator/report/resources/resource_report.hpp"

#include <array>
#include <cstdio>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

// From these shares on something counts as used up.
constexpr double busy_machine = 0.95, full_processors = 0.9, stolen_time = 0.05;
constexpr double memory_left = 0.05, busy_gpu = 0.95, full_gpu = 0.95;

std::string of_count(double amount, std::size_t all) {
  return readable_rate(amount) + " of " + plural(all, "processor");
}

/// By its own CPU: the machine's processors say nothing of a limit.
void add_limited_cpu(const ResourcePoint& used, const AgentRecord& agent,
                     std::vector<std::string>& saturated) {
  const double limit = cpu_limit_of(agent);
  const double own = used.own_cpu.per_second().value_or(0);
  if (limit > 0 && own >= busy_machine * limit)
    saturated.push_back("CPU: the agent took " + readable_rate(own) + " of " +
                        readable_rate(limit) + " processors that a limit leaves it");
}

void add_cpu(const ResourcePoint& used, std::vector<std::string>& saturated) {
  const auto busy = used.cpu_busy.per_second();
  if (!busy || used.processors == 0) return;
  const auto all = static_cast<double>(used.processors);
  const double full = used.saturated_processors.mean().value_or(0);
  if (*busy >= busy_machine * all)
    saturated.push_back("CPU: " + of_count(*busy, used.processors) + " busy");
  else if (full >= full_processors)
    saturated.push_back("some processors: on average " + of_count(full, used.processors) +
                        " had nothing to spare");
  if (const double stolen = used.cpu_stolen.per_second().value_or(0); stolen >= stolen_time * all)
    saturated.push_back("CPU: " + of_count(stolen, used.processors) +
                        " taken by the host of this virtual machine");
}

void add_memory(const ResourcePoint& used, const AgentRecord& agent,
                std::vector<std::string>& saturated) {
  if (!agent.ready || !agent.ready->hardware) return;
  const auto limit = static_cast<double>(agent.ready->hardware->memory_limit_bytes);
  const double resident = used.resident_bytes.highest().value_or(0);
  if (limit > 0 && limit - resident < memory_left * limit)
    saturated.push_back(
        "memory: the agent had " + readable_bytes(static_cast<std::uint64_t>(resident)) + " of " +
        readable_bytes(static_cast<std::uint64_t>(limit)) + " that a limit leaves it");
  const auto left = used.memory_available_bytes.lowest();
  if (!left) return;
  const auto all = static_cast<double>(agent.ready->hardware->memory_bytes);
  if (all > 0 && *left < memory_left * all)
    saturated.push_back("memory: " + readable_bytes(static_cast<std::uint64_t>(*left)) +
                        " were left");
}

void add_gpus(const ResourcePoint& used, const AgentRecord& agent,
              std::vector<std::string>& saturated) {
  for (std::size_t i = 0; i < used.gpus.size(); ++i) {
    const GpuPoint& gpu = used.gpus[i];
    const std::string name = "GPU " + std::to_string(i + 1);
    if (gpu.busy.mean().value_or(0) >= busy_gpu)
      saturated.push_back(name + ": " + readable_share(*gpu.busy.mean()) + " busy");
    if (!agent.ready || !agent.ready->hardware || i >= agent.ready->hardware->gpus.size()) continue;
    const auto all = static_cast<double>(agent.ready->hardware->gpus[i].memory_bytes);
    if (all > 0 && gpu.memory_used_bytes.highest().value_or(0) >= full_gpu * all)
      saturated.push_back(name + ": its memory is full");
  }
}

/// An engine's pages of keys and values are mapped once and become resident as they are first
/// written: a rise that may last for hours and is no leak. They are no part of what is allocated.
LeakRate leak_of(const ResourceCourse& course, const AgentRecord& agent) {
  LeakRate resident = estimate_leak(course.resident_memory());
  const bool has_pages = agent.ready && agent.ready->target_kind == "engine";
  if (!has_pages || resident.finding != LeakFinding::leaks) return resident;
  LeakRate allocated = estimate_leak(course.allocated_memory());
  if (!allocated.rate) {
    resident.finding = LeakFinding::cannot_tell;
    resident.explanation = "memory for keys and values may still be filling";
    return resident;
  }
  allocated.explanation +=
      std::string(allocated.explanation.empty() ? "" : "; ") +
      "of what is allocated, for memory for keys and values may still be filling";
  return allocated;
}

AgentResources agent_resources(const RunRecord& record, std::size_t index) {
  const AgentRecord& agent = record.agents[index];
  const ResourceCourse& course = record.timeline.resources().of_agent(index);
  AgentResources resources{.name = agent.hello.name,
                           .host = agent.hello.host,
                           .measured = course.measured(),
                           .processors_busy = course.processors_busy(),
                           .points = course.points(),
                           .leak = leak_of(course, agent),
                           .saturated = {}};
  if (!resources.measured) return resources;
  add_cpu(*resources.measured, resources.saturated);
  add_limited_cpu(*resources.measured, agent, resources.saturated);
  add_memory(*resources.measured, agent, resources.saturated);
  add_gpus(*resources.measured, agent, resources.saturated);
  return resources;
}

std::string signed_number(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%+.*f", value > -99.5 && value < 99.5 ? 1 : 0, value);
  return text.data();
}

}  // namespace

ResourceReport make_resource_report(const RunRecord& record) {
  ResourceReport report;
  for (std::size_t index = 0; index < record.agents.size(); ++index)
    report.agents.push_back(agent_resources(record, index));
  report.bottleneck = find_bottleneck(record);
  return report;
}

std::string in_words(const LeakRate& leak) {
  std::string text = leak.finding == LeakFinding::leaks  ? "LEAKS: "
                     : leak.finding == LeakFinding::flat ? "flat: "
                                                         : "cannot tell: ";
  text += leak.explanation;
  if (!leak.rate) return text;
  if (!leak.explanation.empty()) text += "; ";
  return text + signed_number(*leak.rate) + " MB/h (" + signed_number(*leak.low) + ".." +
         signed_number(*leak.high) + ") over " + readable(leak.length);
}

}  // namespace squall::coordinator
