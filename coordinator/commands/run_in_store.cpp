#include "coordinator/commands/run_in_store.hpp"

#include <cstdio>
#include <filesystem>

namespace squall::coordinator {

RunInStore::RunInStore(const RunOptions& options, const RunRecord& record, const RunFolder& folder)
    : run_{.run = record.id,
           .scenario = record.scenario.name,
           .scenario_hash = record.scenario_hash,
           .scenario_text = record.scenario_text,
           .scenario_file = record.scenario_file,
           .started_at = record.started_at,
           .tool_version = record.tool_version,
           .folder = std::filesystem::absolute(folder.path).lexically_normal().string()},
      folder_(folder) {
  if (!options.no_store) store_.emplace(store_file(options.store, options.state));
}

std::string RunInStore::begin() {
  if (!store_ || begun_) return {};
  try {
    store_->begin(run_);
    begun_ = true;
  } catch (const StoreError& error) {
    return std::string("the run is not in the store yet: ") + error.what();
  }
  return {};
}

bool RunInStore::finish(const std::string& report) {
  if (!store_) return true;
  std::error_code ignored;
  const bool journal = std::filesystem::is_regular_file(folder_.journal(), ignored);
  try {
    // The load may have been over before anybody looked, or the store was no good then.
    if (!begun_) store_->begin(run_);
    begun_ = true;
    store_->finish(run_.run, report, journal ? folder_.journal() : std::filesystem::path());
    return true;
  } catch (const StoreError& error) {
    std::fprintf(stderr,
                 "squall: the run is not stored: %s\n"
                 "squall: its folder has what was gathered; later, this takes it in: "
                 "squall import %s\n",
                 error.what(), folder_.path.c_str());
    return false;
  }
}

}  // namespace squall::coordinator
