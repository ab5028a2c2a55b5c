#pragma once
// Models of random weights and well-known shapes, made in memory: a first run without a download.
//
// Their answers mean nothing; their cost is that of a real model of the same shape and format.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

/// True for names that begin with "synthetic:".
bool is_synthetic_name(std::string_view wanted);

/// Every name there is: "synthetic:llama-15m/q8_0" and so on, for each shape of model_plan.hpp and
/// each format or mixture. A matrix whose rows do not fit the format gets a near one.
std::vector<std::string> synthetic_model_names();

/// The same name gives the same bytes on every machine. Norms are 1, biases 0. Throws ModelError
/// listing what there is.
std::shared_ptr<const Model> make_synthetic_model(const std::string& wanted);

}  // namespace squall::agents
