#include "coordinator/fleet/simulated_engine.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::coordinator {

namespace {

/// The last token's keys and values are never needed.
std::uint64_t positions_of(const EngineJob& job) {
  return std::uint64_t{job.prompt_tokens} + job.answer_tokens - 1;
}

std::uint64_t pages_for(const EngineJob& job, const EngineLimits& limits) {
  return (positions_of(job) + limits.page_positions - 1) / limits.page_positions;
}

bool can_ever_run(const EngineJob& job, const EngineLimits& limits) {
  if (limits.context > 0 && positions_of(job) + 1 > limits.context) return false;
  return limits.pages == 0 || pages_for(job, limits) <= limits.pages;
}

/// The sum of begin + 1 … begin + count: what pieces of a prompt look back at.
double positions_of_piece(double begin, double count) {
  return count * begin + count * (count + 1) / 2;
}

}  // namespace

double EngineStretch::length_of(std::uint64_t count) const {
  const auto n = static_cast<double>(count);
  return n * first + growth * n * (n - 1) / 2;
}

std::uint64_t EngineStretch::steps_until(double at) const {
  const double wanted = at - begin;
  if (wanted <= 0) return 1;
  // length_of(n) = wanted, solved for n; then to the whole step, whatever was rounded.
  const double linear = first - growth / 2;
  const double root = growth > 0
                          ? 2 * wanted / (linear + std::sqrt(linear * linear + 2 * growth * wanted))
                          : wanted / first;
  auto count =
      static_cast<std::uint64_t>(std::clamp(std::floor(root), 1.0, static_cast<double>(steps)));
  while (count < steps && begin + length_of(count) < at) ++count;
  while (count > 1 && begin + length_of(count - 1) >= at) --count;
  return count;
}

std::uint64_t EngineStretch::tokens_before(double at) const {
  if (at > end) return steps * work.yields();
  if (at <= begin) return 0;
  return (steps_until(at) - 1) * work.yields();
}

SimulatedEngine::SimulatedEngine(const EngineLaw& law)
    : law_(law), limit_(std::min(law.limits.first_batch, law.limits.max_batch)) {
  assert(law.per_step > 0 && limit_ >= 1);
  assert(law.limits.prefill_chunk >= 1 && law.limits.page_positions >= 1);
}

bool SimulatedEngine::submit(const EngineJob& job, double now, std::vector<EngineEnd>& ended) {
  assert(job.prompt_tokens >= 1 && job.answer_tokens >= 1);
  if (!can_ever_run(job, law_.limits)) {
    ended.push_back({job.id, EngineEnd::How::refused, never, never, now});
    return false;
  }
  earliest_deadline_ = std::min(earliest_deadline_, job.deadline);
  const bool first_to_wait = mail_.empty() && waiting_.empty();
  mail_.push_back(job);
  if (!busy_) {
    // Who comes at the same instant is in the same step: it begins when all have come.
    next_ = std::min(next_, now);
    return true;
  }
  // Where others wait already, the steps go on as they would without it.
  if (first_to_wait) {
    shorten(now);
  } else {
    shorten(job.deadline);
  }
  return true;
}

/// Ends the stretch with the first step that ends at `at` or later.
void SimulatedEngine::shorten(double at) {
  if (at >= stretch_.end) return;
  stretch_.steps = stretch_.steps_until(at);
  stretch_.end = stretch_.begin + stretch_.length_of(stretch_.steps);
  next_ = stretch_.end;
}

const EngineStretch* SimulatedEngine::advance(std::vector<EngineEnd>& ended) {
  assert(next_ < never);
  const double now = next_;
  const bool was_busy = busy_;
  if (was_busy) finish(ended);
  ended_stretch_ = stretch_;
  begin(now, ended);
  return was_busy ? &ended_stretch_ : nullptr;
}

/// The steps of the stretch succeeded: tokens are there, those that have all of theirs leave.
void SimulatedEngine::finish(std::vector<EngineEnd>& ended) {
  const double now = stretch_.end;
  for (Request& request : running_) {
    if (request.prompt_left() > 0) {
      if (request.share == 0) continue;
      request.prompt_done += request.share;
      if (request.prompt_left() > 0) continue;
      request.first_token = now;
      request.produced = 1;
      remember(request);
    } else {
      request.produced += static_cast<std::uint32_t>(stretch_.steps);
    }
    assert(request.produced <= request.job.answer_tokens);
    if (request.produced == request.job.answer_tokens) {
      ended.push_back(
          {request.job.id, EngineEnd::How::completed, request.admitted, request.first_token, now});
      leave(request);
    }
  }
  std::erase_if(running_,
                [](const Request& each) { return each.produced == each.job.answer_tokens; });
  if (!waiting_.empty() && running_.size() >= limit_ && !memory_is_short_)
    limit_ = std::min<std::size_t>(2 * limit_, law_.limits.max_batch);
}

