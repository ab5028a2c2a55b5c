#include "agents/engine/model/model.hpp"

#include "agents/engine/model/model_locator.hpp"
#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/model/synthetic/synthetic_model.hpp"

namespace squall::agents {

std::shared_ptr<const Model> load_model(const std::string& wanted,
                                        const std::filesystem::path& relative_to) {
  if (is_synthetic_name(wanted)) return make_synthetic_model(wanted);
  return read_gguf_model(locate_model(wanted, usual_model_places(relative_to)));
}

}  // namespace squall::agents
