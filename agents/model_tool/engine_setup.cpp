#include "agents/model_tool/engine_setup.hpp"

#include <stdexcept>

#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"

namespace squall::agents {

std::unique_ptr<kernels::Backend> make_backend(std::size_t threads,
                                               const std::string& instruction_set) {
  try {
    return kernels::make_cpu_backend(threads, instruction_set);
  } catch (const std::invalid_argument& error) {
    throw ModelError(error.what());
  }
}

kernels::KvFormat kv_format_named(const std::string& name) {
  if (name == "f32") return kernels::KvFormat::f32;
  if (name == "f16") return kernels::KvFormat::f16;
  if (name == "q8_0") return kernels::KvFormat::q8_0;
  throw ModelError("there is no format '" + name +
                   "' for keys and values; choose f32, f16 or q8_0");
}

}  // namespace squall::agents
