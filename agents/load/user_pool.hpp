#pragma once
// Who asks, and what next: all virtual users of one agent's share, or its open arrivals. Plain
// decisions without actor, clock or thread; the actor beside it carries them out.
//
// A user that waits takes some fifty bytes here and sixteen in the pacer; what was said so far is
// kept only while a conversation is under way. An arrival takes nothing before it is due.
// Every start that came due is counted exactly once: issued, dropped late, or cancelled before it
// was sent.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "actors/actor_interfaces.hpp"
#include "agents/load/in_flight_limit.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

/// What is to be done now, in this order. Reused from call to call: no allocation once warm.
struct LoadOrders {
  std::vector<actors::LoadRequest> submit;  // `dispatched` is the target's to stamp
  std::vector<actors::CountedStart> counted;
  std::vector<actors::WakeAt> wakes;

  void clear();
};

/// The words of one turn: its own parts only, the system prompt and shared prefix with the first.
using TurnPrompt = std::function<scenarios::Prompt(const scenarios::RequestPlan&)>;

class UserPool {
 public:
  /// `start`: the run's common start.
  UserPool(std::shared_ptr<const scenarios::Scenario> scenario,
           std::shared_ptr<const scenarios::LoadPlan> plan, Instant start, TurnPrompt turn_prompt);

  /// Arrivals, or first wakes of users' stretches, in order of time; instants count from the start.
  std::unique_ptr<scenarios::ArrivalStream> first_wakes() const;

  /// A wake that the stream or LoadOrders::wakes asked for came due.
  void on_wake(const actors::DueWake& wake, Instant now, LoadOrders& orders);
  /// `timeline.answer` is taken where the conversation goes on.
  void on_ended(actors::RequestTimeline& timeline, Instant now, LoadOrders& orders);

  /// From now on no user asks again. What was due before is still sent if the load ends by plan;
  /// after an earlier stop it is only counted. Further wakes may come that were due before.
  void on_stop(Instant now, LoadOrders& orders);

  std::uint64_t in_flight() const { return in_flight_; }

 private:
  enum class Doing : unsigned char { nothing, waits_for_answer, thinks };
  struct User {
    Instant begin, end;         // of its stretch: asks only from `begin` on and before `end`
    nanoseconds think_time{0};  // after the answer that it waits for
    std::unique_ptr<std::vector<scenarios::PromptPart>> said;  // in this session, answers included
    std::uint32_t session = 0;
    std::uint32_t turn = 0;
    std::uint32_t asked = 0;  // requests so far
    Doing does = Doing::nothing;
    bool last_turn = true;  // of the request that it waits for
  };

  bool closed() const { return !users_.empty(); }
  actors::Phase phase_at(Instant intended) const;
  void count(actors::CountedStart::Fate fate, Instant intended, Instant now, LoadOrders& orders);

  void begin_stretch(const scenarios::PlannedUser& planned, Instant now, LoadOrders& orders);
  void start_user(std::size_t slot, Instant intended, Instant now, LoadOrders& orders);
  void on_answer(std::size_t slot, actors::RequestTimeline& timeline, Instant now,
                 LoadOrders& orders);
  static void end_session(User& user);
  /// Before this turn's own parts, which are kept in turn while the session goes on.
  static void add_what_was_said(User& user, scenarios::Prompt& prompt);

  void on_arrival(const actors::DueWake& wake, Instant now, LoadOrders& orders);
  void start_arrival(const actors::DueWake& wake, Instant now, LoadOrders& orders);

  actors::LoadRequest make_request(std::uint64_t id, const scenarios::RequestPlace& place,
                                   Instant intended) const;
  void issue(actors::LoadRequest&& request, Instant now, LoadOrders& orders);

  std::shared_ptr<const scenarios::Scenario> scenario_;
  std::shared_ptr<const scenarios::LoadPlan> plan_;
  Instant start_;
  TurnPrompt turn_prompt_;
  std::vector<User> users_;              // closed model: those of this share, by number
  InFlightLimit limit_;                  // open model
  std::deque<actors::DueWake> waiting_;  // arrivals that came due while as many were in flight
  std::uint64_t in_flight_ = 0;
  bool stopped_ = false;
  bool stopped_early_ = false;
};

}  // namespace squall::agents
