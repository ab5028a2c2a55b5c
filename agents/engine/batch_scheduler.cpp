#include "agents/engine/batch_scheduler.hpp"

#include <algorithm>
#include <cassert>

namespace squall::agents {

BatchScheduler::BatchScheduler(BatchLimits limits)
    : limits_(limits), limit_(std::min(limits.first_requests, limits.requests)) {
  assert(limit_ >= 1 && limits.prompt_tokens >= 1);
  running_.reserve(limits.requests);
  parts_.reserve(limits.requests);
}

void BatchScheduler::add(std::uint64_t id, std::size_t prompt_tokens) {
  assert(prompt_tokens >= 1);
  waiting_.push_back({id, prompt_tokens, 0, 0});
}

bool BatchScheduler::remove(std::uint64_t id) {
  const auto is_it = [id](const Request& request) { return request.id == id; };
  return std::erase_if(running_, is_it) + std::erase_if(waiting_, is_it) > 0;
}

const std::uint64_t* BatchScheduler::next() const {
  if (waiting_.empty() || running_.size() >= limit_) return nullptr;
  return &waiting_.front().id;
}

void BatchScheduler::admit(std::size_t prompt_done) {
  assert(next() != nullptr && prompt_done < waiting_.front().prompt_tokens);
  running_.push_back(waiting_.front());
  running_.back().prompt_done = prompt_done;
  waiting_.pop_front();
  memory_is_short_ = false;
}

void BatchScheduler::hold_back() {
  assert(next() != nullptr);
  // Once for each time that memory runs out, however many steps pass before it is there again.
  if (!memory_is_short_) limit_ = std::max<std::size_t>(1, limit_ / 2);
  memory_is_short_ = true;
}

void BatchScheduler::share_out_prompt_tokens() {
  std::size_t room = limits_.prompt_tokens;
  const auto give = [&room](Request& request, std::size_t most) {
    const std::size_t given = std::min(request.left() - request.share, most);
    request.share += given;
    room -= given;
  };
  std::size_t behind = static_cast<std::size_t>(
      std::ranges::count_if(running_, [](const Request& each) { return each.left() > 0; }));
  for (Request& request : running_) {
    request.share = 0;
    if (request.left() == 0) continue;
    --behind;
    const bool leaves_half = behind > 0 && request.left() > limits_.prompt_tokens;
    give(request, leaves_half ? (room + 1) / 2 : room);
  }
  for (Request& request : running_) give(request, room);
}

std::span<const BatchScheduler::Part> BatchScheduler::plan_step() {
  parts_.clear();
  share_out_prompt_tokens();
  for (Request& request : running_) {
    if (request.left() == 0) {
      parts_.push_back({request.id, request.prompt_tokens, 0, true});
    } else if (request.share > 0) {
      const bool all_of_it = request.share == request.left();
      parts_.push_back({request.id, request.prompt_done, request.share, all_of_it});
      request.prompt_done += request.share;
    }
  }
  return parts_;
}

void BatchScheduler::on_step_done() {
  if (waiting_.empty() || running_.size() < limit_ || memory_is_short_) return;
  limit_ = std::min(2 * limit_, limits_.requests);
}

}  // namespace squall::agents
