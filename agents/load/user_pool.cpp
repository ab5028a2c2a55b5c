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

// Names of wakes in the closed model: the beginning of a stretch by its place in the plans, every
// other wake by the user's slot. In the open model: an arrival, or by how much the limit rises.
constexpr std::uint64_t stretch_begins = std::uint64_t{1} << 63;
constexpr std::uint64_t limit_rises = std::uint64_t{1} << 63;

// Request ids are unique within an agent: a user's requests are numbered within 2^32 of their own.
constexpr unsigned user_id_shift = 32;
constexpr std::uint64_t most_slots = std::uint64_t{1} << 31;

class StretchStarts final : public scenarios::ArrivalStream {
 public:
  StretchStarts(std::shared_ptr<const scenarios::LoadPlan> plan, std::uint64_t first_stretch)
      : plan_(std::move(plan)), first_stretch_(first_stretch) {}

  std::optional<PlannedArrival> next() override {
    if (next_ == plan_->users.size()) return std::nullopt;
    const std::size_t place = next_++;
    return PlannedArrival{stretch_begins | (first_stretch_ + place), plan_->users[place].start};
  }
  std::uint64_t count_rest() override {
    return plan_->users.size() - std::exchange(next_, plan_->users.size());
  }

 private:
  std::shared_ptr<const scenarios::LoadPlan> plan_;
  std::uint64_t first_stretch_;
  std::size_t next_ = 0;
};

/// A share's own users are numbered without gaps.
std::uint64_t number_of(const PlannedUser& planned, scenarios::AgentShare share) {
  assert(share.owns(planned.user));
  return share.number_of(planned.user);
}

