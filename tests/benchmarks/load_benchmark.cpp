#include "tests/benchmarks/load_benchmark.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "agents/load/pacer_actor.hpp"
#include "agents/load/recorder_actor.hpp"
#include "agents/load/users_actor.hpp"
#include "agents/resource_monitor.hpp"
#include "agents/targets/target_actor.hpp"
#include "agents/thread_priority.hpp"

namespace squall::benchmarks {

using namespace squall::actors;
using namespace std::chrono_literals;
using scenarios::Distribution;
using scenarios::Metric;

namespace {

double microseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

/// What the agent's actor would hear, for the main thread to wait for.
class Inbox {
 public:
  template <class T>
  void put(T&& message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::forward<T>(message));
    arrived_.notify_one();
  }
  template <class T>
  T wait_for() {
    std::unique_lock lock(mutex_);
    while (true) {
      for (auto each = messages_.begin(); each != messages_.end(); ++each) {
        if (const auto* failed = std::get_if<TargetFailed>(&*each))
          throw std::runtime_error(failed->message);
        if (auto* found = std::get_if<T>(&*each)) {
          T message = std::move(*found);
          messages_.erase(each);
          return message;
        }
      }
      if (arrived_.wait_for(lock, 30s) == std::cv_status::timeout)
        throw std::runtime_error("the load generator fell silent");
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::variant<LoadPrepared, TargetReady, TargetFailed, UsersStopped, SnapshotTaken>>
      messages_;
};

caf::behavior listener(caf::event_based_actor* self, std::shared_ptr<Inbox> inbox) {
  self->set_default_handler(caf::drop);
  return {[inbox](const LoadPrepared& message) { inbox->put(message); },
          [inbox](const TargetReady& message) { inbox->put(message); },
          [inbox](const TargetFailed& message) { inbox->put(message); },
          [inbox](const UsersStopped& message) { inbox->put(message); },
          [inbox](const SnapshotTaken& message) { inbox->put(message); }};
}

struct AgentConfig : caf::actor_system_config {
  AgentConfig() {  // as squall-agent has it
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
    set("scheduler.max-throughput", std::size_t{300});
  }
};

/// One agent's load side, with a simulated target.
class LoadSide {
 public:
  explicit LoadSide(const scenarios::Scenario& scenario)
      : scenario_(std::make_shared<const scenarios::Scenario>(scenario)) {
    const auto agent = caf::actor_cast<AgentActor>(listener_);
    const agents::UsersSurroundings around{pacer_, target_, recorder_, agent};
    users_ = system_.spawn(agents::users_actor, around);
    caf::anon_send(users_, PrepareLoad{scenario_, ".", {}});
    inbox_->wait_for<LoadPrepared>();
    caf::anon_send(target_, PrepareTarget{scenario_, ".", {}});
    inbox_->wait_for<TargetReady>();
    plan_ = std::make_shared<const scenarios::LoadPlan>(scenarios::make_load_plan(*scenario_, {}));
  }

  ~LoadSide() {
    for (const auto& each :
         {caf::actor_cast<caf::actor>(users_), caf::actor_cast<caf::actor>(pacer_),
          caf::actor_cast<caf::actor>(target_), caf::actor_cast<caf::actor>(recorder_), listener_})
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  LoadSide(const LoadSide&) = delete;
  LoadSide& operator=(const LoadSide&) = delete;

  Instant begin() {
    const Instant start = std::chrono::steady_clock::now() + 50ms;
    caf::anon_send(recorder_, BeginRecording{start, 1});
    caf::anon_send(target_, BeginTarget{start});
    caf::anon_send(users_, BeginLoad{scenario_, plan_, start});
    return start;
  }
  MetricsSnapshot snapshot() {
    caf::anon_send(recorder_, TakeSnapshot{std::chrono::steady_clock::now()});
    return inbox_->wait_for<SnapshotTaken>().snapshot;
  }
  void stop() {
    caf::anon_send(users_, StopUsers{std::chrono::steady_clock::now()});
    inbox_->wait_for<UsersStopped>();
    std::this_thread::sleep_for(50ms);  // the target answers at once
  }

 private:
  AgentConfig config_;
  caf::actor_system system_{config_};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  caf::actor listener_ = system_.spawn(listener, inbox_);
  PacerActor pacer_ = system_.spawn(agents::pacer_actor, caf::actor_cast<AgentActor>(listener_));
  RecorderActor recorder_ =
      system_.spawn(agents::recorder_actor, caf::actor_cast<AgentActor>(listener_));
  TargetActor target_ = system_.spawn(agents::target_actor, caf::actor_cast<AgentActor>(listener_),
                                      recorder_, std::size_t{1}, agents::DownloadContext(),
                                      std::function<kernels::GpuSearch()>());
  UsersActor users_;
  std::shared_ptr<const scenarios::Scenario> scenario_;
  std::shared_ptr<const scenarios::LoadPlan> plan_;
};

scenarios::Scenario answering_at_once() {
  scenarios::Scenario scenario;
  scenario.target.kind = scenarios::TargetKind::simulated;
  scenario.target.simulated.first_token = Distribution::constant(0);
  scenario.categories.front().answer_tokens = Distribution::constant(1);
  return scenario;
}

nanoseconds quantile(const Histogram& histogram, std::uint64_t per_mille) {
  const std::uint64_t rank = (histogram.count() * per_mille + 999) / 1000;
  return rank == 0 ? nanoseconds{0} : histogram.value_at_rank(rank);
}

struct Lateness {
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0;  // microseconds
  double cpu = 0;                              // microseconds of the process for each start
  double starts = 0;                           // per second
};

Lateness lateness_of(const Histogram& delays, nanoseconds cpu, nanoseconds length) {
  const auto starts = static_cast<double>(delays.count());
  return {microseconds(quantile(delays, 500)), microseconds(quantile(delays, 900)),
          microseconds(quantile(delays, 990)), microseconds(quantile(delays, 999)),
          microseconds(cpu) / starts,          starts / (microseconds(length) / 1e6)};
}

constexpr nanoseconds trial_length = 5s;

Lateness through_all_actors(double rate) {
  auto scenario = answering_at_once();
  scenarios::OpenArrivals load;
  load.rate = scenarios::LoadShape::constant(rate);
  scenario.load = load;
  scenario.phases = {0s, trial_length, 1s};
  LoadSide side(scenario);
  const Instant start = side.begin();
  std::this_thread::sleep_until(start);
  const auto before = agents::measure_own_process();
  std::this_thread::sleep_until(start + trial_length);
  side.stop();
  const nanoseconds cpu = agents::measure_own_process().cpu - before.cpu;
  const auto& phase = side.snapshot()[Phase::measure];
  return lateness_of(phase.durations[static_cast<std::size_t>(Metric::dispatch_delay)], cpu,
                     trial_length);
}

/// The machine's own noise: a thread that sleeps until the same instants, and does nothing.
Lateness of_a_bare_thread(double rate) {
  Histogram delays;
  const auto before = agents::measure_own_process();
  std::thread sleeper([&] {
    agents::minimise_timer_slack();
    scenarios::Random random(1);
    double at = 0;
    const Instant start = std::chrono::steady_clock::now() + 10ms;
    while (at < std::chrono::duration<double>(trial_length).count()) {
      at += random.exponential() / rate;
      const Instant intended = start + nanoseconds(static_cast<std::int64_t>(at * 1e9));
      std::this_thread::sleep_until(intended);
      delays.record(std::chrono::steady_clock::now() - intended);
    }
  });
  sleeper.join();
  return lateness_of(delays, agents::measure_own_process().cpu - before.cpu, trial_length);
}

template <class Measure>
void print_median(const char* what, double rate, int repetitions, Measure measure) {
  std::vector<Lateness> all;
  for (int i = 0; i < repetitions; ++i) all.push_back(measure(rate));
  const auto median = [&](double Lateness::*figure) {
    std::sort(all.begin(), all.end(),
              [&](const Lateness& a, const Lateness& b) { return a.*figure < b.*figure; });
    return all[all.size() / 2].*figure;
  };
  std::printf("%-28s %9.0f %8.1f %8.1f %8.1f %9.1f %10.2f\n", what, median(&Lateness::starts),
              median(&Lateness::p50), median(&Lateness::p90), median(&Lateness::p99),
              median(&Lateness::p999), median(&Lateness::cpu));
  std::fflush(stdout);
}

}  // namespace

void bench_load(int repetitions) {
  agents::prefer_prompt_wakeups();  // as squall-agent does
  std::printf("lateness of starts (dispatched - intended), medians of %d runs of 5 s\n",
              repetitions);
  std::printf("%-28s %9s %8s %8s %8s %9s %10s\n", "", "starts/s", "p50 us", "p90 us", "p99 us",
              "p99.9 us", "CPU us each");
  for (const double rate : {1'000.0, 10'000.0}) {
    print_median("a bare sleeping thread", rate, repetitions, of_a_bare_thread);
    print_median("pacer, users, target, record", rate, repetitions, through_all_actors);
  }
}

void bench_users(std::uint64_t users) {
  agents::prefer_prompt_wakeups();
  constexpr double starts_per_second = 20'000;
  const double ramp = static_cast<double>(users) / starts_per_second;
  auto scenario = answering_at_once();
  scenarios::ClosedUsers load;
  const auto seconds = [](double count) {
    return nanoseconds(static_cast<std::int64_t>(count * 1e9));
  };
  load.count = scenarios::LoadShape(
      {{.length = seconds(ramp), .from = 0, .to = static_cast<double>(users)},
       {.from = static_cast<double>(users), .to = static_cast<double>(users)}});
  // Nobody asks a second time before all have asked once; then some hundred users a second do.
  load.think_time = {Distribution::Shape::uniform, 0, 0, ramp + 2, ramp + 2 + 3600, {}};
  scenario.load = load;
  scenario.phases = {0s, seconds(ramp + 3600), 1s};

  const auto before = agents::measure_own_process();
  LoadSide side(scenario);
  const Instant start = side.begin();
  std::this_thread::sleep_until(start + seconds(ramp) + 1s);
  const auto first = side.snapshot()[Phase::measure];
  const auto waiting = agents::measure_own_process();
  const double grown = static_cast<double>(waiting.resident_bytes - before.resident_bytes);
  std::printf("%llu users have asked once (%llu answers) and wait: %.0f bytes each, plan and all\n",
              static_cast<unsigned long long>(users),
              static_cast<unsigned long long>(first.ledger.ok), grown / static_cast<double>(users));
  std::this_thread::sleep_until(start + seconds(ramp) + 12s);
  const auto second = side.snapshot()[Phase::measure];
  const auto awake = agents::measure_own_process();
  const auto late = lateness_of(second.durations[static_cast<std::size_t>(Metric::dispatch_delay)],
                                awake.cpu - waiting.cpu, 11s);
  std::printf(
      "of them %.0f a second woke and asked again: late by p50 %.1f us, p99 %.1f us; "
      "%.1f us of CPU each\n",
      late.starts, late.p50, late.p99, late.cpu);
  side.stop();
}

}  // namespace squall::benchmarks
