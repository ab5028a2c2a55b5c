#include "scenarios/thresholds/roofline.hpp"

#include <algorithm>

namespace squall::scenarios {

namespace {

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

}  // namespace

std::string missing_for_roofline(const std::optional<HardwareFacts>& hardware,
                                 const std::optional<ModelFacts>& model) {
  if (!hardware) return "the agent did not say what its machine is";
  if (hardware->ceilings.best_bandwidth() <= 0 || arithmetic_of(hardware->ceilings, 0) <= 0)
    return "the machine's bandwidth and arithmetic were not measured";
  if (!model || model->weight_bytes == 0 || model->multiply_adds == 0)
    return "the model's bytes and operations are not known";
  return {};
}

std::optional<Roofline> roofline_of(const HardwareFacts& hardware, const ModelFacts& model,
                                    const RooflineLoad& load) {
  if (!missing_for_roofline(hardware, model).empty()) return std::nullopt;
  Roofline roof;
  roof.bandwidth = bandwidth_of(hardware.ceilings, load.threads);
  roof.arithmetic = arithmetic_of(hardware.ceilings, load.threads);
  const double batch = std::max(load.concurrency, 1.0);
  const double kv = batch * load.context * static_cast<double>(model.kv_bytes);
  roof.memory_time = (static_cast<double>(model.weight_bytes) + kv) / roof.bandwidth;
  roof.compute_time = batch * static_cast<double>(model.multiply_adds) / roof.arithmetic;
  roof.tokens_per_second = batch / std::max(roof.memory_time, roof.compute_time);
  return roof;
}

}  // namespace squall::scenarios
