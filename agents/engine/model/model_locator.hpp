#pragma once
// Finds the file that a model's name stands for.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

struct ModelPlaces {
  std::filesystem::path relative_to;               // where relative paths begin; empty: here
  std::vector<std::filesystem::path> directories;  // where names are looked for, in this order
  std::vector<std::string> endings{".gguf"};       // of a model's file, the preferred one first
};

/// ${XDG_CACHE_HOME:-~/.cache}/squall; empty when the environment has neither.
std::filesystem::path cache_directory();

/// $SQUALL_MODELS, ./models and the models/ of the cache directory.
ModelPlaces usual_model_places(const std::filesystem::path& relative_to);

/// Whether `wanted` is a path (it has a slash or one of the endings) rather than a bare name.
bool is_model_path(const std::string& wanted, const std::vector<std::string>& endings);

/// "stories" of "there/stories.gguf": without folders and without any of the endings.
std::string model_stem(const std::string& wanted, const std::vector<std::string>& endings);

/// A path is tried from `places.relative_to` and from the current directory; a name, or a path
/// without a slash, as NAME with each ending in each of the directories. Adds every path tried to
/// `looked_at`.
std::optional<std::filesystem::path> find_model(const std::string& wanted,
                                                const ModelPlaces& places,
                                                std::vector<std::string>& looked_at);

/// Up to three names in the directories that `wanted` may have meant, the nearest first.
std::vector<std::string> near_models(const std::string& wanted, const ModelPlaces& places);

/// As find_model. Throws ModelError saying where it looked and which names are near.
std::filesystem::path locate_model(const std::string& wanted, const ModelPlaces& places);

/// What a message about a model that is not there says: the places, one a line, and near names.
std::string where_was_looked(const std::string& wanted, const ModelPlaces& places,
                             const std::vector<std::string>& looked_at);

}  // namespace squall::agents
