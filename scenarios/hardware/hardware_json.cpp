#include "scenarios/hardware/hardware_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

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
          {"matrix_multiply_adds_per_second", or_null(gpu.matrix_per_second)},
          {"address", or_null(gpu.address)}};
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

using Parsed = nlohmann::json;

/// The member, where it is of that kind; else what was there before stays.
template <class Number>
void read(const Parsed& from, const char* key, Number& to) {
  const auto found = from.find(key);
  if (found == from.end()) return;
  if constexpr (std::is_same_v<Number, double>) {
    if (found->is_number()) to = found->template get<double>();
  } else {
    if (found->is_number_unsigned()) to = found->template get<Number>();
  }
}

void read(const Parsed& from, const char* key, std::string& to) {
  if (const auto found = from.find(key); found != from.end() && found->is_string())
    to = found->get<std::string>();
}

void read(const Parsed& from, const char* key, bool& to) {
  if (const auto found = from.find(key); found != from.end() && found->is_boolean())
    to = found->get<bool>();
}

void read(const Parsed& from, const char* key, std::optional<double>& to) {
  if (const auto found = from.find(key); found != from.end() && found->is_number())
    to = found->get<double>();
}

/// The objects of an array; none where there is no such array.
template <class Each>
void for_each_object(const Parsed& from, const char* key, const Each& each) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_array()) return;
  for (const Parsed& item : *found)
    if (item.is_object()) each(item);
}

GpuFacts gpu_of(const Parsed& from) {
  GpuFacts gpu;
  read(from, "name", gpu.name);
  read(from, "vendor", gpu.vendor);
  read(from, "driver", gpu.driver);
  read(from, "runtime", gpu.runtime);
  read(from, "architecture", gpu.architecture);
  read(from, "memory_bytes", gpu.memory_bytes);
  read(from, "integrated", gpu.integrated);
  read(from, "copy_bytes_per_second", gpu.copy_bytes_per_second);
  read(from, "matrix_multiply_adds_per_second", gpu.matrix_per_second);
  read(from, "address", gpu.address);
  return gpu;
}

MeasuredCeilings ceilings_of(const Parsed& from) {
  MeasuredCeilings ceilings;
  for_each_object(from, "bandwidth", [&](const Parsed& each) {
    BandwidthCeiling& read_in = ceilings.bandwidth.emplace_back();
    read(each, "threads", read_in.threads);
    read(each, "bytes_per_second", read_in.bytes_per_second);
  });
  read(from, "threads", ceilings.threads);
  read(from, "int8_multiply_adds_per_second", ceilings.int8_per_second);
  read(from, "float_multiply_adds_per_second", ceilings.float_per_second);
  read(from, "int8_multiply_adds_per_second_of_one_thread", ceilings.int8_of_one_thread);
  read(from, "float_multiply_adds_per_second_of_one_thread", ceilings.float_of_one_thread);
  return ceilings;
}

}  // namespace

json hardware_json(const HardwareFacts& facts) {
  const HardwareProfile profile = classify(facts);
  json gpus = json::array();
  for (const GpuFacts& gpu : facts.gpus) gpus.push_back(gpu_json(gpu));
  return {{"class", name_of(profile.hardware)},
          {"class_reason", profile.reason},
          {"declared_class", or_null(facts.declared_class)},
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
          {"output_multiply_adds_per_token", or_null(model.output_multiply_adds)},
          {"kv_bytes_per_position", or_null(model.kv_bytes)},
          {"on_gpu", model.on_gpu},
          {"hybrid", model.hybrid},
          {"gpu", or_null(model.gpu)},
          {"gpu_address", or_null(model.gpu_address)}};
}

HardwareFacts hardware_from_json(const nlohmann::json& from) {
  HardwareFacts facts;
  read(from, "declared_class", facts.declared_class);
  read(from, "processor", facts.processor);
  read(from, "architecture", facts.architecture);
  read(from, "sockets", facts.sockets);
  read(from, "cores", facts.cores);
  read(from, "threads", facts.threads);
  read(from, "performance_cores", facts.performance_cores);
  read(from, "efficiency_cores", facts.efficiency_cores);
  if (const auto sets = from.find("instruction_sets"); sets != from.end() && sets->is_array())
    for (const Parsed& each : *sets)
      if (each.is_string()) facts.instruction_sets.push_back(each.get<std::string>());
  read(from, "l1_data_bytes", facts.l1_data_bytes);
  read(from, "l2_bytes", facts.l2_bytes);
  read(from, "l3_bytes", facts.l3_bytes);
  read(from, "memory_bytes", facts.memory_bytes);
  read(from, "memory_free_bytes", facts.memory_free_bytes);
  for_each_object(from, "gpus", [&](const Parsed& each) { facts.gpus.push_back(gpu_of(each)); });
  read(from, "cpu_limit", facts.cpu_limit);
  read(from, "memory_limit_bytes", facts.memory_limit_bytes);
  read(from, "kernel", facts.kernel);
  read(from, "governor", facts.governor);
  read(from, "virtualization", facts.virtualization);
  read(from, "battery", facts.battery);
  read(from, "temperature", facts.temperature);
  read(from, "power", facts.power);
  if (const auto ceilings = from.find("ceilings"); ceilings != from.end() && ceilings->is_object())
    facts.ceilings = ceilings_of(*ceilings);
  return facts;
}

ModelFacts model_facts_from_json(const nlohmann::json& from) {
  ModelFacts model;
  read(from, "parameters", model.parameters);
  read(from, "file_bytes", model.file_bytes);
  read(from, "format", model.format);
  read(from, "weight_bytes_per_step", model.weight_bytes);
  read(from, "multiply_adds_per_token", model.multiply_adds);
  read(from, "output_multiply_adds_per_token", model.output_multiply_adds);
  read(from, "kv_bytes_per_position", model.kv_bytes);
  read(from, "on_gpu", model.on_gpu);
  read(from, "hybrid", model.hybrid);
  read(from, "gpu", model.gpu);
  read(from, "gpu_address", model.gpu_address);
  return model;
}

}  // namespace squall::scenarios
