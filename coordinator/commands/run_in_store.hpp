#pragma once
// A run's entry in the store while `squall run` conducts it. A store that fails during a run costs
// the entry, never the run: it is told, and the run's folder still has everything.

#include <optional>
#include <string>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

class RunInStore {
 public:
  /// Opens the store, so that a mistyped path is found before the load; none with --no-store.
  /// Throws StoreError and RunFolderError.
  RunInStore(const RunOptions& options, const RunRecord& record, const RunFolder& folder);

  /// When the load begins; also of a run that goes on. What is to be told, empty when all is well:
  /// finish() tries again.
  std::string begin();
  /// When the report is made. False, once told on standard error, when the run is not in the store
  /// that was wanted.
  bool finish(const std::string& report);

 private:
  std::optional<RunStore> store_;
  RunBeginning run_;
  RunFolder folder_;
  bool begun_ = false;
};

}  // namespace squall::coordinator