void SimulatedEngine::begin(double now, std::vector<EngineEnd>& ended) {
  for (const EngineJob& job : mail_) waiting_.push_back({.job = job});
  mail_.clear();
  if (earliest_deadline_ <= now) give_up_overdue(now, ended);
  admit(now);
  busy_ = !running_.empty();
  if (!busy_) {
    assert(waiting_.empty());
    next_ = never;
    return;
  }
  const StepWork work = plan_step();
  stretch_ = {.begin = now,
              .end = now,
              .first = law_.seconds(work),
              .growth = work.prompt_tokens > 0 ? 0 : law_.per_decode_position * work.decoding,
              .steps = work.prompt_tokens > 0 ? 1 : steps_alike(),
              .work = work,
              .in_batch = static_cast<std::uint32_t>(running_.size())};
  if (earliest_deadline_ < never) stretch_.steps = stretch_.steps_until(earliest_deadline_);
  stretch_.end = now + stretch_.length_of(stretch_.steps);
  next_ = stretch_.end;
}

void SimulatedEngine::give_up_overdue(double now, std::vector<EngineEnd>& ended) {
  const auto overdue = [now](const Request& each) { return each.job.deadline <= now; };
  const auto give_up = [&](const Request& each) {
    if (!overdue(each)) return;
    ended.push_back({each.job.id, EngineEnd::How::timed_out, each.admitted, each.first_token, now});
    if (each.admitted < never) leave(each);
  };
  std::ranges::for_each(running_, give_up);
  std::ranges::for_each(waiting_, give_up);
  std::erase_if(running_, overdue);
  std::erase_if(waiting_, overdue);
  earliest_deadline_ = never;
  for (const Request& each : running_)
    earliest_deadline_ = std::min(earliest_deadline_, each.job.deadline);
  for (const Request& each : waiting_)
    earliest_deadline_ = std::min(earliest_deadline_, each.job.deadline);
}

void SimulatedEngine::admit(double now) {
  while (!waiting_.empty() && running_.size() < limit_) {
    Request& next = waiting_.front();
    const std::uint64_t pages = pages_for(next.job, law_.limits);
    if (law_.limits.pages > 0 && pages_in_use_ + pages > law_.limits.pages) {
      // Once for each time that memory runs out, however many steps pass before it is there again.
      if (!memory_is_short_) limit_ = std::max<std::size_t>(1, limit_ / 2);
      memory_is_short_ = true;
      return;
    }
    next.pages = pages;
    next.admitted = now;
    next.prompt_done = reused_tokens(next.job);
    pages_in_use_ += pages;
    running_.push_back(next);
    waiting_.pop_front();
    memory_is_short_ = false;
  }
}

void SimulatedEngine::share_out_prompt_tokens() {
  const std::uint32_t chunk = law_.limits.prefill_chunk;
  std::uint32_t room = chunk;
  const auto give = [&room](Request& request, std::uint32_t most) {
    const std::uint32_t given = std::min(request.prompt_left() - request.share, most);
    request.share += given;
    room -= given;
  };
  auto behind =
      std::ranges::count_if(running_, [](const Request& each) { return each.prompt_left() > 0; });
  for (Request& request : running_) {
    request.share = 0;
    if (request.prompt_left() == 0) continue;
    --behind;
    const bool leaves_half = behind > 0 && request.prompt_left() > chunk;
    give(request, leaves_half ? (room + 1) / 2 : room);
  }
  for (Request& request : running_) give(request, room);
}

StepWork SimulatedEngine::plan_step() {
  share_out_prompt_tokens();
  StepWork work;
  for (const Request& request : running_) {
    if (request.prompt_left() == 0) {
      ++work.decoding;
      work.decode_positions += static_cast<double>(request.job.prompt_tokens) + request.produced;
    } else if (request.share > 0) {
      work.prompt_tokens += request.share;
      work.prompts_done += request.share == request.prompt_left() ? 1 : 0;
      work.prompt_positions += positions_of_piece(request.prompt_done, request.share);
    }
  }
  return work;
}

/// Until somebody has all tokens, or the limit changes.
std::uint64_t SimulatedEngine::steps_alike() const {
  const bool limit_will_rise = !waiting_.empty() && running_.size() >= limit_ &&
                               !memory_is_short_ && limit_ < law_.limits.max_batch;
  if (limit_will_rise) return 1;
  std::uint32_t fewest = std::numeric_limits<std::uint32_t>::max();
  for (const Request& each : running_)
    fewest = std::min(fewest, each.job.answer_tokens - each.produced);
  return fewest;
}

/// What was computed for it stays known, for turns to come.
void SimulatedEngine::leave(const Request& request) {
  pages_in_use_ -= request.pages;
  if (request.job.conversation == 0) return;
  if (request.job.last_turn) {
    known_.erase(request.job.conversation);
  } else if (request.produced > 0) {
    known_[request.job.conversation] = request.job.prompt_tokens + request.produced - 1;
  }
}

void SimulatedEngine::remember(const Request& request) {
  if (law_.limits.reuse_prefixes && request.job.prefix != 0)
    known_.try_emplace(request.job.prefix, request.job.prefix_tokens);
}

/// Whole pages, and at least the prompt's last token is computed.
std::uint32_t SimulatedEngine::reused_tokens(const EngineJob& job) const {
  if (!law_.limits.reuse_prefixes) return 0;
  std::uint32_t known = 0;
  for (const std::uint64_t name : {job.prefix, job.conversation}) {
    if (name == 0) continue;
    const auto found = known_.find(name);
    if (found != known_.end()) known = std::max(known, found->second);
  }
  const std::uint32_t page = law_.limits.page_positions;
  return std::min(known, job.prompt_tokens - 1) / page * page;
}

}  // namespace squall::coordinator
