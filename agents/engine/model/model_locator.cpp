#include "agents/engine/model/model_locator.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <system_error>
#include <utility>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".gguf";

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be examined counts as absent
  return fs::exists(path, ignored);
}

/// Insertions, deletions and replacements that turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == extension) names.push_back(entry->path().stem().string());
  }
  return names;
}

/// Up to three names, the nearest first; a name that begins with the wanted one is near.
std::vector<std::string> near_names(const std::string& wanted,
                                    const std::vector<fs::path>& directories) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const fs::path& directory : directories) {
    for (std::string& name : names_in(directory)) {
      const std::size_t distance = name.starts_with(wanted) ? 1 : edit_distance(wanted, name);
      if (distance <= 1 + wanted.size() / 4) near.emplace_back(distance, std::move(name));
    }
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, near.size()); ++i) {
    names.push_back(near[i].second);
  }
  return names;
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : separator) + part;
  return joined;
}

}  // namespace

ModelPlaces usual_model_places(const fs::path& relative_to) {
  ModelPlaces places{relative_to, {}};
  const auto set = [](const char* text) { return text && *text; };
  if (const char* models = std::getenv("SQUALL_MODELS"); set(models)) {
    places.directories.emplace_back(models);
  }
  places.directories.emplace_back("models");
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); set(cache)) {
    places.directories.emplace_back(fs::path(cache) / "squall" / "models");
  } else if (const char* home = std::getenv("HOME"); set(home)) {
    places.directories.emplace_back(fs::path(home) / ".cache" / "squall" / "models");
  }
  return places;
}

fs::path locate_model(const std::string& wanted, const ModelPlaces& places) {
  if (wanted.empty()) throw ModelError("no model is named; give a path, a name or synthetic:…");
  const bool has_slash = wanted.find('/') != std::string::npos;
  const bool has_extension = wanted.ends_with(extension);
  std::vector<std::string> looked_at;
  const auto look_at = [&](const fs::path& candidate) {
    const std::string text = candidate.string();
    if (std::ranges::find(looked_at, text) == looked_at.end()) looked_at.push_back(text);
    return is_there(candidate);
  };

  if (has_slash || has_extension) {
    const fs::path from_base = places.relative_to / wanted;  // `wanted` alone when absolute
    if (look_at(from_base)) return from_base;
    if (look_at(wanted)) return wanted;
  }
  const std::string name =
      has_extension ? wanted.substr(0, wanted.size() - extension.size()) : wanted;
  if (!has_slash) {
    for (const fs::path& directory : places.directories) {
      const fs::path candidate = directory / (name + std::string(extension));
      if (look_at(candidate)) return candidate;
    }
  }

  std::string message =
      "there is no model '" + wanted + "'; looked for\n  " + join(looked_at, "\n  ");
  const std::vector<std::string> near =
      near_names(fs::path(name).filename().string(), places.directories);
  if (!near.empty()) message += "\ndid you mean " + join(near, ", ") + "?";
  message += "\nWithout a download, 'synthetic:llama-15m/q8_0' always works.";
  throw ModelError(message);
}

}  // namespace squall::agents
