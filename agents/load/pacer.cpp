#include "agents/load/pacer.hpp"

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
    stream_ = std::move(first_wakes);
    start_ = start;
    pull();
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
  stream_ = nullptr;
  pulled_.reset();
}

void Pacer::pull() {
  pulled_.reset();
  if (!stream_) return;
  if (const auto next = stream_->next())
    pulled_ = DueWake{next->arrival, start_ + next->at};
  else
    stream_ = nullptr;
}

std::optional<Instant> Pacer::next_instant() const {
  if (ordered_.empty()) return pulled_ ? std::optional(pulled_->intended) : std::nullopt;
  if (!pulled_) return ordered_.top().intended;
  return std::min(ordered_.top().intended, pulled_->intended);
}

std::vector<DueWake> Pacer::take_due_before(Instant end) {
  std::vector<DueWake> due;
  while (due.size() < most_at_once) {
    const auto next = next_instant();
    if (!next || *next >= end) break;
    if (pulled_ && (ordered_.empty() || Later{}(ordered_.top(), *pulled_))) {
      due.push_back(*pulled_);
      pull();
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
