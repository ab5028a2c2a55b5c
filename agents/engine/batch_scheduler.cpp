#include "agents/engine/batch_scheduler.hpp"

#include <algorithm>
#include <cassert>

namespace squall::agents {

BatchScheduler::BatchScheduler(BatchLimits limits) : limits_(limits) {
  assert(limits.requests >= 1 && limits.prompt_tokens >= 1);
  running_.reserve(limits.requests);
  parts_.reserve(limits.requests);
}

void BatchScheduler::add(std::uint64_t id, std::size_t prompt_tokens) {
  assert(prompt_tokens >= 1 && !contains(id));
  waiting_.push_back({id, prompt_tokens, 0});
}

bool BatchScheduler::remove(std::uint64_t id) {
  const auto is_it = [id](const Request& request) { return request.id == id; };
  return std::erase_if(waiting_, is_it) + std::erase_if(running_, is_it) > 0;
}

const std::uint64_t* BatchScheduler::admit_next() {
  if (waiting_.empty() || running_.size() == limits_.requests) return nullptr;
  running_.push_back(waiting_.front());
  waiting_.pop_front();
  return &running_.back().id;
}

std::span<const BatchScheduler::Part> BatchScheduler::plan_step() {
  parts_.clear();
  std::size_t budget = limits_.prompt_tokens;
  for (Request& request : running_) {
    const std::size_t left = request.prompt_tokens - request.prompt_done;
    if (left == 0) {
      parts_.push_back({request.id, request.prompt_tokens, 0, true});
      continue;
    }
    const std::size_t count = std::min(left, budget);
    if (count == 0) continue;
    parts_.push_back({request.id, request.prompt_done, count, count == left});
    request.prompt_done += count;
    budget -= count;
  }
  return parts_;
}

bool BatchScheduler::contains(std::uint64_t id) const {
  const auto is_it = [id](const Request& request) { return request.id == id; };
  return std::ranges::any_of(waiting_, is_it) || std::ranges::any_of(running_, is_it);
}

}  // namespace squall::agents
