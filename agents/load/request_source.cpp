#include "agents/load/request_source.hpp"

#include <utility>

namespace squall::agents {

namespace {

// Request ids are unique within an agent: a user's requests are numbered within 2^32 of their own.
constexpr std::uint64_t requests_per_user = std::uint64_t{1} << 32;

}  // namespace

actors::Phase LoadContext::phase_at(Instant intended) const {
  return intended < start + scenario->phases.warm_up ? actors::Phase::warm_up
                                                     : actors::Phase::measure;
}

RequestSource::RequestSource(std::shared_ptr<const LoadContext> context,
                             scenarios::PlannedUser user)
    : context_(std::move(context)), user_(user.user) {}

RequestSource::RequestSource(std::shared_ptr<const LoadContext> context)
    : context_(std::move(context)) {}

actors::LoadRequest RequestSource::next_request(Instant intended, std::uint64_t item) {
  const std::uint64_t who = user_.value_or(item);
  const std::uint64_t sequence = user_ ? sequence_++ : 0;
  actors::LoadRequest request;
  request.id = user_ ? who * requests_per_user + sequence : item;
  request.phase = context_->phase_at(intended);
  request.scheduled = intended;
  request.deadline = intended + context_->scenario->target.timeout;
  request.plan = scenarios::plan_request(*context_->scenario, who, sequence);
  think_time_ = request.plan.think_time;
  return request;
}

std::optional<Instant> RequestSource::next_wake(Instant ended) const {
  if (!user_) return std::nullopt;
  const Instant wake = ended + think_time_;
  if (wake >= context_->stop()) return std::nullopt;
  return wake;
}

}  // namespace squall::agents
