#include "agents/load/pacer.hpp"

#include <algorithm>
#include <utility>

#include "agents/thread_priority.hpp"

namespace squall::agents {

using actors::DueWake;

namespace {

// Deadlines are whole nanoseconds, so "due at now" is "due before the next one".
constexpr std::chrono::nanoseconds one_tick{1};

}  // namespace

Pacer::Pacer(OnWakes on_wakes) : on_wakes_(std::move(on_wakes)), thread_([this] { run(); }) {}

Pacer::~Pacer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Pacer::begin(std::shared_ptr<scenarios::ArrivalStream> first_wakes, Instant start) {
  {
    const std::lock_guard lock(mutex_);
    pull({std::move(first_wakes), start, {}});
  }
  changed_.notify_one();
}

void Pacer::wake_at(Instant instant, std::uint64_t item) {
  bool earliest = false;
  {
    const std::lock_guard lock(mutex_);
    const auto next = next_instant();
    earliest = !next || instant < *next;
    ordered_.push({item, instant});
  }
  if (earliest) changed_.notify_one();
}

void Pacer::stop(Instant at) {
  const std::lock_guard delivering(delivery_);
  while (true) {
    std::unique_lock lock(mutex_);
    auto due = take_due_before(at);
    if (due.empty()) break;
    lock.unlock();
    on_wakes_(std::move(due));
  }
  const std::lock_guard lock(mutex_);
  ordered_ = {};
  streams_.clear();
}

void Pacer::pull(Stream stream) {
  if (!stream.wakes) return;
  const auto next = stream.wakes->next();
  if (!next) return;
  stream.next = {next->arrival, stream.start + next->at};
  streams_.push_back(std::move(stream));
  std::push_heap(streams_.begin(), streams_.end(), LaterStream{});
}

std::optional<Instant> Pacer::next_instant() const {
  std::optional<Instant> next;
  if (!streams_.empty()) next = streams_.front().next.intended;
  if (!ordered_.empty() && (!next || ordered_.top().intended < *next))
    next = ordered_.top().intended;
  return next;
}

std::vector<DueWake> Pacer::take_due_before(Instant end) {
  std::vector<DueWake> due;
  while (due.size() < most_at_once) {
    const auto next = next_instant();
    if (!next || *next >= end) break;
    if (!streams_.empty() && (ordered_.empty() || Later{}(ordered_.top(), streams_.front().next))) {
      std::pop_heap(streams_.begin(), streams_.end(), LaterStream{});
      Stream stream = std::move(streams_.back());
      streams_.pop_back();
      due.push_back(stream.next);
      pull(std::move(stream));
    } else {
      due.push_back(ordered_.top());
      ordered_.pop();
    }
  }
  return due;
}

void Pacer::run() {
  minimise_timer_slack();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (ending_) return;
      const auto next = next_instant();
      if (!next) {
        changed_.wait(lock);
        continue;
      }
      if (std::chrono::steady_clock::now() < *next) {
        changed_.wait_until(lock, *next);
        continue;
      }
    }
    const std::lock_guard delivering(delivery_);
    std::unique_lock lock(mutex_);
    auto due = take_due_before(std::chrono::steady_clock::now() + one_tick);
    lock.unlock();
    if (!due.empty()) on_wakes_(std::move(due));  // else stopped meanwhile
  }
}

}  // namespace squall::agents
