#include "scenarios/thresholds/roofline.hpp"

#include <algorithm>

namespace squall::scenarios {

namespace {

bool is_measured(const GpuFacts& gpu) {
  return gpu.copy_bytes_per_second > 0 && gpu.matrix_per_second > 0;
}

/// Two addresses that are known and differ are of two GPUs, whatever their names.
bool may_be(const GpuFacts& gpu, const ModelFacts& model) {
  return gpu.address.empty() || model.gpu_address.empty();
}

/// Of the most threads that were measured and are no more than the engine has; else of the fewest.
double bandwidth_of(const MeasuredCeilings& ceilings, unsigned threads) {
  if (threads == 0) return ceilings.best_bandwidth();
  double bandwidth = 0;
  for (const BandwidthCeiling& each : ceilings.bandwidth)
    if (bandwidth == 0 || each.threads <= threads)
      bandwidth = std::max(bandwidth, each.bytes_per_second);
  return bandwidth;
}

/// Arithmetic grows with the threads; more of them than were measured may add nothing.
double arithmetic_of(const MeasuredCeilings& ceilings, unsigned threads) {
  const double measured =
      ceilings.int8_per_second > 0 ? ceilings.int8_per_second : ceilings.float_per_second;
  if (threads == 0 || ceilings.threads == 0 || threads >= ceilings.threads) return measured;
  return measured * threads / ceilings.threads;
}

std::string missing_of_gpu(const HardwareFacts& hardware, const ModelFacts& model) {
  const std::string none = "there is no ceiling of this device: ";
  if (model.hybrid) return none + "a GPU computes some layers, and the CPU the others";
  if (gpu_that_computes(hardware, model) != nullptr) return {};
  const bool any = std::ranges::any_of(hardware.gpus, is_measured);
  return none + (any ? "which of the machine's GPUs computes is not known"
                     : "what its GPU copies and multiplies was not measured");
}

}  // namespace

const GpuFacts* gpu_of_model(const HardwareFacts& hardware, const ModelFacts& model) {
  if (!model.on_gpu) return nullptr;
  const auto& gpus = hardware.gpus;
  const auto there = std::ranges::find(gpus, model.gpu_address, &GpuFacts::address);
  if (!model.gpu_address.empty() && there != gpus.end()) return &*there;
  const GpuFacts* found = nullptr;
  for (const GpuFacts& gpu : gpus) {
    if (!may_be(gpu, model) || gpu.name.empty() || model.gpu.find(gpu.name) == std::string::npos)
      continue;
    // "NVIDIA A10" is in "NVIDIA A100", too.
    const bool is_longer = found == nullptr || gpu.name.size() > found->name.size();
    const bool is_equal = found != nullptr && gpu.name == found->name;  // one may be too full
    if (is_longer || (is_equal && !is_measured(*found))) found = &gpu;
  }
  // Makers' libraries may know the only one by another name than the runtime.
  if (found == nullptr && gpus.size() == 1 && may_be(gpus.front(), model)) found = &gpus.front();
  return found;
}

const GpuFacts* gpu_that_computes(const HardwareFacts& hardware, const ModelFacts& model) {
  if (model.hybrid) return nullptr;
  const GpuFacts* const found = gpu_of_model(hardware, model);
  return found != nullptr && is_measured(*found) ? found : nullptr;
}

std::string missing_for_roofline(const std::optional<HardwareFacts>& hardware,
                                 const std::optional<ModelFacts>& model) {
  if (!hardware) return "the agent did not say what its machine is";
  if (model && model->on_gpu) {
    if (const std::string gpu = missing_of_gpu(*hardware, *model); !gpu.empty()) return gpu;
  } else if (hardware->ceilings.best_bandwidth() <= 0 ||
             arithmetic_of(hardware->ceilings, 0) <= 0) {
    return "the machine's bandwidth and arithmetic were not measured";
  }
  if (!model || model->weight_bytes == 0 || model->multiply_adds == 0)
    return "the model's bytes and operations are not known";
  return {};
}

std::optional<Roofline> roofline_of(const HardwareFacts& hardware, const ModelFacts& model,
                                    const RooflineLoad& load) {
  if (!missing_for_roofline(hardware, model).empty()) return std::nullopt;
  Roofline roof;
  if (const GpuFacts* const gpu = gpu_that_computes(hardware, model)) {
    roof.bandwidth = gpu->copy_bytes_per_second;
    roof.arithmetic = gpu->matrix_per_second;
  } else {
    roof.bandwidth = bandwidth_of(hardware.ceilings, load.threads);
    roof.arithmetic = arithmetic_of(hardware.ceilings, load.threads);
  }
  const double batch = std::max(load.concurrency, 1.0);
  const double kv = batch * load.context * static_cast<double>(model.kv_bytes);
  roof.memory_time = (static_cast<double>(model.weight_bytes) + kv) / roof.bandwidth;
  roof.compute_time = batch * static_cast<double>(model.multiply_adds) / roof.arithmetic;
  roof.tokens_per_second = batch / std::max(roof.memory_time, roof.compute_time);
  return roof;
}

}  // namespace squall::scenarios
