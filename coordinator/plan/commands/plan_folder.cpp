#include "coordinator/plan/commands/plan_folder.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/plan/output/json_plan.hpp"
#include "coordinator/run_folder.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

void write_whole(const fs::path& path, const std::string& text) {
  const fs::path partial = path.string() + ".partial";
  {
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
      throw RunFolderError("cannot write " + partial.string() + ": " + std::strerror(errno) +
                           "; --state names another folder");
  }
  std::error_code error;
  fs::rename(partial, path, error);
  if (error) throw RunFolderError("cannot write " + path.string() + ": " + error.message());
}

PlanFolder PlanFolder::make(const fs::path& state, const std::string& id) {
  const fs::path path = state / "plans" / id;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (!error && mkdir(path.c_str(), 0700) != 0) error = {errno, std::generic_category()};
  if (error)
    throw RunFolderError("cannot make " + path.string() + ": " + error.message() +
                         "; --state names another folder");
  return PlanFolder(path);
}

PlanFolder PlanFolder::find(const fs::path& state, const std::string& name) {
  std::error_code ignored;
  if (name.ends_with("plan.json") && fs::exists(name, ignored))
    return PlanFolder(fs::path(name).parent_path());
  if (name.find('/') != std::string::npos && fs::is_directory(name, ignored))
    return PlanFolder(name);
  const fs::path plans = state / "plans";
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(plans, ignored)) {
    if (!fs::exists(entry.path() / "plan.json", ignored)) continue;
    const std::string id = entry.path().filename().string();
    if (id == name) return PlanFolder(entry.path());
    if (newest.empty() || id > newest.filename().string()) newest = entry.path();
  }
  if (name == "last" && !newest.empty()) return PlanFolder(newest);
  throw UsageError("there is no plan '" + name + "' in " + plans.string() +
                   "; `squall plan SCENARIO` makes one, 'last' is the newest");
}

CapacityPlan PlanFolder::read() const {
  const std::string text = read_text_file(file().string(), "cannot read plan", "name another");
  try {
    return plan_of_json(text);
  } catch (const PlanUnreadable& error) {
    throw PlanUnreadable(file().string() + " " + error.what());
  }
}

void PlanFolder::write(const std::string& json) const { write_whole(file(), json); }

}  // namespace squall::coordinator
