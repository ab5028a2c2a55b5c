#pragma once
// What the commands have in common when they run a model: the device, its kernels, and the format
// of keys and values.

#include <memory>
#include <string>

#include "agents/engine/devices/device_wishes.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/model_tool/teacher_forcing.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// What computes.
struct ComputeOptions {
  std::size_t threads = 1;
  std::string instruction_set;  // of the CPU; empty: the best
  DeviceWishes device;
};

// Warnings go to standard error. Throw ModelError naming what can be had.
std::unique_ptr<InferenceEngine> make_engine(const std::shared_ptr<const Model>& model,
                                             const ComputeOptions& compute,
                                             const EngineOptions& options);
std::unique_ptr<TeacherForcing> make_forcing(const std::shared_ptr<const Model>& model,
                                             const ComputeOptions& compute,
                                             kernels::KvFormat kv_format, std::size_t positions);
kernels::KvFormat kv_format_named(const std::string& name);

}  // namespace squall::agents
