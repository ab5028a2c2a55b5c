#include "agents/load/user_pool.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace squall::agents {

using namespace actors;
using scenarios::PlannedArrival;
using scenarios::PlannedUser;
using scenarios::PromptPart;

namespace {

// Names of wakes in the closed model: the beginning of a stretch by its place in the plan, every
// other wake by the user's slot.
constexpr std::uint64_t stretch_begins = std::uint64_t{1} << 63;

// Request ids are unique within an agent: a user's requests are numbered within 2^32 of their own.
constexpr unsigned user_id_shift = 32;

class StretchStarts final : public scenarios::ArrivalStream {
 public:
  explicit StretchStarts(std::shared_ptr<const scenarios::LoadPlan> plan)
      : plan_(std::move(plan)) {}

  std::optional<PlannedArrival> next() override {
    if (next_ == plan_->users.size()) return std::nullopt;
    const std::uint64_t stretch = next_++;
    return PlannedArrival{stretch_begins | stretch, plan_->users[stretch].start};
  }
  std::uint64_t count_rest() override {
    return plan_->users.size() - std::exchange(next_, plan_->users.size());
  }

 private:
  std::shared_ptr<const scenarios::LoadPlan> plan_;
  std::size_t next_ = 0;
};

/// Users are dealt round-robin, so a share's own are numbered without gaps.
std::size_t slot_of(const PlannedUser& planned, scenarios::AgentShare share) {
  assert(share.owns(planned.user));
  return planned.user / share.count;
}

std::size_t slots_of(const scenarios::LoadPlan& plan) {
  std::size_t slots = 0;
  for (const PlannedUser& planned : plan.users)
    slots = std::max(slots, slot_of(planned, plan.share) + 1);
  return slots;
}

}  // namespace

void LoadOrders::clear() {
  submit.clear();
  counted.clear();
  wakes.clear();
}

UserPool::UserPool(std::shared_ptr<const scenarios::Scenario> scenario,
                   std::shared_ptr<const scenarios::LoadPlan> plan, Instant start,
                   TurnPrompt turn_prompt)
    : scenario_(std::move(scenario)),
      plan_(std::move(plan)),
      start_(start),
      turn_prompt_(std::move(turn_prompt)),
      users_(slots_of(*plan_)),
      limit_(in_flight_limit(scenario_->load, plan_->share)) {}

std::unique_ptr<scenarios::ArrivalStream> UserPool::first_wakes() const {
  if (closed()) return std::make_unique<StretchStarts>(plan_);
  if (plan_->arrivals == 0) return nullptr;
  return scenarios::arrivals_of(*scenario_, *plan_);
}

Phase UserPool::phase_at(Instant intended) const {
  return intended < start_ + scenario_->phases.warm_up ? Phase::warm_up : Phase::measure;
}

void UserPool::count(CountedStart::Fate fate, Instant intended, Instant now, LoadOrders& orders) {
  orders.counted.push_back({fate, phase_at(intended), now});
}

void UserPool::on_wake(const DueWake& wake, Instant now, LoadOrders& orders) {
  if (!closed()) return on_arrival(wake, now, orders);
  if ((wake.item & stretch_begins) != 0) {
    begin_stretch(plan_->users[wake.item & ~stretch_begins], now, orders);
  } else {
    assert(users_[wake.item].does == Doing::thinks);
    start_user(wake.item, wake.intended, now, orders);
  }
}

void UserPool::on_ended(RequestTimeline& timeline, Instant now, LoadOrders& orders) {
  assert(in_flight_ > 0 && "a request ends once, after it was issued");
  --in_flight_;
  if (closed()) return on_answer(timeline.request >> user_id_shift, timeline, now, orders);
  while (!waiting_.empty() && limit_.allows(in_flight_)) {
    start_arrival(waiting_.front(), now, orders);
    waiting_.pop_front();
  }
}

void UserPool::on_stop(Instant now, LoadOrders& orders) {
  if (std::exchange(stopped_, true)) return;
  stopped_early_ = now < start_ + plan_->stop;
  for (const DueWake& wake : std::exchange(waiting_, {}))
    count(CountedStart::Fate::dropped_late, wake.intended, now, orders);
}

// ---- closed model

