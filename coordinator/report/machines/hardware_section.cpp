#include "coordinator/report/machines/hardware_section.hpp"

#include <algorithm>

#include "coordinator/run/agents/agent_machines.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::coordinator {

using scenarios::HardwareFacts;

namespace {

void add(std::string& text, const char* separator, const std::string& more) {
  if (more.empty()) return;
  if (!text.empty()) text += separator;
  text += more;
}

std::string cores(const HardwareFacts& facts) {
  const std::uint32_t count = facts.cores > 0 ? facts.cores : facts.threads;
  if (count == 0) return {};
  std::string text = plural(count, facts.cores > 0 ? "core" : "thread");
  if (facts.sockets > 1) text += " on " + plural(facts.sockets, "socket");
  if (facts.efficiency_cores > 0)
    text += " (" + readable_count(facts.efficiency_cores) + " for efficiency)";
  return text;
}

std::string sets_of(const HardwareFacts& facts) {
  std::string text;
  for (const std::string& set : facts.instruction_sets) add(text, " ", set);
  return text;
}

std::string gpu_in_words(const scenarios::GpuFacts& gpu) {
  return gpu.name + (gpu.memory_bytes > 0 ? " with " + readable_bytes(gpu.memory_bytes) : "");
}

std::string limits(const HardwareFacts& facts) {
  std::string text;
  if (facts.cpu_limit > 0) add(text, " and ", readable_rate(facts.cpu_limit) + " processors");
  if (facts.memory_limit_bytes > 0) add(text, " and ", readable_bytes(facts.memory_limit_bytes));
  return text.empty() ? text : "limited to " + text;
}

std::string ceilings(const HardwareFacts& facts) {
  std::string text;
  const auto& measured = facts.ceilings;
  if (measured.best_bandwidth() > 0)
    add(text, ", ", "reads " + readable_rate(measured.best_bandwidth() / 1e9) + " GB/s");
  if (measured.int8_per_second > 0)
    add(text, ", ",
        "multiplies and adds " + readable_rate(measured.int8_per_second / 1e9) +
            " G/s of int8 and " + readable_rate(measured.float_per_second / 1e9) +
            " G/s of floats");
  for (const auto& gpu : facts.gpus)
    if (gpu.copy_bytes_per_second > 0)
      add(text, ", ",
          gpu.name + " copies " + readable_rate(gpu.copy_bytes_per_second / 1e9) +
              " GB/s and multiplies and adds " + readable_rate(gpu.matrix_per_second / 1e9) +
              " G/s of halves");
  return text;
}

}  // namespace

HardwareReport make_hardware_report(const std::vector<AgentRecord>& agents) {
  HardwareReport report{{}, fingerprint_of_machines(agents)};
  for (const AgentRecord& agent : agents) {
    if (!agent.ready || !agent.ready->hardware) continue;
    const HardwareFacts& facts = *agent.ready->hardware;
    const std::string fingerprint = scenarios::fingerprint(facts);
    auto known = std::ranges::find_if(report.machines, [&](const MachineRow& row) {
      return row.host == agent.hello.host && row.fingerprint == fingerprint;
    });
    if (known == report.machines.end())
      known = report.machines.insert(known, {agent.hello.host, {}, facts, fingerprint});
    known->agents.push_back(agent.hello.name);
  }
  return report;
}

std::string machine_in_words(const HardwareFacts& facts) {
  std::string what = facts.processor;
  add(what, ", ", cores(facts));
  add(what, ", ", sets_of(facts));
  if (facts.memory_bytes > 0) add(what, ", ", readable_bytes(facts.memory_bytes));
  for (const auto& gpu : facts.gpus) add(what, ", ", gpu_in_words(gpu));
  add(what, "; ", limits(facts));
  add(what, "; ", ceilings(facts));
  add(what, "; ", facts.virtualization == "none" ? "" : facts.virtualization);
  return std::string(scenarios::name_of(scenarios::classify(facts).hardware)) + ": " + what;
}

TextTable hardware_table(const HardwareReport& report) {
  TextTable rows("ll");
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < report.machines.size() && i < most; ++i) {
    const MachineRow& row = report.machines[i];
    rows.add({{printable(row.host, 24)},
              {printable(machine_in_words(row.facts) + "; fingerprint " + row.fingerprint, 1000)}});
  }
  if (report.machines.size() > most)
    rows.add({{"and"}, {plural(report.machines.size() - most, "more machine") + "; see --json"}});
  return rows;
}

}  // namespace squall::coordinator
