#pragma once
// Which model a run takes: the real one that the scenario names, or a synthetic one, and why.
//
// A real one is looked for as a path, in $SQUALL_MODEL, in the folders $SQUALL_MODELS, ./models and
// the cache directory, and then downloaded; compressed ones are decompressed into the cache
// directory. $SQUALL_MODEL_CHOICE overrules the scenario, and both overrule the default.

#include <filesystem>
#include <string>
#include <vector>

#include "agents/engine/model/model_locator.hpp"
#include "agents/models/download.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

/// What the machine says about models.
struct ModelEnvironment {
  std::string choice;           // $SQUALL_MODEL_CHOICE; empty: not set
  std::string model;            // $SQUALL_MODEL, a path or a name; empty: not set
  ModelPlaces places;           // where names are looked for
  std::filesystem::path cache;  // for downloads and plain copies; empty: none
};

/// Of this process. `relative_to`: where the scenario's relative paths begin.
ModelEnvironment model_environment(const std::filesystem::path& relative_to);

struct ChosenModel {
  std::string model;                  // for load_model: an absolute path, or "synthetic:…"
  std::string choice;                 // and who made it: "prefer-real (scenario)"
  std::string origin;                 // where it came from; empty: synthetic
  std::vector<std::string> warnings;  // one line each, for every report
};

/// Throws ModelError when a real model is wanted and cannot be had (telling every place and source
/// that was tried), when a compressed one is damaged, and when the environment makes no sense.
/// A file that is there but damaged is never replaced by a synthetic model.
ChosenModel choose_model(const scenarios::TargetSettings& target,
                         const ModelEnvironment& environment, const DownloadContext& context = {});

/// What load_model takes for a model that somebody named on a command line: the environment's
/// wishes do not overrule it, compressed files are decompressed, nothing is downloaded. Throws
/// ModelError.
std::string model_here(const std::string& named);

/// "real", "prefer-real", "synthetic".
const char* name_of(scenarios::ModelChoice choice);

/// Where `squall` keeps the downloaded file of this model: in `cache`/models, under its name, with
/// the ending that the first source has.
std::filesystem::path download_place(const std::string& model,
                                     const std::vector<std::string>& sources,
                                     const std::filesystem::path& cache);

}  // namespace squall::agents
