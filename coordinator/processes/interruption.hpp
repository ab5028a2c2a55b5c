#pragma once
// Hears Ctrl-C and a request to end, without being ended by it. For programs whose work is done by
// children: these are told to end by whoever asks heard().

#include <ctime>
#include <signal.h>

namespace squall::coordinator {

/// Blocks SIGINT and SIGTERM in this thread, and in those that it starts, for good.
class Interruption {
 public:
  Interruption() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  bool heard() {
    const timespec at_once{0, 0};
    if (!heard_ && sigtimedwait(&signals_, nullptr, &at_once) > 0) heard_ = true;
    return heard_;
  }

 private:
  sigset_t signals_;
  bool heard_ = false;
};

}  // namespace squall::coordinator
