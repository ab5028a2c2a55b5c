#include "agents/engine/devices/kv_room.hpp"

#include <algorithm>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/cache/memory_budget.hpp"

namespace squall::agents {

namespace {

/// Of two shares the first has the table and the first layers. Where a table is the output, too,
/// the host has it once and a device twice: each kind has its own layout there.
std::uint64_t weights_of(const Model& model, const EngineBackends& backends, std::size_t share) {
  const WeightSizes sizes = weight_sizes(model);
  const std::size_t all = sizes.layers.size();
  const std::size_t layers = backends.shares()[share].layers;
  if (backends.shares().size() == 1) {
    const bool on_host = backends.shares().front().memory == 0;
    return on_host ? model.weight_bytes : sizes.table + sizes.output + sizes.last_layers(all);
  }
  if (share > 0) return sizes.output + sizes.last_layers(layers);
  return sizes.table + sizes.last_layers(all) - sizes.last_layers(all - layers);
}

std::size_t pages_of_device(const Model& model, const DeviceDemand& demand,
                            const BackendShare& share, const KvDemand& kv) {
  const std::uint64_t taken =
      kv.weight_bytes + scratch_bytes(model.shape, demand.limits, share.memory);
  const std::uint64_t pages = (share.memory - std::min(share.memory, taken)) / kv.page_bytes;
  if (pages == 0) {
    throw kernels::DeviceOutOfMemory(std::string(share.backend->name()) +
                                     " has no room for keys and values beside " +
                                     std::to_string(share.layers) + " layers");
  }
  return std::min<std::uint64_t>({pages, kv.most_pages, no_page - 1});
}

}  // namespace

std::uint64_t kv_page_bytes(const Model& model, const EngineBackends& backends,
                            kernels::KvFormat format) {
  std::uint64_t bytes = 0;
  for (const BackendShare& share : backends.shares()) {
    bytes += KvCache::page_bytes(*share.backend, model.shape, format, share.layers);
  }
  return bytes;
}

std::size_t kv_pages(const Model& model, const EngineBackends& backends, const DeviceDemand& demand,
                     std::size_t most_pages) {
  if (demand.kv_bytes > 0) {
    return affordable_pages({.page_bytes = kv_page_bytes(model, backends, demand.kv_format),
                             .wanted_bytes = demand.kv_bytes});
  }
  std::size_t pages = no_page - 1;
  for (std::size_t i = 0; i < backends.shares().size(); ++i) {
    const BackendShare& share = backends.shares()[i];
    if (share.layers == 0) continue;
    const KvDemand kv{.page_bytes = KvCache::page_bytes(*share.backend, model.shape,
                                                        demand.kv_format, share.layers),
                      .most_pages = most_pages,
                      .weight_bytes = weights_of(model, backends, i),
                      .available = share.memory == 0 ? available_memory() : std::nullopt};
    pages = std::min(pages, share.memory == 0 ? affordable_pages(kv)
                                              : pages_of_device(model, demand, share, kv));
  }
  return pages;
}

}  // namespace squall::agents
