#pragma once
// Makes a Model of a GGUF file: everything that the file says is checked before it is used.

#include <filesystem>
#include <memory>
#include <string>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"

namespace squall::agents {

/// The weights stay in the file, which is mapped as long as the model lives. Throws ModelError
/// naming the file, the key or tensor, and what was expected and found.
std::shared_ptr<const Model> read_gguf_model(const std::filesystem::path& path);

/// The same from a structure that is read already; `name` becomes the model's.
std::shared_ptr<const Model> make_gguf_model(std::unique_ptr<GgufFile> file, std::string name);

}  // namespace squall::agents
