#include "coordinator/run/resources/device_loads.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "coordinator/run/resources/measured_demand.hpp"
#include "scenarios/thresholds/roofline.hpp"

namespace squall::coordinator {

using scenarios::ModelFacts;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

bool counts_in_floats(const std::string& format) {
  return format == "f32" || format == "f16" || format == "bf16";
}

/// Weights that fit the last-level caches are read from there, step after step. Where these are not
/// told, processors with more than this are rare.
bool fits_caches(const ModelFacts& model, const std::optional<scenarios::HardwareFacts>& hardware) {
  constexpr std::uint64_t usual_caches = 64 * mebibyte;
  if (!hardware || hardware->l3_bytes == 0) return model.weight_bytes < usual_caches;
  return model.weight_bytes <= hardware->l3_bytes * std::max(1U, hardware->sockets);
}

/// The largest cache of a GPU so far: Infinity Cache of 256 MiB (AMD, "CDNA 3" white paper, 2023).
bool may_fit_caches_of_gpu(const ModelFacts& model) { return model.weight_bytes <= 256 * mebibyte; }

void add_gpu(const std::optional<scenarios::HardwareFacts>& hardware, const ModelFacts& model,
             DeviceLoad& load) {
  load.weights_may_fit_caches = load.weights_may_fit_caches || may_fit_caches_of_gpu(model);
  if (const std::string missing = scenarios::missing_for_roofline(hardware, model);
      !missing.empty()) {
    load.untold = missing;
    return;
  }
  const scenarios::GpuFacts& gpu = *scenarios::gpu_that_computes(*hardware, model);
  load.bandwidth = std::max(load.bandwidth, gpu.copy_bytes_per_second);
  load.arithmetic = std::max(load.arithmetic, gpu.matrix_per_second);
}

void add_processors(const std::optional<scenarios::HardwareFacts>& hardware,
                    const ModelFacts& model, DeviceLoad& load) {
  load.weights_fit_caches = load.weights_fit_caches || fits_caches(model, hardware);
  if (!hardware) return;
  // Agents that measured at the same time saw less than there is: the best of them counts.
  const scenarios::MeasuredCeilings& ceilings = hardware->ceilings;
  load.bandwidth = std::max(load.bandwidth, ceilings.best_bandwidth());
  load.arithmetic =
      std::max(load.arithmetic, counts_in_floats(model.format) ? ceilings.float_per_second
                                                               : ceilings.int8_per_second);
}

void add_agent(const RunRecord& record, std::size_t agent, DeviceLoad& load) {
  const MeasuredDemand demand = demand_of(record, agent);
  if (demand.seconds <= 0) return;  // it took no part in the measured phase
  load.measured = true;
  const auto& ready = record.agents[agent].ready;
  const bool knows_model = ready && ready->model_facts && ready->model_facts->weight_bytes > 0;
  if (!knows_model) {
    load.untold = "what the model asks for is not known";
    return;
  }
  const ModelFacts& model = *ready->model_facts;
  load.bytes += demand.bytes(model);
  load.multiply_adds += demand.multiply_adds(model);
  if (model.on_gpu)
    add_gpu(ready->hardware, model, load);
  else
    add_processors(ready->hardware, model, load);
}

/// Some GPUs read the processors' memory, and engines on either wait for the same threads.
void refuse_mixed_hosts(std::map<ComputingDevice, DeviceLoad>& loads) {
  for (auto& [device, load] : loads) {
    const auto processors = loads.find({.host = device.host, .gpu = {}});
    if (device.gpu.empty() || processors == loads.end() || !processors->second.measured) continue;
    if (load.untold.empty())
      load.untold = "there is no ceiling of this device: a GPU computes, and the CPU, too";
  }
}

}  // namespace

std::map<ComputingDevice, DeviceLoad> device_loads(const RunRecord& record) {
  std::map<ComputingDevice, DeviceLoad> loads;
  for (std::size_t agent = 0; agent < record.agents.size(); ++agent)
    add_agent(record, agent, loads[device_of(record.agents[agent])]);
  refuse_mixed_hosts(loads);
  return loads;
}

}  // namespace squall::coordinator
