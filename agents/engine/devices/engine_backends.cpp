#include "agents/engine/devices/engine_backends.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::agents {

namespace {

std::vector<BackendShare> only(std::unique_ptr<kernels::Backend> backend, std::size_t layers) {
  std::vector<BackendShare> shares;
  shares.push_back({.backend = std::move(backend), .layers = layers});
  return shares;
}

}  // namespace

EngineBackends::EngineBackends(std::vector<BackendShare> shares) : shares_(std::move(shares)) {
  assert(!shares_.empty());
  for (const BackendShare& share : shares_) {
    runs_.push_back({.backend = share.backend.get(), .layers = share.layers});
  }
}

EngineBackends::EngineBackends(std::unique_ptr<kernels::Backend> backend, std::size_t layers)
    : EngineBackends(only(std::move(backend), layers)) {}

std::string EngineBackends::name() const {
  if (shares_.size() == 1) return std::string(shares_.front().backend->name());
  std::string names;
  for (const BackendShare& share : shares_) {
    names += (names.empty() ? "" : " + ") + std::string(share.backend->name()) + " (" +
             std::to_string(share.layers) + (share.layers == 1 ? " layer)" : " layers)");
  }
  return names;
}

bool EngineBackends::on_host() const {
  return std::ranges::all_of(
      shares_, [](const BackendShare& share) { return share.backend->uses_host_memory(); });
}

/// The backends work one after the other, and the calling thread is one of each one's.
std::size_t EngineBackends::threads() const {
  std::size_t most = 1;
  for (const BackendShare& share : shares_) most = std::max(most, share.backend->threads());
  return most;
}

std::chrono::nanoseconds EngineBackends::worker_cpu_time() const {
  std::chrono::nanoseconds sum{0};
  for (const BackendShare& share : shares_) sum += share.backend->worker_cpu_time();
  return sum;
}

}  // namespace squall::agents
