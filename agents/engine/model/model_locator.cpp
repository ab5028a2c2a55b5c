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

/// The ending of this file name that is in the list; empty: none is.
std::string_view ending_of(std::string_view name, const std::vector<std::string>& endings) {
  for (const std::string& ending : endings) {
    if (name.size() > ending.size() && name.ends_with(ending)) return ending;
  }
  return {};
}

std::vector<std::string> names_in(const fs::path& directory,
                                  const std::vector<std::string>& endings) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::string_view ending = ending_of(name, endings);
    if (!ending.empty()) names.push_back(name.substr(0, name.size() - ending.size()));
  }
  return names;
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : separator) + part;
  return joined;
}

}  // namespace

fs::path cache_directory() {
  const auto set = [](const char* text) { return text && *text; };
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); set(cache)) {
    return fs::path(cache) / "squall";
  }
  if (const char* home = std::getenv("HOME"); set(home)) {
    return fs::path(home) / ".cache" / "squall";
  }
  return {};
}

ModelPlaces usual_model_places(const fs::path& relative_to) {
  ModelPlaces places;
  places.relative_to = relative_to;
  if (const char* models = std::getenv("SQUALL_MODELS"); models && *models) {
    places.directories.emplace_back(models);
  }
  places.directories.emplace_back("models");
  if (const fs::path cache = cache_directory(); !cache.empty()) {
    places.directories.push_back(cache / "models");
  }
  return places;
}

bool is_model_path(const std::string& wanted, const std::vector<std::string>& endings) {
  return wanted.find('/') != std::string::npos || !ending_of(wanted, endings).empty();
}

std::string model_stem(const std::string& wanted, const std::vector<std::string>& endings) {
  const std::string name = fs::path(wanted).filename().string();
  return name.substr(0, name.size() - ending_of(name, endings).size());
}

std::optional<fs::path> find_model(const std::string& wanted, const ModelPlaces& places,
                                   std::vector<std::string>& looked_at) {
  const auto note = [&](const std::string& place) {
    if (std::ranges::find(looked_at, place) == looked_at.end()) looked_at.push_back(place);
  };
  const auto look_at = [&](const fs::path& candidate) {
    note(candidate.string());
    return is_there(candidate);
  };
  if (is_model_path(wanted, places.endings)) {
    const fs::path from_base = places.relative_to / wanted;  // `wanted` alone when absolute
    if (look_at(from_base)) return from_base;
    if (look_at(wanted)) return wanted;
    if (wanted.find('/') != std::string::npos) return std::nullopt;
  }
  const std::string name = model_stem(wanted, places.endings);
  for (const fs::path& directory : places.directories) {
    note((directory / name).string() + join(places.endings, "|"));
    for (const std::string& ending : places.endings) {
      const fs::path candidate = directory / (name + ending);
      if (is_there(candidate)) return candidate;
    }
  }
  return std::nullopt;
}

std::vector<std::string> near_models(const std::string& wanted, const ModelPlaces& places) {
  const std::string name = model_stem(wanted, places.endings);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const fs::path& directory : places.directories) {
    for (std::string& there : names_in(directory, places.endings)) {
      const std::size_t distance = there.starts_with(name) ? 1 : edit_distance(name, there);
      if (distance <= 1 + name.size() / 4) near.emplace_back(distance, std::move(there));
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

std::string where_was_looked(const std::string& wanted, const ModelPlaces& places,
                             const std::vector<std::string>& looked_at) {
  std::string text = "there is no model '" + wanted + "'; looked for\n  " + join(looked_at, "\n  ");
  const std::vector<std::string> near = near_models(wanted, places);
  if (!near.empty()) text += "\ndid you mean " + join(near, ", ") + "?";
  return text;
}

fs::path locate_model(const std::string& wanted, const ModelPlaces& places) {
  if (wanted.empty()) throw ModelError("no model is named; give a path, a name or synthetic:…");
  std::vector<std::string> looked_at;
  if (auto found = find_model(wanted, places, looked_at)) return *found;
  throw ModelError(where_was_looked(wanted, places, looked_at) +
                   "\nWithout a download, 'synthetic:llama-15m/q8_0' always works.");
}

}  // namespace squall::agents
