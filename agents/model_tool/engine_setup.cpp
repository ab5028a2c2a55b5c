#include "agents/model_tool/engine_setup.hpp"

#include <cstdio>
#include <stdexcept>

#include "agents/engine/devices/device_building.hpp"
#include "agents/engine/devices/gpu_surroundings.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"

namespace squall::agents {

namespace {

void build(const Model& model, const ComputeOptions& compute, const DeviceDemand& demand,
           const std::function<void(EngineBackends)>& build) {
  const DeviceSources sources{
      .make_cpu =
          [&] { return kernels::make_cpu_backend(compute.threads, compute.instruction_set); },
      .find_gpus = find_gpus_beside_program};
  try {
    for (const std::string& warning :
         build_on_device(model, compute.device, demand, sources, build)) {
      std::fprintf(stderr, "squall model: warning: %s\n", warning.c_str());
    }
  } catch (const std::invalid_argument& error) {  // a device or kernels that cannot be had
    throw ModelError(error.what());
  }
}

}  // namespace

std::unique_ptr<InferenceEngine> make_engine(const std::shared_ptr<const Model>& model,
                                             const ComputeOptions& compute,
                                             const EngineOptions& options) {
  std::unique_ptr<InferenceEngine> engine;
  build(*model, compute, device_demand(model->shape, options), [&](EngineBackends backends) {
    engine = std::make_unique<InferenceEngine>(model, std::move(backends), options);
  });
  return engine;
}

std::unique_ptr<TeacherForcing> make_forcing(const std::shared_ptr<const Model>& model,
                                             const ComputeOptions& compute,
                                             kernels::KvFormat kv_format, std::size_t positions) {
  std::unique_ptr<TeacherForcing> forcing;
  build(*model, compute, TeacherForcing::demand(kv_format, positions),
        [&](EngineBackends backends) {
          forcing =
              std::make_unique<TeacherForcing>(model, std::move(backends), kv_format, positions);
        });
  return forcing;
}

kernels::KvFormat kv_format_named(const std::string& name) {
  if (name == "f32") return kernels::KvFormat::f32;
  if (name == "f16") return kernels::KvFormat::f16;
  if (name == "q8_0") return kernels::KvFormat::q8_0;
  throw ModelError("there is no format '" + name +
                   "' for keys and values; choose f32, f16 or q8_0");
}

}  // namespace squall::agents
