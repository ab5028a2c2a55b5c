#pragma once
// Which runs are being written at this moment, on this machine: each run's process holds a lock on
// one byte of a file beside the store. The kernel lets it go when the process ends, however it
// ends, so neither kill -9 nor a process number used again can deceive anybody. One owner.

#include <cstdint>
#include <filesystem>
#include <set>

namespace squall::coordinator {

class RunLocks {
 public:
  /// Throws StoreError when the file, STORE.lock, can be neither opened nor made.
  explicit RunLocks(const std::filesystem::path& store);
  ~RunLocks();
  RunLocks(const RunLocks&) = delete;
  RunLocks& operator=(const RunLocks&) = delete;

  /// False while another one holds it. `run` is its number in the store, from 1.
  bool hold(std::int64_t run);
  void release(std::int64_t run);
  bool held_here(std::int64_t run) const { return held_.contains(run); }
  bool held_by_anyone(std::int64_t run) const;

  /// One process at a time opens or makes a store. Waits for its turn; throws StoreError when it
  /// does not come.
  void begin_opening();
  void end_opening();

  /// Removes the file when this object made it: the store turned out to be none.
  void leave_no_trace();

 private:
  bool set(std::int64_t byte, short kind);

  std::filesystem::path file_;
  int descriptor_ = -1;
  bool made_ = false;
  std::set<std::int64_t> held_;
};

}  // namespace squall::coordinator
