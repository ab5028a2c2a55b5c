#include "coordinator/report/run_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <variant>

#include "coordinator/report/run_warnings.hpp"
#include "coordinator/run/latency_sample.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Phase;
using scenarios::Metric;

namespace {

DurationRow duration_row(const actors::PhaseMetrics& metrics, Metric metric,
                         const RunRecord& record) {
  const auto sample = latency_sample(metrics, metric, record.scenario, cut_short(record));
  DurationRow row;
  row.metric = metric;
  row.samples = sample.count();
  row.unanswered = sample.censored;
  row.histogram = sample.completed->parts();
  if (row.samples == 0) return row;
  for (const double percentile : reported_percentiles)
    row.percentiles.push_back(actors::estimate_percentile(sample, percentile));
  if (sample.completed->count() > 0) {
    row.mean = sample.completed->mean();
    row.minimum = sample.completed->minimum();
    row.maximum = sample.completed->maximum();
  }
  return row;
}

PhaseReport phase_report(const RunRecord& record, Phase phase) {
  const actors::PhaseMetrics& metrics = record.timeline.total(phase);
  PhaseReport report;
  report.ledger = metrics.ledger;
  report.errors = metrics.errors;
  report.prompt_tokens = metrics.prompt_tokens;
  report.output_tokens = metrics.output_tokens;
  for (const auto& description : scenarios::metric_table) {
    if (description.kind != scenarios::MetricKind::duration) continue;
    DurationRow row = duration_row(metrics, description.metric, record);
    // Metrics that nothing completed with, such as queue where no engine stamps it, say nothing.
    const bool headline = description.metric == Metric::ttft || description.metric == Metric::e2e;
    if (row.mean || (headline && row.samples > 0)) report.durations.push_back(std::move(row));
  }
  return report;
}

ThroughputReport throughput_report(const MeasuredWindow& window) {
  ThroughputReport report;
  report.window = window.length;
  if (window.length <= nanoseconds{0}) return report;
  report.tokens_per_second = window.tokens_per_second();
  report.requests_per_second = window.requests_per_second();
  report.mean_in_flight = window.mean_in_flight();
  return report;
}

AgentReport agent_report(const RunRecord& record, std::size_t index) {
  AgentReport report;
  report.record = record.agents[index];
  report.account = account_of(record, index);
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    report.kept[static_cast<std::size_t>(phase)] = record.timeline.of_agent(index, phase).ledger;
  report.window = record.timeline.window_of(index);
  return report;
}

std::string load_in_words(const scenarios::Load& load) {
  if (const auto* users = std::get_if<scenarios::ClosedUsers>(&load))
    return plural(users->count, "user");
  const auto& arrivals = std::get<scenarios::OpenArrivals>(load);
  const bool poisson = arrivals.process == scenarios::OpenArrivals::Process::poisson;
  return readable_rate(arrivals.rate) +
         (poisson ? " arrivals/s (poisson)" : " arrivals/s (constant)");
}

RunIdentity identity_of(const RunRecord& record) {
  RunIdentity identity;
  identity.id = record.id;
  identity.tool_version = record.tool_version;
  identity.started_at = record.started_at;
  identity.scenario = record.scenario.name;
  identity.description = record.scenario.description;
  identity.scenario_file = record.scenario_file;
  identity.scenario_hash = record.scenario_hash;
  identity.seed = record.scenario.seed;
  identity.model = record.scenario.target.model;
  identity.load = load_in_words(record.scenario.load);
  identity.phases = record.scenario.phases;
  return identity;
}

std::vector<std::string> banners(const RunRecord& record) {
  std::vector<std::string> result;
  const bool synthetic = std::any_of(
      record.agents.begin(), record.agents.end(),
      [](const AgentRecord& agent) { return agent.ready && agent.ready->model_is_synthetic; });
  if (synthetic)
    result.emplace_back("SYNTHETIC MODEL: random weights, speeds are real, answers are noise");
  if (record.interrupted) result.emplace_back("INTERRUPTED: partial figures");
  if (record.broken) result.push_back("BROKEN OFF: " + *record.broken + "; partial figures");
  return result;
}

}  // namespace

RunReport make_run_report(const RunRecord& record) {
  RunReport report;
  report.identity = identity_of(record);
  report.banners = banners(record);
  std::vector<const AgentRecord*> agents;
  for (const AgentRecord& agent : record.agents) agents.push_back(&agent);
  report.warnings = run_warnings(agents);
  report.audit = audit(record);
  report.thresholds = judge_thresholds(record);
  report.verdict = judge(record, report.audit, report.thresholds);
  report.measured = phase_report(record, Phase::measure);
  report.warm_up = phase_report(record, Phase::warm_up);
  report.throughput = throughput_report(record.timeline.measured());
  for (std::size_t index = 0; index < record.agents.size(); ++index) {
    report.agents.push_back(agent_report(record, index));
    report.total += report.agents.back().account;
  }
  report.timeline = record.timeline.points();
  return report;
}

std::string percentile_name(double percentile) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "p%.10g", percentile);
  return text.data();
}

std::string insufficiency(const actors::PercentileEstimate& estimate) {
  if (estimate.enough) return {};
  return percentile_name(estimate.percentile) +
         ": insufficient (n = " + readable_count(estimate.samples) + ", needs " +
         readable_count(estimate.samples_needed) + ")";
}

}  // namespace squall::coordinator
