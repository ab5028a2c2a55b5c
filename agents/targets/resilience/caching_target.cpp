#include "agents/targets/resilience/caching_target.hpp"

namespace squall::agents {

using namespace actors;

CachingTarget::CachingTarget(const scenarios::ResponseCache& settings, double temperature,
                             TargetEvents events, std::shared_ptr<DelayedCalls> calls,
                             const MakeTarget& make_inner)
    : ForwardingTarget(std::move(events), std::move(calls)),
      temperature_(temperature),
      cache_(settings) {
  stand_before(make_inner, [this](RequestTimeline timeline) { on_ended(std::move(timeline)); });
}

void CachingTarget::submit(LoadRequest request) {
  if (!request.plan.check_accuracy) {
    std::string key = cache_key(request, temperature_);
    std::unique_lock lock(mutex_);
    const Instant now = std::chrono::steady_clock::now();
    if (const CachedAnswer* answer = cache_.find(key, now)) {
      RequestTimeline hit = ended_here(request, now, Completed{});
      hit.from_cache = true;
      hit.first_chunk = hit.first_output = now;
      hit.content = {now};
      hit.prompt_tokens = answer->prompt_tokens;
      hit.output_tokens = answer->output_tokens;
      if (request.keep_answer) hit.answer = answer->text;
      lock.unlock();
      report(std::move(hit));
      return;
    }
    misses_.emplace(request.id, Miss{std::move(key), request.keep_answer});
    request.keep_answer = true;
  }
  inner_->submit(std::move(request));
}

void CachingTarget::on_ended(RequestTimeline timeline) {
  {
    const std::lock_guard lock(mutex_);
    if (auto miss = misses_.extract(timeline.request)) {
      const bool answered = std::holds_alternative<Completed>(timeline.outcome);
      const bool wanted = miss.mapped().answer_wanted;
      if (answered && !timeline.answer.empty())
        cache_.store(std::move(miss.mapped().key),
                     {wanted ? timeline.answer : std::move(timeline.answer), timeline.prompt_tokens,
                      timeline.output_tokens},
                     timeline.ended);
      if (!wanted) timeline.answer.clear();
    }
  }
  events_.ended(std::move(timeline));
}

}  // namespace squall::agents
