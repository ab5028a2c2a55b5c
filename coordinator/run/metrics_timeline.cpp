#include "coordinator/run/metrics_timeline.hpp"

#include <algorithm>
#include <cassert>

namespace squall::coordinator {

using namespace std::chrono_literals;
using actors::MetricsSnapshot;
using actors::Phase;
using actors::PhaseMetrics;
using scenarios::Metric;

namespace {

double per_second(double amount, nanoseconds length) {
  return length > 0ns ? amount / in_seconds(length) : 0;
}

LatencyQuantiles quantiles(const actors::Histogram& histogram) {
  LatencyQuantiles result;
  result.count = histogram.count();
  if (result.count == 0) return result;
  result.p50 = histogram.value_at_percentile(50);
  result.p95 = histogram.value_at_percentile(95);
  result.p99 = histogram.value_at_percentile(99);
  return result;
}

}  // namespace

double MeasuredWindow::tokens_per_second() const {
  return per_second(static_cast<double>(output_tokens), length);
}

double MeasuredWindow::requests_per_second() const {
  return per_second(static_cast<double>(answers), length);
}

double MeasuredWindow::mean_in_flight() const {
  return per_second(in_seconds(in_flight_time), length);
}

double AgentWindow::generator_cores() const {
  return per_second(in_seconds(process_cpu - engine_cpu), length);
}

std::optional<nanoseconds> AgentWindow::cpu_per_start() const {
  if (starts == 0) return std::nullopt;
  return (process_cpu - engine_cpu) / static_cast<std::int64_t>(starts);
}

double chunks_a_token(const PhaseMetrics& metrics) {
  const auto count = [&](Metric metric) {
    return metrics.durations[static_cast<std::size_t>(metric)].count();
  };
  const std::uint64_t chunks = count(Metric::ttft) + count(Metric::icl);
  if (metrics.output_tokens == 0 || chunks >= metrics.output_tokens) return 1;
  return static_cast<double>(chunks) / static_cast<double>(metrics.output_tokens);
}

namespace {

std::uint64_t starts_in(const MetricsSnapshot& snapshot) {
  std::uint64_t starts = 0;
  for (const PhaseMetrics& phase : snapshot.phases) starts += phase.ledger.issued;
  return starts;
}

AgentGauges gauges_of(const MetricsSnapshot& snapshot) {
  AgentGauges gauges;
  gauges.from = snapshot.from;
  gauges.to = snapshot.to;
  gauges.in_flight = snapshot.in_flight;
  gauges.active_users = snapshot.active_users;
  gauges.loop_lag = snapshot.loop_lag;
  gauges.resident_bytes = snapshot.resident_bytes;
  gauges.paused = snapshot.paused;
  gauges.starts = starts_in(snapshot);
  gauges.answers = snapshot.answers_in_interval;
  for (const PhaseMetrics& phase : snapshot.phases)
    gauges.failures += phase.ledger.error + phase.ledger.timeout;
  gauges.tokens = snapshot.tokens_in_interval;
  gauges.process_cpu = snapshot.process_cpu;
  return gauges;
}

}  // namespace

MetricsTimeline::MetricsTimeline(const scenarios::Phases& phases, std::size_t agents)
    : phases_(phases),
      measure_end_(phases.warm_up + phases.measure),
      agents_(agents),
      windows_(agents),
      paused_(agents),
      newest_seconds_(agents),
      resources_(agents),
      latest_(agents),
      reported_(agents) {
  if (agents > 0) waited_for_.emplace(0, agents);
}

void MetricsTimeline::add(std::size_t agent, const MetricsSnapshot& snapshot) {
  assert(agent < agents_.size());
  for (std::size_t phase = 0; phase < actors::phase_count; ++phase) {
    totals_[phase].merge(snapshot.phases[phase]);
    agents_[agent][phase].merge_without_buckets(snapshot.phases[phase]);
  }
  latest_[agent] = gauges_of(snapshot);
  paused_[agent] += snapshot.paused;
  if (in_measured_window(snapshot.from, snapshot.to)) add_to_window(agent, snapshot);
  for (const actors::ResourceSample& sample : snapshot.resources)
    resources_.add(agent, sample, in_measured_window(sample.from, sample.to));
  add_to_second(agent, snapshot);
  add_events(agent, snapshot);
  reached(agent, snapshot.to);
  close_complete_seconds();
}

void MetricsTimeline::wait_no_more_for(std::size_t agent) {
  reached(agent, nanoseconds::max());
  close_complete_seconds();
}

void MetricsTimeline::reached(std::size_t agent, nanoseconds to) {
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(to).count();
  std::int64_t& before = reported_[agent];
  if (seconds <= before) return;
  const auto group = waited_for_.find(before);
  if (--group->second == 0) waited_for_.erase(group);
  ++waited_for_[seconds];
  before = seconds;
}

void MetricsTimeline::end_measuring_at(nanoseconds offset) {
  measure_end_ = std::min(measure_end_, offset);
}

const PhaseMetrics& MetricsTimeline::total(Phase phase) const {
  return totals_[static_cast<std::size_t>(phase)];
}

const PhaseMetrics& MetricsTimeline::of_agent(std::size_t agent, Phase phase) const {
  return agents_.at(agent)[static_cast<std::size_t>(phase)];
}

bool MetricsTimeline::in_measured_window(nanoseconds from, nanoseconds to) const {
  const nanoseconds middle = from + (to - from) / 2;
  return middle >= phases_.warm_up && middle < measure_end_;
}

void MetricsTimeline::add_to_window(std::size_t agent, const MetricsSnapshot& snapshot) {
  const nanoseconds length = snapshot.to - snapshot.from;
  measured_.output_tokens += snapshot.tokens_in_interval;
  measured_.answers += snapshot.answers_in_interval;
  measured_.in_flight_time += snapshot.in_flight_time;

  AgentWindow& window = windows_[agent];
  window.length += length;
  // Not the mean of all: what an agent did that was lost on the way was done in the same window.
  measured_.length = std::max(measured_.length, window.length);
  window.process_cpu += snapshot.process_cpu;
  window.engine_cpu += snapshot.engine_cpu;
  window.worst_loop_lag = std::max(window.worst_loop_lag, snapshot.loop_lag);
  window.peak_resident_bytes = std::max(window.peak_resident_bytes, snapshot.resident_bytes);

  const std::uint64_t starts = starts_in(snapshot);
  window.starts += starts;
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(snapshot.from).count();
  NewestSecond& newest = newest_seconds_[agent];
  if (newest.second != second) newest = {second, 0, 0};
  newest.starts += starts;
  newest.tokens += snapshot.tokens_in_interval;
  window.peak_starts = std::max(window.peak_starts, newest.starts);
  window.peak_tokens = std::max(window.peak_tokens, newest.tokens);
}

void MetricsTimeline::add_events(std::size_t agent, const MetricsSnapshot& snapshot) {
  for (const actors::RunEvent& event : snapshot.events) {
    if (events_.size() < events_limit)
      events_.push_back({event.at, agent, event.what});
    else
      ++events_left_out_;
  }
}

std::vector<TimelineEvent> MetricsTimeline::events() const {
  std::vector<TimelineEvent> sorted = events_;
  std::ranges::stable_sort(sorted, {}, &TimelineEvent::at);
  return sorted;
}

// ---- second by second

void MetricsTimeline::add_numbers(TimelinePoint& point, const MetricsSnapshot& snapshot) {
  point.starts += starts_in(snapshot);
  point.tokens += snapshot.tokens_in_interval;
  point.answers += snapshot.answers_in_interval;
  for (const PhaseMetrics& phase : snapshot.phases)
    point.errors += phase.ledger.error + phase.ledger.timeout;
  point.loop_lag = std::max(point.loop_lag, snapshot.loop_lag);
  point.process_cpu += snapshot.process_cpu;
  point.engine_cpu += snapshot.engine_cpu;
}

void MetricsTimeline::add_to_second(std::size_t agent, const MetricsSnapshot& snapshot) {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(snapshot.from).count();
  if (const auto late = closed_.find(second); late != closed_.end()) {
    // Its histograms are gone: what comes this late still counts, only the quantiles stay.
    add_numbers(late->second, snapshot);
    return;
  }
  OpenSecond& open = open_[second];
  if (open.covered.empty()) open.covered.resize(agents_.size());
  open.point.at = std::chrono::seconds(second);
  add_numbers(open.point, snapshot);

  // An agent may report twice on one second: its snapshots are cut at the phases' boundaries.
  nanoseconds& covered = open.covered[agent];
  const bool first = covered == 0ns;
  covered += snapshot.to - snapshot.from;
  if (first && covered > 0ns) ++open.point.agents;
  // Integrals over the second while it is open; summarize() divides by what was covered.
  open.point.in_flight += in_seconds(snapshot.in_flight_time);
  if (first) open.point.active_users += snapshot.active_users;
  for (const PhaseMetrics& phase : snapshot.phases) {
    open.ttft.merge(phase.durations[static_cast<std::size_t>(Metric::ttft)]);
    open.tpot.merge(phase.durations[static_cast<std::size_t>(Metric::tpot)]);
    open.e2e.merge(phase.durations[static_cast<std::size_t>(Metric::e2e)]);
  }
}

TimelinePoint MetricsTimeline::summarize(const OpenSecond& second) {
  TimelinePoint point = second.point;
  nanoseconds covered{0};
  for (const nanoseconds each : second.covered) covered += each;
  const nanoseconds mean = point.agents > 0 ? covered / point.agents : 0ns;
  point.tokens_per_second = per_second(static_cast<double>(point.tokens), mean);
  point.answers_per_second = per_second(static_cast<double>(point.answers), mean);
  point.in_flight = per_second(point.in_flight, mean);
  point.ttft = quantiles(second.ttft);
  point.tpot = quantiles(second.tpot);
  point.e2e = quantiles(second.e2e);
  return point;
}

LatencyCourse::Stretch MetricsTimeline::distributions(const OpenSecond& second) {
  return {CoarseHistogram(second.ttft), CoarseHistogram(second.tpot), CoarseHistogram(second.e2e)};
}

void MetricsTimeline::close_complete_seconds() {
  const std::int64_t reported = waited_for_.begin()->first;  // in full, by all
  while (!open_.empty()) {
    const auto oldest = open_.begin();
    const bool complete = reported > oldest->first;
    if (!complete && open_.size() <= open_seconds_limit) return;
    closed_.emplace(oldest->first, summarize(oldest->second));
    latencies_.add(oldest->first, distributions(oldest->second));
    open_.erase(oldest);
  }
}

std::vector<TimelinePoint> MetricsTimeline::points() const {
  std::map<std::int64_t, TimelinePoint> all = closed_;
  for (const auto& [second, open] : open_) all.emplace(second, summarize(open));
  std::vector<TimelinePoint> points;
  points.reserve(all.size());
  for (const auto& [second, point] : all) points.push_back(point);
  return points;
}

LatencyCourse MetricsTimeline::latency_course() const {
  LatencyCourse course = latencies_;
  for (const auto& [second, open] : open_) course.add(second, distributions(open));
  return course;
}

std::optional<TimelinePoint> MetricsTimeline::newest_complete_point() const {
  if (closed_.empty()) return std::nullopt;
  return closed_.rbegin()->second;
}

std::vector<TimelinePoint> MetricsTimeline::newest_complete_points(std::size_t most) const {
  std::vector<TimelinePoint> points;
  auto each = closed_.end();
  for (std::size_t left = std::min(most, closed_.size()); left > 0; --left) --each;
  for (; each != closed_.end(); ++each) points.push_back(each->second);
  return points;
}

}  // namespace squall::coordinator
