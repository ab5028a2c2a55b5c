#include "coordinator/fleet/fleet_load.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <variant>

#include "coordinator/fleet/fleet_simulation.hpp"
#include "coordinator/run/metrics_timeline.hpp"
#include "scenarios/load/prompt.hpp"
#include "scenarios/load/random.hpp"

namespace squall::coordinator {

using namespace scenarios;

namespace {

// Seconds. A refusal takes a real machine some time, too; here time would stand still.
constexpr double least_rest = 1e-3;

/// Names of what is shared, for the machines; never 0.
std::uint64_t name_of_prefix(const RequestPlan& plan) {
  return mix_bits((std::uint64_t{plan.category} << 32) + plan.prefix_group) | 1;
}
std::uint64_t name_of_session(const RequestPlace& place) {
  return mix_bits(mix_bits(place.who) + place.session) | 1;
}

bool knows_lengths(const Scenario& scenario) {
  if (std::holds_alternative<TraceReplay>(scenario.load)) return true;
  return std::ranges::all_of(scenario.categories, [](const Category& category) {
    return std::holds_alternative<SyntheticPrompts>(category.prompts);
  });
}

}  // namespace

FleetLoad::FleetLoad(const Scenario& scenario, std::shared_ptr<const Trace> trace,
                     std::uint32_t assumed_prompt_tokens)
    : scenario_(scenario),
      assumed_prompt_tokens_(assumed_prompt_tokens),
      plan_(make_load_plan(scenario, {}, std::move(trace))),
      warm_up_(in_seconds(scenario.phases.warm_up)),
      stop_(in_seconds(plan_.stop)),
      timeout_(in_seconds(scenario.target.timeout)) {
  if (assumed_prompt_tokens == 0 && !knows_lengths(scenario))
    throw FleetError(
        "the scenario's prompts come from a file, so their lengths in tokens are not known before "
        "they are asked; say with --prompt-tokens how long to assume they are");
  if (const auto* open = std::get_if<OpenArrivals>(&scenario.load)) {
    most_in_flight_ = open->max_in_flight;
    when_full_ = open->when_full;
  } else if (const auto* replay = std::get_if<TraceReplay>(&scenario.load)) {
    most_in_flight_ = replay->max_in_flight;
    when_full_ = replay->when_full;
  } else {
    std::uint64_t users = 0;
    for (const PlannedUser& each : plan_.users) users = std::max(users, each.user + 1);
    users_.resize(users);
    return;
  }
  arrivals_ = arrivals_of(scenario, plan_);
  next_arrival_ = arrivals_->next();
}

double FleetLoad::next() const {
  if (arrivals_) {
    const double arrival = next_arrival_ ? in_seconds(next_arrival_->at) : never;
    return std::min(arrival, late_.empty() ? never : room_since_);
  }
  const double stretch =
      next_stretch_ < plan_.users.size() ? in_seconds(plan_.users[next_stretch_].start) : never;
  return std::min(stretch, wakes_.empty() ? never : wakes_.top().at);
}

std::optional<FleetRequest> FleetLoad::take() {
  assert(next() < never);
  if (arrivals_) return take_arrival();
  const bool stretch_is_first =
      next_stretch_ < plan_.users.size() &&
      (wakes_.empty() || in_seconds(plan_.users[next_stretch_].start) <= wakes_.top().at);
  if (stretch_is_first) return begin_stretch();
  const Wake wake = wakes_.top();
  wakes_.pop();
  return ask_of_user(wake.user, wake.at);
}

void FleetLoad::on_ended(const FleetRequest& request, bool completed, double now) {
  assert(in_flight_ > 0);
  --in_flight_;
  if (arrivals_) {
    if (!late_.empty() && has_room()) room_since_ = std::min(room_since_, now);
    return;
  }
  User& user = users_[request.who];
  user.does = User::Doing::nothing;
  if (completed && !user.last_turn) {
    user.history = std::uint64_t{request.job.prompt_tokens} + request.job.answer_tokens;
    ++user.turn;
  } else {
    user.history = 0;
    user.turn = 0;
    ++user.session;
  }
  const double rest = completed ? user.think_time : std::max(user.think_time, least_rest);
  const double wake = std::max(now + rest, user.begin);
  if (wake >= user.end || wake >= stop_) {
    if (user.turn > 0) {
      user.history = 0;
      user.turn = 0;
      ++user.session;
    }
    return;
  }
  user.does = User::Doing::thinks;
  wakes_.push({wake, wakes_so_far_++, request.who});
}

void FleetLoad::close() {
  for (const PlannedArrival& arrival : late_) count_not_sent(in_seconds(arrival.at));
  late_.clear();
}

// ---- closed model

std::optional<FleetRequest> FleetLoad::begin_stretch() {
  const PlannedUser& planned = plan_.users[next_stretch_++];
  User& user = users_[planned.user];
  user.begin = in_seconds(planned.start);
  user.end = in_seconds(planned.end);
  // Still waiting for an answer of its stretch before: it goes on from there.
  if (user.does != User::Doing::nothing) return std::nullopt;
  return ask_of_user(planned.user, user.begin);
}

std::optional<FleetRequest> FleetLoad::ask_of_user(std::uint64_t number, double at) {
  User& user = users_[number];
  const RequestPlan plan = plan_request(scenario_, {number, user.session, user.turn});
  user.does = User::Doing::waits;
  user.think_time = in_seconds(plan.think_time);
  user.last_turn = plan.last_turn;
  return ask(plan, at, user.history);
}

// ---- open model

std::optional<FleetRequest> FleetLoad::take_arrival() {
  const bool late_is_first =
      !late_.empty() && (!next_arrival_ || room_since_ <= in_seconds(next_arrival_->at));
  if (late_is_first) {
    const PlannedArrival arrival = late_.front();
    late_.pop_front();
    if (room_since_ >= stop_) {
      count_not_sent(in_seconds(arrival.at));
      return std::nullopt;
    }
    const auto request = ask(plan_request(scenario_, {arrival.arrival, 0, 0}, plan_.trace.get()),
                             in_seconds(arrival.at), 0);
    if (!has_room()) room_since_ = never;
    return request;
  }
  const PlannedArrival arrival = *next_arrival_;
  next_arrival_ = arrivals_->next();
  if (late_.empty() && has_room())
    return ask(plan_request(scenario_, {arrival.arrival, 0, 0}, plan_.trace.get()),
               in_seconds(arrival.at), 0);
  if (when_full_ == WhenFull::wait) {
    late_.push_back(arrival);
    return std::nullopt;
  }
  count_not_sent(in_seconds(arrival.at));
  return std::nullopt;
}

void FleetLoad::count_not_sent(double intended) {
  ++not_sent_;
  if (intended >= warm_up_) ++not_sent_in_measure_;
}

// ---- both

FleetRequest FleetLoad::ask(const RequestPlan& plan, double scheduled, std::uint64_t history) {
  ++in_flight_;
  FleetRequest request;
  request.who = plan.place.who;
  request.scheduled = scheduled;
  request.job.id = asked_++;
  const std::uint64_t prompt = history + prompt_tokens_of(plan);
  request.job.prompt_tokens = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(prompt, std::numeric_limits<std::uint32_t>::max() / 2));
  request.job.answer_tokens = plan.answer_tokens;
  request.job.deadline = scheduled + timeout_;
  if (plan.prefix_tokens > 0) {
    request.job.prefix = name_of_prefix(plan);
    request.job.prefix_tokens = plan.prefix_tokens;
  }
  if (plan.place.turn > 0 || !plan.last_turn)
    request.job.conversation = name_of_session(plan.place);
  request.job.last_turn = plan.last_turn;
  return request;
}

std::uint32_t FleetLoad::prompt_tokens_of(const RequestPlan& plan) const {
  std::uint32_t tokens = plan.prompt_tokens > 0 ? plan.prompt_tokens : assumed_prompt_tokens_;
  const auto* users = std::get_if<ClosedUsers>(&scenario_.load);
  if (users != nullptr && plan.place.turn == 0)
    tokens += static_cast<std::uint32_t>(estimated_tokens(users->conversations.system_prompt));
  return std::max(1U, tokens);
}

}  // namespace squall::coordinator
