#pragma once
// Where capacity plans are written down after every probe: STATE/plans/PLAN/plan.json, and
// scenario.toml where the plan changed the user's file. An interrupted plan goes on from there.

#include <filesystem>
#include <string>

#include "coordinator/plan/capacity_plan.hpp"

namespace squall::coordinator {

class PlanFolder {
 public:
  /// A new one. Throws RunFolderError.
  static PlanFolder make(const std::filesystem::path& state, const std::string& id);
  /// By id, or the newest for "last"; also a folder or a plan.json by its path. Throws UsageError.
  static PlanFolder find(const std::filesystem::path& state, const std::string& name);

  /// Throws PlanUnreadable, UsageError.
  CapacityPlan read() const;
  /// Whole or not at all. Throws RunFolderError.
  void write(const std::string& json) const;

  std::filesystem::path file() const { return path_ / "plan.json"; }
  std::filesystem::path scenario() const { return path_ / "scenario.toml"; }
  std::string id() const { return path_.filename().string(); }

 private:
  explicit PlanFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// A whole file, replaced at once. Throws RunFolderError.
void write_whole(const std::filesystem::path& path, const std::string& text);

}  // namespace squall::coordinator
