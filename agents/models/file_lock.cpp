#include "agents/models/file_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

FileLock::FileLock(const std::filesystem::path& path, const std::function<bool()>& wait) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw ModelError("cannot make the lock " + path.string() + ": " + std::strerror(errno));
  try {
    while (!(locked_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0)) {
      if (errno != EWOULDBLOCK && errno != EINTR)
        throw ModelError("cannot lock " + path.string() + ": " + std::strerror(errno));
      if (!wait()) return;
    }
  } catch (...) {  // also what `wait` throws
    ::close(file_);
    throw;
  }
}

FileLock::~FileLock() { ::close(file_); }

}  // namespace squall::agents
