#include "scenarios/hardware/hardware_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::scenarios {

using json = nlohmann::ordered_json;

namespace {

template <class Value>
json or_null(const Value& value) {
  return value == Value{} ? json(nullptr) : json(value);
}

json or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

json gpu_json(const GpuFacts& gpu) {
  return {{"name", or_null(gpu.name)},
          {"vendor", or_null(gpu.vendor)},
          {"driver", or_null(gpu.driver)},
          {"runtime", or_null(gpu.runtime)},
          {"architecture", or_null(gpu.architecture)},
          {"memory_bytes", or_null(gpu.memory_bytes)},
          {"integrated", gpu.integrated},
          {"copy_bytes_per_second", or_null(gpu.copy_bytes_per_second)},
          {"matrix_multiply_adds_per_second", or_null(gpu.matrix_per_second)}};
}

json ceilings_json(const MeasuredCeilings& ceilings) {
  json bandwidth = json::array();
  for (const auto& each : ceilings.bandwidth)
    bandwidth.push_back({{"threads", each.threads}, {"bytes_per_second", each.bytes_per_second}});
  return {{"bandwidth", std::move(bandwidth)},
          {"threads", or_null(ceilings.threads)},
          {"int8_multiply_adds_per_second", or_null(ceilings.int8_per_second)},
          {"float_multiply_adds_per_second", or_null(ceilings.float_per_second)},
          {"int8_multiply_adds_per_second_of_one_thread", or_null(ceilings.int8_of_one_thread)},
          {"float_multiply_adds_per_second_of_one_thread", or_null(ceilings.float_of_one_thread)}};
}

}  // namespace

json hardware_json(const HardwareFacts& facts) {
  const HardwareProfile profile = classify(facts);
  json gpus = json::array();
  for (const GpuFacts& gpu : facts.gpus) gpus.push_back(gpu_json(gpu));
  return {{"class", name_of(profile.hardware)},
          {"class_reason", profile.reason},
          {"fingerprint", fingerprint(facts)},
          {"processor", or_null(facts.processor)},
          {"architecture", or_null(facts.architecture)},
          {"sockets", or_null(facts.sockets)},
          {"cores", or_null(facts.cores)},
          {"threads", or_null(facts.threads)},
          {"performance_cores", or_null(facts.performance_cores)},
          {"efficiency_cores", or_null(facts.efficiency_cores)},
          {"instruction_sets", facts.instruction_sets},
          {"l1_data_bytes", or_null(facts.l1_data_bytes)},
          {"l2_bytes", or_null(facts.l2_bytes)},
          {"l3_bytes", or_null(facts.l3_bytes)},
          {"memory_bytes", or_null(facts.memory_bytes)},
          {"memory_free_bytes", or_null(facts.memory_free_bytes)},
          {"gpus", std::move(gpus)},
          {"cpu_limit", or_null(facts.cpu_limit)},
          {"memory_limit_bytes", or_null(facts.memory_limit_bytes)},
          {"kernel", or_null(facts.kernel)},
          {"governor", or_null(facts.governor)},
          {"virtualization", or_null(facts.virtualization)},
          {"battery", facts.battery},
          {"temperature", or_null(facts.temperature)},
          {"power", or_null(facts.power)},
          {"ceilings", ceilings_json(facts.ceilings)}};
}

json model_facts_json(const ModelFacts& model) {
  return {{"size", name_of(size_of(model))},
          {"parameters", or_null(model.parameters)},
          {"file_bytes", or_null(model.file_bytes)},
          {"format", or_null(model.format)},
          {"weight_bytes_per_step", or_null(model.weight_bytes)},
          {"multiply_adds_per_token", or_null(model.multiply_adds)},
          {"kv_bytes_per_position", or_null(model.kv_bytes)}};
}

}  // namespace squall::scenarios
