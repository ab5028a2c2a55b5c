#include "coordinator/run/agents/agent_machines.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::coordinator {

double cpu_limit_of(const AgentRecord& agent) {
  return agent.ready && agent.ready->hardware ? agent.ready->hardware->cpu_limit : 0;
}

std::string fingerprint_of_machines(const std::vector<AgentRecord>& agents) {
  std::set<std::pair<std::string, std::string>> machines;
  for (const AgentRecord& agent : agents) {
    if (!agent.ready || !agent.ready->hardware) return {};
    machines.emplace(agent.hello.host, scenarios::fingerprint(*agent.ready->hardware));
  }
  std::vector<std::string> fingerprints;
  for (const auto& [host, fingerprint] : machines) fingerprints.push_back(fingerprint);
  std::ranges::sort(fingerprints);
  return scenarios::fingerprint_of_all(fingerprints);
}

ComputingDevice device_of(const AgentRecord& agent) {
  ComputingDevice device{.host = agent.hello.host, .gpu = {}};
  if (!agent.ready || !agent.ready->model_facts) return device;
  const scenarios::ModelFacts& model = *agent.ready->model_facts;
  if (model.on_gpu) device.gpu = model.gpu_address.empty() ? "gpu " + model.gpu : model.gpu_address;
  return device;
}

}  // namespace squall::coordinator
