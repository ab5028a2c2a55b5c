#include "agents/targets/resilience/delayed_calls.hpp"

#include <cassert>

namespace squall::agents {

using actors::Instant;

DelayedCalls::DelayedCalls() : thread_([this] { run(); }) {}

DelayedCalls::~DelayedCalls() { stop(); }

void DelayedCalls::call_at(Instant at, std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    calls_.emplace(std::pair(at, asked_++), std::move(what));
  }
  changed_.notify_one();
}

void DelayedCalls::stop() {
  assert(!on_this_thread() && "a call cannot wait for its own end");
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  std::call_once(joined_, [this] { thread_.join(); });
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

void DelayedCalls::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Instant next = calls_.begin()->first.first;
    if (std::chrono::steady_clock::now() < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    const auto due = calls_.extract(calls_.begin());
    lock.unlock();
    due.mapped()();
    lock.lock();
  }
}

}  // namespace squall::agents
