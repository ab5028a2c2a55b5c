#include "coordinator/fleet/fleet_simulation.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <queue>

#include "coordinator/fleet/fleet_course.hpp"
#include "coordinator/fleet/fleet_load.hpp"
#include "coordinator/fleet/request_router.hpp"
#include "coordinator/fleet/simulated_engine.hpp"
#include "coordinator/run/metrics_timeline.hpp"

namespace squall::coordinator {

namespace {

nanoseconds to_nanoseconds(double seconds) {
  return nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

struct Machine {
  SimulatedEngine engine;
  std::size_t kind;
  std::uint32_t version = 0;  // of its event in the queue: others are outdated
  // In the measured window; times in seconds.
  double busy = 0, batch_time = 0, waiting_time = 0;
  std::uint64_t most_waiting = 0, peak_pages = 0;
};

struct OpenRequest {
  FleetRequest request;
  std::uint32_t machine = 0;
  double submitted = 0;
};

/// A machine's step ends, or begins.
struct Due {
  double at;
  std::uint32_t machine;
  std::uint32_t version;
  bool operator>(const Due& other) const {
    return at != other.at ? at > other.at : machine > other.machine;
  }
};

class FleetRun {
 public:
  FleetRun(const scenarios::Scenario& scenario, const FleetOptions& options,
           std::shared_ptr<const scenarios::Trace> trace, std::uint32_t machines)
      : options_(options),
        load_(scenario, std::move(trace), options.assumed_prompt_tokens),
        router_(options.routing, machines, options.seed),
        warm_up_(in_seconds(scenario.phases.warm_up)),
        stop_(load_.stop()),
        end_(stop_ + in_seconds(scenario.phases.drain)),
        course_(end_, machines),
        timeout_(scenario.target.timeout),
        drain_(scenario.phases.drain) {
    machines_.reserve(machines);
    for (std::size_t kind = 0; kind < options.machines.size(); ++kind)
      for (std::uint32_t i = 0; i < options.machines[kind].count; ++i)
        machines_.push_back({SimulatedEngine(options.machines[kind].law), kind});
  }

  FleetResult run();

 private:
  void ask();
  void step();
  void schedule(std::uint32_t machine);
  void end_request(const EngineEnd& end);
  void count_latency(const OpenRequest& open, const EngineEnd& end);
  void count_stretch(Machine& machine, const EngineStretch& stretch, double until);
  void count_waiting(const OpenRequest& open, double until);
  void close();
  void sum_up();
  bool in_window(double at) const { return at >= warm_up_ && at < stop_; }
  bool is_measured(const OpenRequest& open) const { return open.request.scheduled >= warm_up_; }
  template <class Count>
  void count(const OpenRequest& open, Count FleetLedger::*field) {
    ++(result_.whole.*field);
    if (is_measured(open)) ++(result_.measured.*field);
  }

  const FleetOptions& options_;
  FleetLoad load_;
  RequestRouter router_;
  double warm_up_, stop_, end_;
  FleetCourse course_;
  nanoseconds timeout_, drain_;
  std::vector<Machine> machines_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<OpenRequest> open_;  // by the number that the machine knows
  std::vector<std::uint64_t> free_slots_;
  std::vector<char> is_open_;
  std::vector<EngineEnd> ended_;
  std::uint64_t answers_in_window_ = 0;
  double in_flight_time_ = 0;  // in the window
  FleetResult result_;
};

FleetResult FleetRun::run() {
  while (true) {
    while (!due_.empty() && due_.top().version != machines_[due_.top().machine].version) due_.pop();
    const double asks = load_.next();
    const double steps = due_.empty() ? never : due_.top().at;
    if (std::min(asks, steps) > end_ || std::min(asks, steps) == never) break;
    ++result_.events;
    // Who comes as a step ends is in the next one.
    if (asks <= steps) {
      ask();
    } else {
      step();
    }
  }
  close();
  sum_up();
  return std::move(result_);
}

void FleetRun::ask() {
  const double now = load_.next();
  const auto request = load_.take();
  if (!request) return;
  std::uint64_t slot = open_.size();
  if (free_slots_.empty()) {
    open_.emplace_back();
    is_open_.push_back(0);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const std::uint32_t number = router_.send(request->who);
  open_[slot] = {*request, number, now};
  is_open_[slot] = 1;
  count(open_[slot], &FleetLedger::issued);
  course_.started(now);
  Machine& machine = machines_[number];
  EngineJob job = request->job;
  job.id = slot;
  ended_.clear();
  machine.engine.submit(job, now, ended_);
  // An idle machine takes it at once.
  if (in_window(now) && machine.engine.under_way() != nullptr)
    machine.most_waiting = std::max<std::uint64_t>(machine.most_waiting, machine.engine.waiting());
  schedule(number);
  for (const EngineEnd& end : ended_) end_request(end);
}

void FleetRun::schedule(std::uint32_t machine) {
  const double next = machines_[machine].engine.next();
  const std::uint32_t version = ++machines_[machine].version;
  if (next < never) due_.push({next, machine, version});
}

void FleetRun::step() {
  const std::uint32_t number = due_.top().machine;
  due_.pop();
  Machine& machine = machines_[number];
  ended_.clear();
  if (const EngineStretch* stretch = machine.engine.advance(ended_))
    count_stretch(machine, *stretch, stretch->end);
  machine.peak_pages = std::max(machine.peak_pages, machine.engine.pages_in_use());
  schedule(number);
  for (const EngineEnd& end : ended_) end_request(end);
}

void FleetRun::end_request(const EngineEnd& end) {
  const OpenRequest& open = open_[end.id];
  const bool completed = end.how == EngineEnd::How::completed;
  if (completed) {
    count(open, &FleetLedger::completed);
    if (in_window(end.at)) ++answers_in_window_;
    course_.answered(end.at);
    count_latency(open, end);
  } else {
    count(open,
          end.how == EngineEnd::How::refused ? &FleetLedger::refused : &FleetLedger::timed_out);
  }
  count_waiting(open, std::min(end.admitted, end.at));
  course_.in_flight(open.submitted, end.at);
  in_flight_time_ += overlap(open.submitted, end.at, warm_up_, stop_);
  router_.on_ended(open.machine);
  load_.on_ended(open.request, completed, end.at);
  is_open_[end.id] = 0;
  free_slots_.push_back(end.id);
}

void FleetRun::count_latency(const OpenRequest& open, const EngineEnd& end) {
  const double scheduled = open.request.scheduled;
  course_.first_token(end.first_token, end.first_token - scheduled);
  if (!is_measured(open)) return;
  result_.ttft.record(to_nanoseconds(end.first_token - scheduled));
  result_.e2e.record(to_nanoseconds(end.at - scheduled));
  result_.queue.record(to_nanoseconds(end.admitted - open.submitted));
  const std::uint32_t tokens = open.request.job.answer_tokens;
  if (tokens > 1) result_.tpot.record(to_nanoseconds((end.at - end.first_token) / (tokens - 1)));
}

void FleetRun::count_waiting(const OpenRequest& open, double until) {
  course_.waiting(open.submitted, until);
  machines_[open.machine].waiting_time += overlap(open.submitted, until, warm_up_, stop_);
}

void FleetRun::count_stretch(Machine& machine, const EngineStretch& stretch, double until) {
  const double inside = overlap(stretch.begin, until, warm_up_, stop_);
  machine.busy += inside;
  machine.batch_time += inside * stretch.in_batch;
  result_.output_tokens += stretch.tokens_before(stop_) - stretch.tokens_before(warm_up_);
  course_.busy(stretch.begin, until);
  const auto tokens =
      until >= stretch.end ? stretch.steps * stretch.work.yields() : stretch.tokens_before(until);
  if (tokens > 0) course_.tokens(stretch.begin, until, static_cast<double>(tokens));
}

/// What is open when the drain is over.
void FleetRun::close() {
  load_.close();
  for (std::size_t slot = 0; slot < open_.size(); ++slot) {
    if (is_open_[slot] == 0) continue;
    count(open_[slot], &FleetLedger::open_at_end);
    course_.in_flight(open_[slot].submitted, end_);
    in_flight_time_ += overlap(open_[slot].submitted, end_, warm_up_, stop_);
  }
  for (Machine& machine : machines_) {
    if (const EngineStretch* stretch = machine.engine.under_way())
      count_stretch(machine, *stretch, std::min(stretch->end, end_));
    machine.engine.visit_open([&](std::uint64_t slot, double admitted) {
      count_waiting(open_[slot], std::min(admitted, end_));
    });
  }
  result_.whole.not_sent = load_.not_sent();
  result_.measured.not_sent = load_.not_sent_in_measure();
}

void FleetRun::sum_up() {
  const double window = stop_ - warm_up_;
  result_.machines = static_cast<std::uint32_t>(machines_.size());
  result_.window = to_nanoseconds(window);
  result_.unanswered_at_least =
      result_.measured.open_at_end > 0 ? std::min(timeout_, drain_) : timeout_;
  result_.tokens_per_second = static_cast<double>(result_.output_tokens) / window;
  result_.requests_per_second = static_cast<double>(answers_in_window_) / window;
  result_.mean_in_flight = in_flight_time_ / window;
  for (const MachineKind& kind : options_.machines)
    result_.kinds.push_back({.name = kind.name, .count = kind.count});
  for (KindResult& kind : result_.kinds) kind.lowest_utilisation = kind.count > 0 ? 1 : 0;
  std::vector<double> busy(result_.kinds.size()), batch(busy), waiting(busy);
  for (const Machine& machine : machines_) {
    KindResult& kind = result_.kinds[machine.kind];
    const double utilisation = machine.busy / window;
    kind.lowest_utilisation = std::min(kind.lowest_utilisation, utilisation);
    kind.highest_utilisation = std::max(kind.highest_utilisation, utilisation);
    kind.most_waiting = std::max(kind.most_waiting, machine.most_waiting);
    if (const std::uint64_t pages = options_.machines[machine.kind].law.limits.pages; pages > 0)
      kind.peak_memory = std::max(
          kind.peak_memory, static_cast<double>(machine.peak_pages) / static_cast<double>(pages));
    busy[machine.kind] += machine.busy;
    batch[machine.kind] += machine.batch_time;
    waiting[machine.kind] += machine.waiting_time;
  }
  for (std::size_t i = 0; i < result_.kinds.size(); ++i) {
    KindResult& kind = result_.kinds[i];
    if (kind.count == 0) continue;
    kind.utilisation = busy[i] / window / kind.count;
    kind.mean_batch = busy[i] > 0 ? batch[i] / busy[i] : 0;
    kind.mean_waiting = waiting[i] / window / kind.count;
  }
  result_.course = course_.moments(stop_);
}

}  // namespace

EngineLaw law_for(const scenarios::Scenario& scenario, EngineLaw law) {
  const scenarios::TargetSettings& target = scenario.target;
  if (target.kind != scenarios::TargetKind::engine) return law;
  law.limits.max_batch = target.max_batch;
  law.limits.first_batch = std::min(EngineLimits{}.first_batch, target.max_batch);
  law.limits.prefill_chunk = target.prefill_chunk;
  law.limits.reuse_prefixes = target.reuse_prefixes;
  if (target.kv_memory > 0 && law.limits.page_bytes > 0)
    law.limits.pages = std::max<std::uint64_t>(1, target.kv_memory / law.limits.page_bytes);
  return law;
}

FleetResult simulate_fleet(const scenarios::Scenario& scenario, const FleetOptions& options,
                           std::shared_ptr<const scenarios::Trace> trace) {
  std::uint64_t machines = 0;
  for (const MachineKind& kind : options.machines) {
    machines += kind.count;
    if (!(kind.law.per_step > 0))
      throw FleetError("the law of " + kind.name +
                       " says that a step takes no time; give it per_step above 0");
  }
  if (machines == 0) throw FleetError("the fleet has no machine; give it at least one");
  if (machines > most_machines)
    throw FleetError("a fleet may have at most " + std::to_string(most_machines) + " machines");
  return FleetRun(scenario, options, std::move(trace), static_cast<std::uint32_t>(machines)).run();
}

}  // namespace squall::coordinator