void UserPool::begin_stretch(const PlannedUser& planned, Instant now, LoadOrders& orders) {
  const std::size_t slot = slot_of(planned, plan_->share);
  User& user = users_[slot];
  user.begin = start_ + planned.start;
  user.end = start_ + planned.end;
  // Still waiting for an answer of its stretch before, or for a wake that is late: it goes on from
  // there.
  if (user.does == Doing::nothing) start_user(slot, user.begin, now, orders);
}

void UserPool::start_user(std::size_t slot, Instant intended, Instant now, LoadOrders& orders) {
  if (stopped_early_)
    return count(CountedStart::Fate::cancelled_before_send, intended, now, orders);
  User& user = users_[slot];
  const std::uint64_t id = (std::uint64_t{slot} << user_id_shift) | user.asked++;
  const std::uint64_t number = slot * plan_->share.count + plan_->share.index;
  LoadRequest request = make_request(id, {number, user.session, user.turn}, intended);
  user.does = Doing::waits_for_answer;
  user.think_time = request.plan.think_time;
  user.last_turn = request.plan.last_turn;
  add_what_was_said(user, request.prompt);
  request.keep_answer |= !user.last_turn;
  issue(std::move(request), now, orders);
}

void UserPool::on_answer(std::size_t slot, RequestTimeline& timeline, Instant now,
                         LoadOrders& orders) {
  User& user = users_[slot];
  assert(user.does == Doing::waits_for_answer);
  user.does = Doing::nothing;
  const bool completed = std::holds_alternative<Completed>(timeline.outcome);
  if (completed && !user.last_turn) {
    user.said->push_back({scenarios::Speaker::assistant, std::move(timeline.answer)});
    ++user.turn;
  } else {  // a turn that failed cannot be continued truthfully: its session ends there
    end_session(user);
  }
  const Instant wake = std::max(timeline.ended + user.think_time, user.begin);
  if (stopped_ || wake >= user.end) {
    if (user.turn > 0) end_session(user);
  } else if (wake <= now) {
    start_user(slot, wake, now, orders);
  } else {
    user.does = Doing::thinks;
    orders.wakes.push_back({wake, slot});
  }
}

void UserPool::end_session(User& user) {
  user.said.reset();
  user.turn = 0;
  ++user.session;
}

void UserPool::add_what_was_said(User& user, scenarios::Prompt& prompt) {
  if (user.last_turn && !user.said) return;
  if (!user.said) user.said = std::make_unique<std::vector<PromptPart>>();
  auto& said = *user.said;
  std::move(prompt.parts.begin(), prompt.parts.end(), std::back_inserter(said));
  // The next turn needs it all again; the last one may take it.
  prompt.parts = user.last_turn ? std::move(said) : said;
}

// ---- open model

void UserPool::on_arrival(const DueWake& wake, Instant now, LoadOrders& orders) {
  if (stopped_early_)
    return count(CountedStart::Fate::cancelled_before_send, wake.intended, now, orders);
  if (waiting_.empty() && limit_.allows(in_flight_)) return start_arrival(wake, now, orders);
  if (stopped_ || limit_.when_full == scenarios::WhenFull::drop)
    return count(CountedStart::Fate::dropped_late, wake.intended, now, orders);
  waiting_.push_back(wake);
}

void UserPool::start_arrival(const DueWake& wake, Instant now, LoadOrders& orders) {
  issue(make_request(wake.item, {wake.item, 0, 0}, wake.intended), now, orders);
}

// ---- both

LoadRequest UserPool::make_request(std::uint64_t id, const scenarios::RequestPlace& place,
                                   Instant intended) const {
  LoadRequest request;
  request.id = id;
  request.phase = phase_at(intended);
  request.scheduled = intended;
  request.deadline = intended + scenario_->target.timeout;
  request.plan = scenarios::plan_request(*scenario_, place, plan_->trace.get());
  request.prompt = turn_prompt_(request.plan);
  request.greedy = request.plan.check_accuracy;
  request.keep_answer = request.plan.check_accuracy;
  return request;
}

void UserPool::issue(LoadRequest&& request, Instant now, LoadOrders& orders) {
  ++in_flight_;
  orders.counted.push_back({CountedStart::Fate::issued, request.phase, now});
  orders.submit.push_back(std::move(request));
}

}  // namespace squall::agents
