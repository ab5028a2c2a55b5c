#include "agents/models/model_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "agents/engine/model/synthetic/synthetic_model.hpp"
#include "agents/models/decompressed_model.hpp"

namespace squall::agents {

namespace fs = std::filesystem;
using scenarios::ModelChoice;

namespace {

constexpr std::array choices{ModelChoice::real, ModelChoice::prefer_real, ModelChoice::synthetic};

std::string text_of(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? std::string() : text;
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

/// The lists of a message of several lines, as sentences.
std::string on_one_line(std::string text) {
  const std::pair<const char*, const char*> changes[]{
      {"for\n  ", "for "}, {":\n  ", ": "}, {"\n  ", ", "}, {"\n", "; "}};
  for (const auto& [lines, words] : changes) {
    const std::string_view from(lines), to(words);
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  }
  return text;
}

std::optional<ModelChoice> choice_of(const ModelEnvironment& environment) {
  if (environment.choice.empty()) return std::nullopt;
  for (const ModelChoice choice : choices)
    if (environment.choice == name_of(choice)) return choice;
  throw ModelError("SQUALL_MODEL_CHOICE is '" + environment.choice +
                   "'; it may be real, prefer-real or synthetic");
}

/// One search, with all that it tried.
class Search {
 public:
  Search(const scenarios::TargetSettings& target, const ModelEnvironment& environment,
         const DownloadContext& context)
      : target_(target), environment_(environment), context_(context) {}

  ChosenModel run();

 private:
  void decide();
  std::optional<fs::path> find_real();
  std::optional<fs::path> find_in_environment();
  std::optional<fs::path> find_downloaded();
  ChosenModel take(const fs::path& found);
  ChosenModel stand_in();
  std::string nothing_found() const;
  bool names_synthetic() const { return is_synthetic_name(target_.model); }

  const scenarios::TargetSettings& target_;
  const ModelEnvironment& environment_;
  const DownloadContext& context_;
  ModelChoice choice_ = ModelChoice::real;
  std::vector<std::string> looked_at_;  // paths
  std::vector<std::string> failures_;   // of sources
  std::string downloaded_from_;
  ChosenModel chosen_;
};

/// The environment overrules the scenario, and says so.
void Search::decide() {
  const ModelChoice usual = names_synthetic() ? ModelChoice::synthetic : ModelChoice::real;
  const ModelChoice of_scenario = target_.model_choice.value_or(usual);
  const auto overruling = choice_of(environment_);
  choice_ = overruling.value_or(of_scenario);
  const char* const by =
      overruling ? "SQUALL_MODEL_CHOICE" : (target_.model_choice ? "scenario" : "default");
  chosen_.choice = std::string(name_of(choice_)) + " (" + by + ")";
  if (overruling && choice_ != of_scenario)
    chosen_.warnings.push_back(
        std::string("SQUALL_MODEL_CHOICE makes this a run on ") +
        (choice_ == ModelChoice::synthetic ? "a synthetic model" : "a real model if there is one") +
        "; the scenario alone would take '" + target_.model + "', choice " + name_of(of_scenario));
}

std::optional<fs::path> Search::find_in_environment() {
  if (environment_.model.empty()) return std::nullopt;
  if (is_synthetic_name(environment_.model))
    throw ModelError("SQUALL_MODEL is for real models; set SQUALL_MODEL_CHOICE=synthetic instead");
  ModelPlaces places = environment_.places;
  places.relative_to.clear();  // not the scenario's folder: it is this machine's variable
  auto found = find_model(environment_.model, places, looked_at_);
  if (!found) {
    chosen_.warnings.push_back("SQUALL_MODEL names '" + environment_.model +
                               "', which is not there");
  } else if (model_stem(found->string(), places.endings) !=
             model_stem(target_.model, places.endings)) {
    chosen_.warnings.push_back("SQUALL_MODEL makes this a run on " + found->string() +
                               " instead of the scenario's '" + target_.model + "'");
  }
  return found;
}

std::optional<fs::path> Search::find_downloaded() {
  if (target_.sources.empty()) return std::nullopt;
  if (environment_.cache.empty()) {
    failures_.push_back(
        "no download, for there is no cache directory (set XDG_CACHE_HOME or HOME)");
    return std::nullopt;
  }
  const DownloadOrder order{
      .sources = target_.sources,
      .destination = download_place(target_.model, target_.sources, environment_.cache),
      .sha256 = target_.sha256};
  try {
    const Download done = download(order, context_);
    downloaded_from_ = done.source;
    if (order.sha256.empty() && !done.source.empty())
      chosen_.warnings.push_back("the downloaded model was not checked; add sha256 = \"" +
                                 done.sha256 + "\" to [target] if these bytes are right");
    return done.file;
  } catch (const DownloadStopped&) {
    throw;
  } catch (const DownloadError& error) {
    failures_.insert(failures_.end(), error.failures.begin(), error.failures.end());
  } catch (const ModelError& error) {  // no room, no folder
    failures_.emplace_back(error.what());
  }
  return std::nullopt;
}

std::optional<fs::path> Search::find_real() {
  if (names_synthetic()) return find_in_environment();
  ModelPlaces only_paths = environment_.places;
  only_paths.directories.clear();
  if (auto found = find_model(target_.model, only_paths, looked_at_)) return found;
  if (auto found = find_in_environment()) return found;
  if (auto found = find_model(target_.model, environment_.places, looked_at_)) return found;
  return find_downloaded();
}

ChosenModel Search::take(const fs::path& found) {
  const auto go_on = [this](std::uint64_t bytes) {
    DownloadProgress progress;
    progress.stage = DownloadProgress::Stage::checking;
    progress.done = bytes;
    return !context_.on_progress || context_.on_progress(progress);
  };
  const fs::path plain = decompressed_model(found, environment_.cache, go_on);
  chosen_.model = fs::absolute(plain).string();
  chosen_.origin = found.string();
  if (!downloaded_from_.empty()) chosen_.origin += ", downloaded from " + downloaded_from_;
  if (plain != found) chosen_.origin += ", decompressed to " + plain.string();
  return std::move(chosen_);
}

std::string Search::nothing_found() const {
  std::string text;
  if (names_synthetic()) {
    text = "the scenario names no real model, only '" + target_.model + "', and " +
           (environment_.model.empty() ? "SQUALL_MODEL is not set"
                                       : "SQUALL_MODEL names none that is there");
  } else {
    text = where_was_looked(target_.model, environment_.places, looked_at_);
  }
  if (!failures_.empty()) text += "\ntried to download it:\n  " + joined(failures_, "\n  ");
  return text;
}

ChosenModel Search::stand_in() {
  chosen_.model = names_synthetic() ? target_.model : target_.fallback;
  if (choice_ == ModelChoice::synthetic) {
    if (!environment_.model.empty())
      chosen_.warnings.emplace_back(
          "SQUALL_MODEL is set but not used, for the model choice is synthetic; set "
          "SQUALL_MODEL_CHOICE=real to use it");
    return std::move(chosen_);
  }
  chosen_.warnings.insert(
      chosen_.warnings.begin(),
      chosen_.model + " stands in for the real model: " + on_one_line(nothing_found()));
  return std::move(chosen_);
}

ChosenModel Search::run() {
  if (target_.model.empty())
    throw ModelError("no model is named; give a path, a name or synthetic:…");
  decide();
  if (choice_ == ModelChoice::synthetic) return stand_in();
  if (const auto found = find_real()) return take(*found);
  if (choice_ == ModelChoice::prefer_real) return stand_in();
  throw ModelError(nothing_found() + "\nModel choice: " + chosen_.choice +
                   ". With model_choice = \"prefer-real\" (or SQUALL_MODEL_CHOICE=prefer-real) "
                   "the run goes on with a synthetic model, and says so.");
}

}  // namespace

const char* name_of(ModelChoice choice) {
  switch (choice) {
    case ModelChoice::real:
      return "real";
    case ModelChoice::prefer_real:
      return "prefer-real";
    case ModelChoice::synthetic:
      return "synthetic";
  }
  return "";
}

ChosenModel choose_model(const scenarios::TargetSettings& target,
                         const ModelEnvironment& environment, const DownloadContext& context) {
  return Search(target, environment, context).run();
}

std::string model_here(const std::string& named) {
  ModelEnvironment environment = model_environment({});
  environment.choice.clear();
  environment.model.clear();
  scenarios::TargetSettings target;
  target.model = named;
  try {
    return choose_model(target, environment).model;
  } catch (const ModelError&) {
    // Of a model that is not there at all the search for files says more to the point.
    static_cast<void>(locate_model(named, environment.places));
    throw;
  }
}

ModelEnvironment model_environment(const fs::path& relative_to) {
  ModelEnvironment environment;
  environment.choice = text_of("SQUALL_MODEL_CHOICE");
  environment.model = text_of("SQUALL_MODEL");
  environment.places = usual_model_places(relative_to);
  environment.places.endings = model_endings();
  environment.cache = cache_directory();
  return environment;
}

fs::path download_place(const std::string& model, const std::vector<std::string>& sources,
                        const fs::path& cache) {
  std::string ending = model_endings().front();
  if (!sources.empty()) {
    const std::string first = without_secrets(sources.front());
    for (const std::string& possible : model_endings())
      if (first.ends_with(possible)) ending = possible;
  }
  return cache / "models" / (model_stem(model, model_endings()) + ending);
}

}  // namespace squall::agents