std::uint64_t users_of(const scenarios::LoadPlan& plan) {
  std::uint64_t users = 0;
  for (const PlannedUser& planned : plan.users)
    users = std::max(users, number_of(planned, plan.share) + 1);
  return users;
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
      closed_(std::holds_alternative<scenarios::ClosedUsers>(scenario_->load)),
      start_(start),
      turn_prompt_(std::move(turn_prompt)),
      limit_(in_flight_limit(scenario_->load, plan->share)),
      trace_(plan->trace),
      plan_ends_(start + plan->stop) {
  add_users(std::move(plan), start);
}

std::unique_ptr<scenarios::ArrivalStream> UserPool::first_wakes() const {
  const auto& plan = shares_.front().plan;
  if (closed_) return std::make_unique<StretchStarts>(plan, 0);
  if (plan->arrivals == 0) return nullptr;
  return scenarios::arrivals_of(*scenario_, *plan);
}

std::unique_ptr<scenarios::ArrivalStream> UserPool::add_share(
    std::shared_ptr<const scenarios::LoadPlan> plan, Instant now, LoadOrders& orders) {
  if (stopped_) {
    count_missed(*plan, now, orders);
    return nullptr;
  }
  return closed_ ? add_users(std::move(plan), now) : add_arrivals(*plan, now, orders);
}

Phase UserPool::phase_at(Instant intended) const {
  return intended < start_ + scenario_->phases.warm_up ? Phase::warm_up : Phase::measure;
}

void UserPool::count(CountedStart::Fate fate, Instant intended, Instant now, LoadOrders& orders) {
  orders.counted.push_back({fate, phase_at(intended), now});
}

void UserPool::on_wake(const DueWake& wake, Instant now, LoadOrders& orders) {
  keep_to_lease(now, orders);
  if (!closed_) return on_arrival(wake, now, orders);
  if ((wake.item & stretch_begins) != 0) {
    begin_stretch(wake.item & ~stretch_begins, now, orders);
  } else {
    assert(user_at(wake.item).does == Doing::thinks);
    start_user(wake.item, wake.intended, now, orders);
  }
}

void UserPool::on_ended(RequestTimeline& timeline, Instant now, LoadOrders& orders) {
  assert(in_flight_ > 0 && "a request ends once, after it was issued");
  --in_flight_;
  keep_to_lease(now, orders);
  if (closed_) return on_answer(timeline.request >> user_id_shift, timeline, now, orders);
  start_waiting(now, orders);
}

void UserPool::on_stop(Instant now, LoadOrders& orders) {
  if (stopped_) return;
  stopped_ = now;
  stopped_early_ = now < plan_ends_;
  for (const DueWake& wake : std::exchange(waiting_, {}))
    count(CountedStart::Fate::dropped_late, wake.intended, now, orders);
  for (const DueWake& wake : std::exchange(held_, {})) {
    user_at(wake.item).does = Doing::nothing;
    count(CountedStart::Fate::cancelled_before_send, wake.intended, now, orders);
  }
}

// ---- the lease

void UserPool::keep_to_lease(Instant now, LoadOrders& orders) {
  if (!paused_ && now >= lease_end_) on_pause(now, orders);
}

void UserPool::on_pause(Instant now, LoadOrders& orders) {
  paused_ = true;
  for (const DueWake& wake : std::exchange(waiting_, {}))
    count(CountedStart::Fate::cancelled_before_send, wake.intended, now, orders);
}

// The pacer wakes them: a few at a time, and they are held again if the lease is over by then.
void UserPool::on_resume(const ResumeUsers& order, Instant now, LoadOrders& orders) {
  lease_end_ = order.until;
  if (now >= lease_end_) return on_pause(now, orders);
  paused_ = false;
  for (const DueWake& wake : std::exchange(held_, {})) {
    User& user = user_at(wake.item);
    if (order.at < user.end) {
      user.does = Doing::thinks;
      orders.wakes.push_back({order.at, wake.item});
    } else {
      user.does = Doing::nothing;
      if (user.turn > 0) end_session(user);
      count(CountedStart::Fate::cancelled_before_send, wake.intended, now, orders);
    }
  }
}

// ---- closed model

UserPool::Share& UserPool::share_of(std::uint64_t slot) {
  const auto after =
      std::upper_bound(shares_.begin(), shares_.end(), slot,
                       [](std::uint64_t wanted, const Share& s) { return wanted < s.first_slot; });
  return *std::prev(after);
}

UserPool::User& UserPool::user_at(std::uint64_t slot) {
  Share& share = share_of(slot);
  return share.users[slot - share.first_slot];
}

std::unique_ptr<scenarios::ArrivalStream> UserPool::add_users(
    std::shared_ptr<const scenarios::LoadPlan> plan, Instant since) {
  Share share;
  if (!shares_.empty()) {
    const Share& last = shares_.back();
    share.first_slot = last.first_slot + last.users.size();
    share.first_stretch = last.first_stretch + last.plan->users.size();
  }
  share.since = since;
  share.users.resize(users_of(*plan));
  assert(share.first_slot + share.users.size() <= most_slots);
  if (const std::uint32_t session = scenarios::first_session(plan->entry); session > 0)
    for (User& user : share.users) user.session = session;
  auto first_wakes = std::make_unique<StretchStarts>(plan, share.first_stretch);
  const bool has_work = !plan->users.empty();
  share.plan = std::move(plan);
  shares_.push_back(std::move(share));
  if (!has_work) return nullptr;
  return first_wakes;
}

void UserPool::begin_stretch(std::uint64_t stretch, Instant now, LoadOrders& orders) {
  const auto after = std::upper_bound(
      shares_.begin(), shares_.end(), stretch,
      [](std::uint64_t wanted, const Share& s) { return wanted < s.first_stretch; });
  Share& share = *std::prev(after);
  const PlannedUser& planned = share.plan->users[stretch - share.first_stretch];
  const std::uint64_t number = number_of(planned, share.plan->share);
  User& user = share.users[number];
  user.begin = std::max(start_ + planned.start, share.since);
  user.end = start_ + planned.end;
  if (user.begin >= user.end)  // it was over before the share came
    return count(CountedStart::Fate::cancelled_before_send, start_ + planned.start, now, orders);
  // Still waiting for an answer of its stretch before, or for a wake that is late: it goes on from
  // there.
  if (user.does == Doing::nothing) start_user(share.first_slot + number, user.begin, now, orders);
}

void UserPool::start_user(std::uint64_t slot, Instant intended, Instant now, LoadOrders& orders) {
  Share& share = share_of(slot);
  const std::uint64_t number = slot - share.first_slot;
  User& user = share.users[number];
  if (stopped_early_ || (stopped_ && paused_))
    return count(CountedStart::Fate::cancelled_before_send, intended, now, orders);
  if (paused_) {
    user.does = Doing::waits_for_lease;
    held_.push_back({slot, intended});
    return;
  }
  const std::uint64_t id = (slot << user_id_shift) | user.asked++;
  LoadRequest request =
      make_request(id, {share.plan->share.item_at(number), user.session, user.turn}, intended);
  user.does = Doing::waits_for_answer;
  user.think_time = request.plan.think_time;
  user.last_turn = request.plan.last_turn;
  add_what_was_said(user, request.prompt);
  request.keep_answer |= !user.last_turn;
  issue(std::move(request), now, orders);
}

void UserPool::on_answer(std::uint64_t slot, RequestTimeline& timeline, Instant now,
                         LoadOrders& orders) {
  User& user = user_at(slot);
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

std::unique_ptr<scenarios::ArrivalStream> UserPool::add_arrivals(const scenarios::LoadPlan& plan,
                                                                 Instant now, LoadOrders& orders) {
  // The lost agent's own requests may be in flight until then.
  if (const auto more = in_flight_limit(scenario_->load, plan.share).most.value_or(0); more > 0)
    orders.wakes.push_back({start_ + plan.entry.from, limit_rises | more});
  if (plan.arrivals == 0) return nullptr;
  auto arrivals = scenarios::arrivals_of(*scenario_, plan);
  while (const auto arrival = arrivals->next()) {
    const Instant due = start_ + arrival->at;
    if (due >= now) {
      orders.wakes.push_back({due, arrival->arrival});
      return arrivals;
    }
    count(CountedStart::Fate::cancelled_before_send, due, now, orders);
  }
  return nullptr;
}

void UserPool::on_arrival(const DueWake& wake, Instant now, LoadOrders& orders) {
  if ((wake.item & limit_rises) != 0) {
    limit_.most = limit_.most.value() + (wake.item & ~limit_rises);
    return start_waiting(now, orders);
  }
  if (stopped_early_ || paused_)
    return count(CountedStart::Fate::cancelled_before_send, wake.intended, now, orders);
  if (waiting_.empty() && limit_.allows(in_flight_)) return start_arrival(wake, now, orders);
  if (stopped_ || limit_.when_full == scenarios::WhenFull::drop)
    return count(CountedStart::Fate::dropped_late, wake.intended, now, orders);
  waiting_.push_back(wake);
}

void UserPool::start_waiting(Instant now, LoadOrders& orders) {
  while (!waiting_.empty() && limit_.allows(in_flight_)) {
    start_arrival(waiting_.front(), now, orders);
    waiting_.pop_front();
  }
}

void UserPool::start_arrival(const DueWake& wake, Instant now, LoadOrders& orders) {
  issue(make_request(wake.item, {wake.item, 0, 0}, wake.intended), now, orders);
}

// ---- both

// A share that came after the stop: of each arrival, and each user's first request, that was due.
void UserPool::count_missed(const scenarios::LoadPlan& plan, Instant now, LoadOrders& orders) {
  const auto cancelled = CountedStart::Fate::cancelled_before_send;
  for (const PlannedUser& planned : plan.users)
    if (start_ + planned.start < *stopped_) count(cancelled, start_ + planned.start, now, orders);
  if (plan.arrivals == 0) return;
  const auto arrivals = scenarios::arrivals_of(*scenario_, plan);
  while (const auto arrival = arrivals->next()) {
    if (start_ + arrival->at >= *stopped_) return;
    count(cancelled, start_ + arrival->at, now, orders);
  }
}

LoadRequest UserPool::make_request(std::uint64_t id, const scenarios::RequestPlace& place,
                                   Instant intended) const {
  LoadRequest request;
  request.id = id;
  request.phase = phase_at(intended);
  request.scheduled = intended;
  request.deadline = intended + scenario_->target.timeout;
  request.plan = scenarios::plan_request(*scenario_, place, trace_.get());
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
