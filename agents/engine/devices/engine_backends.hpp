#pragma once
// The backends of an engine: one for all layers of a model, or two that share them.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/engine/layer_run.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// A backend with the layers that it computes.
struct BackendShare {
  std::unique_ptr<kernels::Backend> backend;
  std::size_t layers = 0;
  /// Bytes that weights, activations, keys and values may take there; 0: of the host, what is free.
  std::uint64_t memory = 0;
  std::string address{};  // of the GPU, on the PCI bus; empty: not told, or no GPU
};

class EngineBackends {
 public:
  /// In the order of layers.
  explicit EngineBackends(std::vector<BackendShare> shares);
  /// One backend for all `layers`.
  EngineBackends(std::unique_ptr<kernels::Backend> backend, std::size_t layers);

  const std::vector<BackendShare>& shares() const { return shares_; }
  LayerRuns runs() const { return runs_; }

  std::string name() const;  // "cpu avx2"; "cpu avx2 (2 layers) + CUDA NVIDIA H200 (30 layers)"
  bool on_host() const;      // all of them compute in the host's memory
  std::size_t threads() const;
  std::chrono::nanoseconds worker_cpu_time() const;

 private:
  std::vector<BackendShare> shares_;
  std::vector<LayerRun> runs_;
};

}  // namespace squall::agents
