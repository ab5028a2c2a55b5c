#include "tests/simulation/simulated_process.hpp"

#include <cmath>

namespace squall::tests {

Instant MachineClock::at(nanoseconds true_time) const {
  return Instant(offset + true_time + nanoseconds(true_time.count() / 1000 * drift / 1'000'000));
}

nanoseconds MachineClock::when(Instant shown) const {
  const auto since = static_cast<double>((shown.time_since_epoch() - offset).count());
  nanoseconds guess(std::llround(since / (1 + static_cast<double>(drift) * 1e-9)));
  while (at(guess) >= shown)
    guess -= nanoseconds(std::max<std::int64_t>(1, (at(guess) - shown).count()));
  while (at(guess) < shown)
    guess += nanoseconds(std::max<std::int64_t>(1, (shown - at(guess)).count() / 2));
  return guess;
}

void SimulatedProcess::post(Lane lane, EventQueue::Event event) {
  if (!alive_) return;
  if (stopped_)
    waiting_[lane].push_back(std::move(event));
  else
    event();
}

void SimulatedProcess::post_at(Lane lane, Instant due, EventQueue::Event event) {
  queue_->at(clock_.when(due),
             [this, lane, event = std::move(event)]() mutable { post(lane, std::move(event)); });
}

void SimulatedProcess::post_after(Lane lane, nanoseconds delay, EventQueue::Event event) {
  queue_->at(queue_->now() + delay,
             [this, lane, event = std::move(event)]() mutable { post(lane, std::move(event)); });
}

void SimulatedProcess::go_on() {
  stopped_ = false;
  while (alive_ && !stopped_ && waiting() > 0) {
    auto& lane = waiting_[random_.next() % lane_count];
    if (lane.empty()) continue;
    const auto event = std::move(lane.front());
    lane.pop_front();
    event();
  }
}

void SimulatedProcess::kill() {
  alive_ = false;
  for (auto& lane : waiting_) lane.clear();
}

std::size_t SimulatedProcess::waiting() const {
  std::size_t sum = 0;
  for (const auto& lane : waiting_) sum += lane.size();
  return sum;
}

}  // namespace squall::tests
