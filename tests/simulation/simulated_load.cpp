#include "tests/simulation/simulated_load.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "agents/load/in_flight_limit.hpp"

namespace squall::tests {

using namespace actors;

std::string SimulatedLoad::prepare(std::shared_ptr<const scenarios::Scenario> scenario,
                                   const scenarios::AgentShare& share) {
  scenario_ = std::move(scenario);
  if (agents::in_flight_limit(scenario_->load, share).most == 0u)
    return "max_in_flight is below the number of agents";
  prompts_ = std::make_shared<const agents::PromptSource>(*scenario_, "");
  service_ = std::make_unique<agents::SimulatedService>(scenario_->target, share);
  return {};
}

void SimulatedLoad::begin(std::shared_ptr<const scenarios::LoadPlan> plan, Instant start) {
  start_ = start;
  recorder_.emplace(start, scenario_->categories.size());
  service_->begin(start);
  pool_ = std::make_unique<agents::UserPool>(
      scenario_, std::move(plan), start,
      [prompts = prompts_](const scenarios::RequestPlan& each) { return prompts->prompt(each); });
  if (auto first = pool_->first_wakes()) add_stream(std::move(first));
  arm();
}

void SimulatedLoad::add_share(std::shared_ptr<const scenarios::LoadPlan> plan) {
  if (!pool_) return;
  if (auto wakes = pool_->add_share(std::move(plan), process_->now(), orders_))
    add_stream(std::move(wakes));
  carry_out();
}

void SimulatedLoad::lease_until(Instant until) {
  if (!pool_) return;
  const Instant now = process_->now();
  pool_->on_resume({.at = now, .until = until}, now, orders_);
  carry_out();
}

void SimulatedLoad::pause() {
  if (!pool_) return;
  pool_->on_pause(process_->now(), orders_);
  carry_out();
}

void SimulatedLoad::stop() {
  const Instant now = process_->now();
  if (!pool_) return;
  pool_->on_stop(now, orders_);
  carry_out();
  while (const auto due = take_wake_before(now)) wake(*due);
  ordered_ = {};
  streams_.clear();
}

MetricsSnapshot SimulatedLoad::take_snapshot(Instant until) {
  assert(recorder_);
  return recorder_->take_snapshot(until);
}

// ---- the pacer

void SimulatedLoad::add_stream(std::unique_ptr<scenarios::ArrivalStream> wakes) {
  Stream stream{std::move(wakes), {}};
  if (pull(stream)) streams_.push_back(std::move(stream));
}

bool SimulatedLoad::pull(Stream& stream) const {
  const auto next = stream.wakes->next();
  if (next) stream.next = DueWake{next->arrival, start_ + next->at};
  return next.has_value();
}

std::vector<SimulatedLoad::Stream>::iterator SimulatedLoad::earliest_stream() {
  return std::min_element(streams_.begin(), streams_.end(),
                          [](const Stream& a, const Stream& b) { return Later{}(b.next, a.next); });
}

std::optional<Instant> SimulatedLoad::next_wake() {
  std::optional<Instant> next;
  if (const auto stream = earliest_stream(); stream != streams_.end()) next = stream->next.intended;
  if (!ordered_.empty() && (!next || ordered_.top().intended < *next))
    next = ordered_.top().intended;
  return next;
}

std::optional<DueWake> SimulatedLoad::take_wake_before(Instant end) {
  const auto next = next_wake();
  if (!next || *next >= end) return std::nullopt;
  const auto stream = earliest_stream();
  DueWake due;
  if (stream != streams_.end() && stream->next.intended == *next) {
    due = stream->next;
    if (!pull(*stream)) streams_.erase(stream);
  } else {
    due = ordered_.top();
    ordered_.pop();
  }
  return due;
}

void SimulatedLoad::arm() {
  const auto next = next_wake();
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = *next;
  process_->post_at(SimulatedProcess::wakes, *next, [this] {
    armed_.reset();
    deliver_due();
    arm();
  });
}

void SimulatedLoad::deliver_due() {
  const Instant end = process_->now() + nanoseconds{1};
  while (const auto due = take_wake_before(end)) {
    if (!std::exchange(woke_, true)) events_.first_start(process_->now() - due->intended);
    wake(*due);
  }
}

// ---- users and target

void SimulatedLoad::wake(const DueWake& due) {
  pool_->on_wake(due, process_->now(), orders_);
  carry_out();
}

void SimulatedLoad::carry_out() {
  for (const CountedStart& start : orders_.counted) recorder_->on_counted(start);
  for (const WakeAt& order : orders_.wakes) ordered_.push({order.item, order.instant});
  auto submitted = std::exchange(orders_.submit, {});
  orders_.clear();
  for (LoadRequest& request : submitted) submit(std::move(request));
  arm();
}

void SimulatedLoad::submit(LoadRequest&& request) {
  ++submitted_;
  events_.submitted(request);
  RequestTimeline planned = service_->plan(request, process_->now());
  const Instant ended = planned.ended;
  const std::uint64_t id = request.id;
  [[maybe_unused]] const bool fresh = open_.emplace(id, std::move(planned)).second;
  assert(fresh && "ids of requests are unique within an agent");
  process_->post_at(SimulatedProcess::answers, ended, [this, id] { answer_due(id); });
}

void SimulatedLoad::answer_due(std::uint64_t request) {
  auto done = open_.extract(request);
  if (done.empty()) return;  // abandoned meanwhile
  recorder_->on_tokens(done.mapped().content.size());
  end(std::move(done.mapped()));
}

void SimulatedLoad::end(RequestTimeline&& timeline) {
  recorder_->on_ended(timeline);
  pool_->on_ended(timeline, process_->now(), orders_);
  carry_out();
}

void SimulatedLoad::abandon_open(const RequestOutcome& outcome) {
  const Instant now = process_->now();
  auto open = std::exchange(open_, {});
  service_->free_servers();
  for (auto& [id, timeline] : open) {
    std::erase_if(timeline.content, [now](Instant at) { return at > now; });
    timeline.output_tokens = static_cast<std::uint32_t>(timeline.content.size());
    if (timeline.content.empty()) timeline.first_chunk = timeline.first_output = Instant{};
    timeline.answer.clear();
    timeline.ended = now;
    timeline.outcome = outcome;
    end(std::move(timeline));
  }
}

}  // namespace squall::tests
