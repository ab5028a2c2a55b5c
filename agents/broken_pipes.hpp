#pragma once
// Writing to a TLS peer that has gone raises SIGPIPE in the writing thread, which would end the
// process: here it is a result of the write and nothing else.

#include <csignal>
#include <ctime>
#include <pthread.h>

namespace squall::agents {

/// In the thread that makes it, while it lasts.
class BrokenPipesIgnored {
 public:
  BrokenPipesIgnored() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BrokenPipesIgnored() {
    const timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BrokenPipesIgnored(const BrokenPipesIgnored&) = delete;
  BrokenPipesIgnored& operator=(const BrokenPipesIgnored&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

}  // namespace squall::agents
