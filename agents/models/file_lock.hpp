#pragma once
// Lets one process at a time work on a file. The kernel frees the lock when its holder ends,
// however it ends, so nothing stays locked after a crash.

#include <filesystem>
#include <functional>

namespace squall::agents {

class FileLock {
 public:
  /// Waits for the lock file `path`, which is created and stays. `wait` is called between attempts;
  /// when it says no, nothing is locked. Throws ModelError when the file cannot be made.
  FileLock(const std::filesystem::path& path, const std::function<bool()>& wait);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool locked() const { return locked_; }

 private:
  int file_ = -1;
  bool locked_ = false;
};

}  // namespace squall::agents
