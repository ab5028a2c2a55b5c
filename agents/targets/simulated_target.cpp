#include "agents/targets/simulated_target.hpp"

#include <algorithm>
#include <utility>

#include "agents/thread_priority.hpp"

namespace squall::agents {

using namespace actors;
using namespace std::chrono_literals;

namespace {

constexpr nanoseconds progress_interval = 1ms;

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

SimulatedTarget::SimulatedTarget(const scenarios::Scenario& scenario,
                                 const TargetSurroundings& surroundings, TargetEvents events)
    : events_(std::move(events)), service_(scenario.target, surroundings.share) {
  description_.kind = scenarios::TargetKind::simulated;
  description_.simulated = true;
  description_.model_name = "simulated service times";
  description_.token_counts = "as planned; text is taken at four bytes a token";
  thread_ = std::thread([this] { run(); });
}

SimulatedTarget::~SimulatedTarget() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SimulatedTarget::begin(Instant start) {
  const std::lock_guard lock(mutex_);
  service_.begin(start);
}

void SimulatedTarget::submit(LoadRequest request) {
  bool sooner = false;
  {
    const std::lock_guard lock(mutex_);
    Open open;
    open.timeline = service_.plan(request, now());
    open.intended = std::exchange(open.timeline.content, {});
    open.timeline.content.reserve(open.intended.size());
    open.end = open.timeline.ended;
    open.timeline.first_chunk = open.timeline.first_output = Instant{};  // when it really comes
    const Instant next = next_of(open);
    sooner = due_.empty() || next < due_.top().at;
    std::size_t slot = open_.size();
    if (free_slots_.empty()) {
      open_.push_back(std::move(open));
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
      open_[slot] = std::move(open);
    }
    due_.push({next, asked_++, slot});
  }
  if (sooner) wake_.notify_one();
}

void SimulatedTarget::abandon(const RequestOutcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    abandon_as_ = outcome;
    abandon_before_ = asked_;
    service_.free_servers();
  }
  wake_.notify_one();
}

Instant SimulatedTarget::next_of(const Open& open) const {
  const std::size_t played = open.timeline.content.size();
  return played < open.intended.size() ? open.intended[played] : open.end;
}

void SimulatedTarget::run() {
  minimise_timer_slack();
  Happenings happenings;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (ending_) return;
      if (abandon_as_)
        abandon_all(now(), happenings);
      else
        play_due(now(), happenings);
      const bool idle = happenings.ended.empty() && happenings.tokens == 0;
      if (idle && unreported_tokens_ == 0 && due_.empty()) {
        wake_.wait(lock);
        continue;
      }
      if (idle && (unreported_tokens_ == 0 || now() < progress_due_)) {
        Instant next = due_.empty() ? progress_due_ : due_.top().at;
        if (unreported_tokens_ > 0) next = std::min(next, progress_due_);
        wake_.wait_until(lock, next);
        continue;
      }
    }
    report(happenings);
  }
}

void SimulatedTarget::play_due(Instant at, Happenings& happenings) {
  constexpr std::size_t batch = 256;  // then those who submit get their turn at the lock
  for (std::size_t i = 0; i < batch && !due_.empty() && due_.top().at <= at; ++i) {
    const Due due = due_.top();
    due_.pop();
    play(due, now(), happenings);
  }
}

void SimulatedTarget::play(const Due& due, Instant at, Happenings& happenings) {
  Open& open = open_[due.slot];
  RequestTimeline& timeline = open.timeline;
  if (timeline.content.size() < open.intended.size()) {
    timeline.content.push_back(at);
    ++happenings.tokens;
    if (timeline.content.size() == 1) timeline.first_chunk = timeline.first_output = at;
  }
  // An answer ends with its last chunk; what failed or timed out ends when that was due.
  if (timeline.content.size() < open.intended.size() || open.end > due.at) {
    due_.push({next_of(open), due.order, due.slot});
    return;
  }
  timeline.ended = at;
  timeline.server_content = std::move(open.intended);
  happenings.ended.push_back(std::move(timeline));
  free_slots_.push_back(due.slot);
}

void SimulatedTarget::abandon_all(Instant at, Happenings& happenings) {
  std::vector<Due> later;
  for (; !due_.empty(); due_.pop()) {
    const Due due = due_.top();
    if (due.order >= abandon_before_) {
      later.push_back(due);
      continue;
    }
    Open& open = open_[due.slot];
    RequestTimeline& timeline = open.timeline;
    open.intended.resize(timeline.content.size());
    timeline.server_content = std::move(open.intended);
    timeline.output_tokens = static_cast<std::uint32_t>(timeline.content.size());
    timeline.answer.clear();
    if (timeline.admitted > at) timeline.admitted = Instant{};
    timeline.ended = at;
    timeline.outcome = *abandon_as_;
    happenings.ended.push_back(std::move(timeline));
    free_slots_.push_back(due.slot);
  }
  for (const Due& due : later) due_.push(due);
  abandon_as_.reset();
}

void SimulatedTarget::report(Happenings& happenings) {
  for (RequestTimeline& timeline : happenings.ended) events_.ended(std::move(timeline));
  happenings.ended.clear();
  unreported_tokens_ += std::exchange(happenings.tokens, 0);
  const Instant at = now();
  if (unreported_tokens_ == 0 || at < progress_due_) return;
  if (events_.progress) events_.progress(unreported_tokens_);
  unreported_tokens_ = 0;
  progress_due_ = at + progress_interval;
}

}  // namespace squall::agents
