#pragma once
// Drives a user pool on virtual time: a pacer and a target of known lateness, and the recorder's
// ledger of what the pool says.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "actors/metrics/metrics_recorder.hpp"
#include "agents/load/user_pool.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using agents::Instant;
using std::chrono::nanoseconds;

class Driver {
 public:
  const Instant start = Instant{1h};
  nanoseconds service_time = 100ms;
  nanoseconds notice_delay{0};         // from a request's end until the pool hears of it
  nanoseconds pacer_lag{0};            // every wake comes so much late
  std::optional<nanoseconds> stop_at;  // none: when the plan ends
  std::function<bool(const actors::LoadRequest&)> fails = [](const auto&) { return false; };

  std::vector<actors::LoadRequest> submitted;
  std::vector<Instant> ends;  // in the order in which they were noticed
  std::map<std::uint64_t, Instant> sent_at;
  std::uint64_t most_in_flight = 0;

  explicit Driver(const scenarios::Scenario& scenario, scenarios::AgentShare share = {},
                  std::shared_ptr<const scenarios::Trace> trace = nullptr)
      : plan_(std::make_shared<const scenarios::LoadPlan>(
            scenarios::make_load_plan(scenario, share, std::move(trace)))),
        pool_(std::make_shared<const scenarios::Scenario>(scenario), plan_, start,
              [](const scenarios::RequestPlan& plan) {
                return scenarios::Prompt{{{scenarios::Speaker::user, question(plan.place)}}, true};
              }),
        recorder_(start) {}

  static std::string question(const scenarios::RequestPlace& place) {
    return "question " + std::to_string(place.who) + "." + std::to_string(place.session) + "." +
           std::to_string(place.turn);
  }
  static std::string answer(std::uint64_t request) { return "answer " + std::to_string(request); }

  std::uint64_t planned_arrivals() const { return plan_->arrivals; }

  void pause_at(nanoseconds at) {
    events_.emplace(at, [this](Instant now) { pool_.on_pause(now, orders_); });
  }
  void resume_at(nanoseconds at, nanoseconds until = 1000h) {
    events_.emplace(at, [this, until](Instant now) {
      pool_.on_resume({now, start + until}, now, orders_);
    });
  }
  void add_share_at(nanoseconds at, std::shared_ptr<const scenarios::LoadPlan> plan) {
    events_.emplace(at, [this, plan = std::move(plan)](Instant now) {
      const auto first = pool_.add_share(plan, now, orders_);
      if (!first) return;
      while (const auto wake = first->next()) order(start + wake->at, wake->arrival);
    });
  }
  const agents::UserPool& pool() const { return pool_; }

  actors::Ledger ledger() {
    auto snapshot = recorder_.take_snapshot(start + 1000h);
    for (const auto phase : {actors::Phase::warm_up, actors::Phase::measure})
      ledger_ += snapshot[phase].ledger;
    return ledger_;
  }

  void run() {
    if (const auto first = pool_.first_wakes())
      while (const auto wake = first->next()) order(start + wake->at, wake->arrival);
    const Instant stop = start + stop_at.value_or(plan_->stop);
    run_until(stop);
    pool_.on_stop(stop, orders_);
    carry_out(stop);
    for (; !wakes_.empty() && wakes_.top().intended < stop; wakes_.pop()) wake(wakes_.top(), stop);
    wakes_ = {};
    run_until(Instant::max());
  }

 private:
  struct Later {
    bool operator()(const actors::DueWake& a, const actors::DueWake& b) const {
      return a.intended != b.intended ? a.intended > b.intended : a.item > b.item;
    }
  };
  struct Ending {
    Instant noticed;
    std::uint64_t number;
    bool operator<(const Ending& other) const {
      return noticed != other.noticed ? noticed > other.noticed : number > other.number;
    }
  };

  void order(Instant at, std::uint64_t item) { wakes_.push({item, at}); }

  /// What happens before `end`.
  void run_until(Instant end) {
    while (true) {
      const auto next_wake = wakes_.empty() ? Instant::max() : wakes_.top().intended + pacer_lag;
      const auto next_end = endings_.empty() ? Instant::max() : endings_.top().noticed;
      const auto next_event = events_.empty() ? Instant::max() : start + events_.begin()->first;
      const Instant next = std::min({next_wake, next_end, next_event});
      if (next >= end) return;
      if (next == next_event) {
        const auto happens = events_.extract(events_.begin());
        happens.mapped()(next);
        carry_out(next);
      } else if (next_end <= next_wake) {
        const std::uint64_t number = endings_.top().number;
        endings_.pop();
        end_request(number, next);
      } else {
        const auto due = wakes_.top();
        wakes_.pop();
        wake(due, next);
      }
    }
  }

  void wake(const actors::DueWake& due, Instant now) {
    pool_.on_wake(due, now, orders_);
    carry_out(now);
  }

  void end_request(std::uint64_t number, Instant now) {
    const actors::LoadRequest request = submitted[number];
    actors::RequestTimeline timeline;
    timeline.request = request.id;
    timeline.phase = request.phase;
    timeline.scheduled = request.scheduled;
    timeline.dispatched = sent_at.at(request.id);
    timeline.ended = now - notice_delay;
    timeline.content = {timeline.ended};
    timeline.output_tokens = 1;
    timeline.outcome = actors::Completed{};
    if (fails(request)) timeline.outcome = actors::Failed{"for the test"};
    if (request.keep_answer) timeline.answer = answer(request.id);
    ends.push_back(timeline.ended);
    recorder_.on_ended(timeline);
    pool_.on_ended(timeline, now, orders_);
    carry_out(now);
  }

  void carry_out(Instant now) {
    for (const auto& start_counted : orders_.counted) {
      using Fate = actors::CountedStart::Fate;
      recorder_.on_scheduled(start_counted.phase);
      if (start_counted.fate == Fate::issued) recorder_.on_issued(start_counted.phase, now);
      if (start_counted.fate == Fate::dropped_late) recorder_.on_dropped_late(start_counted.phase);
      if (start_counted.fate == Fate::cancelled_before_send)
        recorder_.on_cancelled_before_send(start_counted.phase);
    }
    for (const auto& request : orders_.submit) {
      endings_.push({now + service_time + notice_delay, submitted.size()});
      sent_at[request.id] = now;
      submitted.push_back(request);
    }
    most_in_flight = std::max(most_in_flight, pool_.in_flight());
    for (const auto& each : orders_.wakes) order(each.instant, each.item);
    orders_.clear();
  }

  std::shared_ptr<const scenarios::LoadPlan> plan_;
  agents::UserPool pool_;
  actors::MetricsRecorder recorder_;
  actors::Ledger ledger_;
  agents::LoadOrders orders_;
  std::priority_queue<actors::DueWake, std::vector<actors::DueWake>, Later> wakes_;
  std::priority_queue<Ending> endings_;
  std::multimap<nanoseconds, std::function<void(Instant)>> events_;
};

}  // namespace squall::tests
