#pragma once
// Who asks, and what next: all virtual users of one agent, or its open arrivals: of its own share,
// and of those that it took over from lost agents. Plain decisions without actor, clock or thread;
// the actor beside it carries them out.
//
// Nothing starts without the coordinator's lease. What comes due meanwhile is never sent later: an
// arrival is counted as cancelled; a user waits, and asks when the lease is back. Requests that are
// in flight go on, and so do their target's further attempts: they are old requests, not new ones.
//
// A user that waits takes some fifty bytes here and sixteen in the pacer; what was said so far is
// kept only while a conversation is under way. An arrival takes nothing before it is due.
// Every start that came due is counted exactly once: issued, dropped late, or cancelled before it
// was sent.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
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

  /// Work of a lost agent, beside what there is already. The result is as first_wakes(), and may be
  /// nothing. Arrivals that were due before `now` are counted as cancelled, not made up for; after
  /// a stop all that was due before it is.
  std::unique_ptr<scenarios::ArrivalStream> add_share(
      std::shared_ptr<const scenarios::LoadPlan> plan, Instant now, LoadOrders& orders);

  /// Nothing starts until on_resume.
  void on_pause(Instant now, LoadOrders& orders);
  /// Users that came due meanwhile ask at `order.at`. From `order.until` on nothing starts again,
  /// unless this is called again before.
  void on_resume(const actors::ResumeUsers& order, Instant now, LoadOrders& orders);
  bool has_lease(Instant now) const { return !paused_ && now < lease_end_; }

  /// A wake that a stream or LoadOrders::wakes asked for came due.
  void on_wake(const actors::DueWake& wake, Instant now, LoadOrders& orders);
  /// `timeline.answer` is taken where the conversation goes on.
  void on_ended(actors::RequestTimeline& timeline, Instant now, LoadOrders& orders);

  /// From now on no user asks again. What was due before is still sent if the load ends by plan;
  /// after an earlier stop it is only counted. Further wakes may come that were due before.
  void on_stop(Instant now, LoadOrders& orders);

  std::uint64_t in_flight() const { return in_flight_; }
  Instant start() const { return start_; }

 private:
  enum class Doing : unsigned char { nothing, waits_for_answer, thinks, waits_for_lease };
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

  /// Users and stretches are numbered through all shares.
  struct Share {
    std::shared_ptr<const scenarios::LoadPlan> plan;
    std::uint64_t first_slot = 0, first_stretch = 0;
    Instant since;            // nothing of it is done before
    std::vector<User> users;  // closed model, by their number in the share
  };

  Share& share_of(std::uint64_t slot);
  User& user_at(std::uint64_t slot);
  actors::Phase phase_at(Instant intended) const;
  void count(actors::CountedStart::Fate fate, Instant intended, Instant now, LoadOrders& orders);
  void keep_to_lease(Instant now, LoadOrders& orders);

  std::unique_ptr<scenarios::ArrivalStream> add_users(
      std::shared_ptr<const scenarios::LoadPlan> plan, Instant since);
  void begin_stretch(std::uint64_t stretch, Instant now, LoadOrders& orders);
  void start_user(std::uint64_t slot, Instant intended, Instant now, LoadOrders& orders);
  void on_answer(std::uint64_t slot, actors::RequestTimeline& timeline, Instant now,
                 LoadOrders& orders);
  static void end_session(User& user);
  /// Before this turn's own parts, which are kept in turn while the session goes on.
  static void add_what_was_said(User& user, scenarios::Prompt& prompt);

  std::unique_ptr<scenarios::ArrivalStream> add_arrivals(const scenarios::LoadPlan& plan,
                                                         Instant now, LoadOrders& orders);
  void count_missed(const scenarios::LoadPlan& plan, Instant now, LoadOrders& orders);
  void on_arrival(const actors::DueWake& wake, Instant now, LoadOrders& orders);
  void start_waiting(Instant now, LoadOrders& orders);
  void start_arrival(const actors::DueWake& wake, Instant now, LoadOrders& orders);

  actors::LoadRequest make_request(std::uint64_t id, const scenarios::RequestPlace& place,
                                   Instant intended) const;
  void issue(actors::LoadRequest&& request, Instant now, LoadOrders& orders);

  std::shared_ptr<const scenarios::Scenario> scenario_;
  bool closed_;
  Instant start_;
  TurnPrompt turn_prompt_;
  std::vector<Share> shares_;            // closed model: in order of their slots
  std::vector<actors::DueWake> held_;    // users that came due without a lease
  InFlightLimit limit_;                  // open model: of all shares together
  std::deque<actors::DueWake> waiting_;  // arrivals that came due while as many were in flight
  std::shared_ptr<const scenarios::Trace> trace_;
  Instant plan_ends_;
  std::uint64_t in_flight_ = 0;
  Instant lease_end_ = Instant::max();
  bool paused_ = false;
  std::optional<Instant> stopped_;
  bool stopped_early_ = false;
};

}  // namespace squall::agents
