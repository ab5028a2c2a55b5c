#include "coordinator/store/run_locks.hpp"

#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "coordinator/store/store_error.hpp"

namespace squall::coordinator {

namespace {

constexpr std::int64_t opening = 0;  // the byte; the others are numbers of runs

// Locks of the open file, not of the process: closing another descriptor of it does not lose them.
struct flock lock_of(std::int64_t byte, short kind) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

}  // namespace

RunLocks::RunLocks(const std::filesystem::path& store) : file_(store.string() + ".lock") {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  made_ = descriptor_ >= 0;
  if (!made_) descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0)
    throw StoreError("cannot open " + file_.string() + ": " + std::strerror(errno) +
                     "; --store FILE or $SQUALL_STORE names another place");
}

RunLocks::~RunLocks() { ::close(descriptor_); }

bool RunLocks::set(std::int64_t byte, short kind) {
  struct flock lock = lock_of(byte, kind);
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR) return false;
  throw StoreError("cannot lock " + file_.string() + ": " + std::strerror(errno) +
                   "; a store has to lie on a disk of this machine: --store FILE names one");
}

bool RunLocks::hold(std::int64_t run) {
  assert(run > opening);
  if (!set(run, F_WRLCK)) return false;
  held_.insert(run);
  return true;
}

void RunLocks::release(std::int64_t run) {
  if (held_.erase(run) > 0) set(run, F_UNLCK);
}

bool RunLocks::held_by_anyone(std::int64_t run) const {
  if (held_here(run)) return true;  // the kernel tells only of others
  struct flock lock = lock_of(run, F_WRLCK);
  return ::fcntl(descriptor_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void RunLocks::begin_opening() {
  using namespace std::chrono_literals;
  for (int attempt = 0; attempt < 2'000; ++attempt) {
    if (set(opening, F_WRLCK)) return;
    std::this_thread::sleep_for(5ms);
  }
  throw StoreError("another process has been opening the store for more than 10 s (it locks " +
                   file_.string() + "); end it, or name another store with --store FILE");
}

void RunLocks::end_opening() { set(opening, F_UNLCK); }

void RunLocks::leave_no_trace() {
  if (made_) ::unlink(file_.c_str());
  made_ = false;
}

}  // namespace squall::coordinator
