#include "agents/load/users_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

using Self = UsersActor::stateful_pointer<UsersState>;

void prepare(Self self, const PrepareLoad& order) {
  auto& state = self->state;
  if (in_flight_limit(order.scenario->load, order.share).most == 0u) {
    self->send(state.around.agent,
               TargetFailed{"max_in_flight is below the number of agents, each counted as often as "
                            "it weighs (" +
                                std::to_string(order.share.count) +
                                "), so some could start nothing; raise it, use fewer agents, or "
                                "lower their weights",
                            true});
    return;
  }
  try {
    state.prompts =
        std::make_shared<const PromptSource>(*order.scenario, order.folder, order.trace);
    self->send(state.around.agent, LoadPrepared{});
  } catch (const scenarios::DatasetError& error) {
    self->send(state.around.agent, TargetFailed{error.what(), true});
  }
}

void submit_what_is_ordered(Self self) {
  auto& state = self->state;
  for (LoadRequest& request : state.orders.submit) {
    state.accuracy->on_submit(request);
    self->send(state.around.target, Submit{std::move(request), UsersActor{self}});
  }
  state.orders.submit.clear();
}

// The recorder hears of a start in the turn in which it was submitted, so before it can end.
void tell_the_rest(Self self) {
  auto& state = self->state;
  if (!state.orders.counted.empty())
    self->send(state.around.recorder, StartsCounted{std::exchange(state.orders.counted, {})});
  for (const WakeAt& wake : state.orders.wakes) self->send(state.around.pacer, wake);
  state.orders.wakes.clear();
}

void begin(Self self, const BeginLoad& order) {
  auto& state = self->state;
  state.pool =
      std::make_unique<UserPool>(order.scenario, order.plan, order.start,
                                 [prompts = state.prompts](const scenarios::RequestPlan& plan) {
                                   return prompts->prompt(plan);
                                 });
  state.accuracy.emplace(AccuracyCheck::Limits{.patience = order.scenario->target.timeout});
  self->send(state.around.pacer,
             BeginPacing{UsersActor{self}, state.pool->first_wakes(), order.start});
}

void wake(Self self, const WakesDue& due) {
  for (const DueWake& each : due.wakes) {
    self->state.pool->on_wake(each, self->clock().now(), self->state.orders);
    submit_what_is_ordered(self);  // one by one: the first need not wait for the last
  }
  tell_the_rest(self);
}

void ask_again(Self self) {
  auto& state = self->state;
  const Instant now = self->clock().now();
  // Without a lease others may be asking in this agent's place: no time to ask at rest.
  const bool leased = state.pool->has_lease(now);
  const Instant until = leased ? state.check_until : now;
  if (auto request = state.accuracy->next(now, until)) {
    self->send(state.around.target, Submit{*std::move(request), UsersActor{self}});
    return;
  }
  if (std::exchange(state.answers_checked, true)) return;
  const auto end = state.check_broken_off ? AccuracyCheck::End::broken_off
                   : leased               ? AccuracyCheck::End::time_over
                                          : AccuracyCheck::End::lease_over;
  for (std::string& what : state.accuracy->findings(end))
    self->send(state.around.recorder, TargetHappened{self->clock().now(), std::move(what)});
  self->send(state.around.agent, AnswersChecked{});
}

void end_request(Self self, RequestEnded& ended) {
  auto& state = self->state;
  if (AccuracyCheck::asks(ended.timeline.request)) {
    if (const auto agreed = state.accuracy->on_answer(ended.timeline))
      self->send(state.around.recorder, AnswerChecked{.agreed = *agreed});
    ask_again(self);
    return;
  }
  state.accuracy->on_ended(ended.timeline);
  state.pool->on_ended(ended.timeline, self->clock().now(), state.orders);
  submit_what_is_ordered(self);
  self->send(state.around.recorder, std::move(ended));
  tell_the_rest(self);
}

void pause(Self self) {
  auto& state = self->state;
  if (!state.pool) return;
  state.pool->on_pause(self->clock().now(), state.orders);
  tell_the_rest(self);
}

void resume(Self self, const ResumeUsers& order) {
  auto& state = self->state;
  if (!state.pool) return;
  state.pool->on_resume(order, self->clock().now(), state.orders);
  tell_the_rest(self);
}

void add_share(Self self, const AddShare& order) {
  auto& state = self->state;
  if (!state.pool) return;
  auto first_wakes = state.pool->add_share(order.plan, self->clock().now(), state.orders);
  tell_the_rest(self);
  if (first_wakes)
    self->send(state.around.pacer,
               BeginPacing{UsersActor{self}, std::move(first_wakes), state.pool->start()});
}

void stop(Self self, const StopUsers& order) {
  auto& state = self->state;
  if (!state.pool) {
    self->send(state.around.agent, UsersStopped{});
    return;
  }
  state.pool->on_stop(order.at, state.orders);
  tell_the_rest(self);
  self->send(state.around.pacer, StopPacing{order.at});
}

}  // namespace

UsersActor::behavior_type users_actor(Self self, UsersSurroundings around) {
  self->state.around = std::move(around);
  // Users and pacer know each other, so neither would ever be let go of by itself.
  self->monitor(self->state.around.agent);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  return {
      [self](const PrepareLoad& order) { prepare(self, order); },
      [self](const BeginLoad& order) { begin(self, order); },
      [self](const WakesDue& due) { wake(self, due); },
      [self](RequestEnded& ended) { end_request(self, ended); },
      [self](const PauseUsers&) { pause(self); },
      [self](const ResumeUsers& order) { resume(self, order); },
      [self](const AddShare& order) { add_share(self, order); },
      [self](const StopUsers& order) { stop(self, order); },
      [self](const PacingStopped&) { self->send(self->state.around.agent, UsersStopped{}); },
      [self](const CheckAnswers& order) {
        // The order to check is given once; another cuts the check short.
        self->state.check_broken_off = self->state.check_until != Instant{};
        self->state.check_until = order.until;
        if (!self->state.accuracy->asking()) ask_again(self);  // else after that answer
      },
  };
}

}  // namespace squall::agents
