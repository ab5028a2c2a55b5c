#pragma once
// What the parts of RunStore share. Of coordinator/store/ alone.

#include <functional>

#include "coordinator/store/database.hpp"
#include "coordinator/store/report_index.hpp"
#include "coordinator/store/run_locks.hpp"
#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

struct RunStore::State {
  explicit State(const std::filesystem::path& file);

  RunLocks locks;  // first: it makes sure that one process at a time makes the file
  Database database;

  bool has(const std::string& run);
  bool is_finished(std::int64_t run);
  /// The row of the run with exactly this id. Throws StoreError when there is none.
  std::int64_t number_of(const std::string& run);
  /// The same of a finished one.
  std::int64_t number_of_finished(const std::string& run);

  /// Fills the row of a run, and makes it count as finished: all in the caller's transaction.
  void finish_row(std::int64_t run, const ReportIndex& index);
  std::int64_t insert_row(const RunBeginning& run);
  void keep_part(std::int64_t run, const char* kind, std::int64_t part, std::string_view bytes);
  void keep_whole(std::int64_t run, const char* kind, std::string_view plain);
  void tag_row(std::int64_t run, const std::string& tag);

  /// Gives the stored parts, compressed as they are; false when there are none.
  bool each_part(std::int64_t run, const char* kind,
                 const std::function<void(std::string_view)>& take);
  /// Gives what they hold. Throws StoreError when they are damaged.
  bool read(std::int64_t run, const char* kind, const std::function<void(std::string_view)>& take);

  std::string name() const { return database.file().string(); }
};

/// Throws StoreError for what cannot name a tag or a baseline.
void check_name(const std::string& name, const char* of);

}  // namespace squall::coordinator
