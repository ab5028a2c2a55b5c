#pragma once
// Finds the file that a model's name stands for.

#include <filesystem>
#include <string>
#include <vector>

namespace squall::agents {

struct ModelPlaces {
  std::filesystem::path relative_to;               // where relative paths begin; empty: here
  std::vector<std::filesystem::path> directories;  // where names are looked for, in this order
};

/// $SQUALL_MODELS, ./models and ${XDG_CACHE_HOME:-~/.cache}/squall/models.
ModelPlaces usual_model_places(const std::filesystem::path& relative_to);

/// `wanted` is a path when it has a slash or ends in .gguf, and is then tried from
/// `places.relative_to` and from the current directory; else, or when it has no slash, the name of
/// a NAME.gguf in one of the directories. Throws ModelError saying where it looked and which names
/// are near.
std::filesystem::path locate_model(const std::string& wanted, const ModelPlaces& places);

}  // namespace squall::agents
