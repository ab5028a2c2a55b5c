#include "coordinator/report/run_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "coordinator/report/load_in_words.hpp"
#include "coordinator/report/run_warnings.hpp"
#include "coordinator/run/audit/latency_sample.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/target_kind.hpp"

namespace squall::coordinator {

using actors::Phase;
using scenarios::Metric;

namespace {

DurationRow duration_row(const RunRecord& record, Phase phase, Metric metric) {
  auto sample =
      latency_sample(record.timeline.total(phase), metric, record.scenario, cut_short(record));
  if (record.exact) sample.exact = record.exact->all_of(phase, metric, *sample.completed);
  DurationRow row;
  row.exact = sample.exact != nullptr;
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

ThroughputReport throughput_report(const MeasuredWindow& window) {
  ThroughputReport report;
  report.window = window.length;
  if (window.length <= nanoseconds{0}) return report;
  report.tokens_per_second = window.tokens_per_second();
  report.requests_per_second = window.requests_per_second();
  report.mean_in_flight = window.mean_in_flight();
  return report;
}

AgentReport agent_report(const RunRecord& record, std::size_t index,
                         const RequestAccount& account) {
  AgentReport report;
  report.record = record.agents[index];
  report.account = account;
  for (const Phase phase : {Phase::warm_up, Phase::measure})
    report.kept[static_cast<std::size_t>(phase)] = record.timeline.of_agent(index, phase).ledger;
  report.window = record.timeline.window_of(index);
  return report;
}

std::vector<actors::PercentileEstimate> category_estimates(const actors::Histogram& histogram) {
  std::vector<actors::PercentileEstimate> estimates;
  if (histogram.count() == 0) return estimates;
  for (const double percentile : category_percentiles)
    estimates.push_back(actors::estimate_percentile({&histogram, 0, nanoseconds{0}}, percentile));
  return estimates;
}

std::vector<CategoryRow> category_rows(const RunRecord& record,
                                       const actors::PhaseMetrics& metrics) {
  std::vector<CategoryRow> rows;
  for (std::size_t i = 0; i < metrics.categories.size(); ++i) {
    const actors::CategoryMetrics& category = metrics.categories[i];
    CategoryRow row{"", category.ok, category.failed, category.output_tokens, {}, {}};
    if (i < record.scenario.categories.size()) row.name = record.scenario.categories[i].name;
    row.ttft = category_estimates(category.ttft);
    row.e2e = category_estimates(category.e2e);
    rows.push_back(std::move(row));
  }
  return rows;
}

PhaseReport phase_report(const RunRecord& record, Phase phase) {
  const actors::PhaseMetrics& metrics = record.timeline.total(phase);
  PhaseReport report;
  report.ledger = metrics.ledger;
  report.errors = metrics.errors;
  report.prompt_tokens = metrics.prompt_tokens;
  report.output_tokens = metrics.output_tokens;
  report.late = metrics.late;
  report.attempts = metrics.attempts;
  report.retried = metrics.retried;
  report.cached = metrics.cached;
  report.tokens_disputed = metrics.tokens_disputed;
  if (!record.scenario.service_levels.empty()) report.good = metrics.good;
  report.accuracy_asked = metrics.accuracy_asked;
  report.accuracy_agreed = metrics.accuracy_agreed;
  if (metrics.accuracy_asked > 0)
    report.accuracy = actors::estimate_share(metrics.accuracy_agreed, metrics.accuracy_asked);
  report.categories = category_rows(record, metrics);
  for (const auto& description : scenarios::metric_table) {
    if (description.kind != scenarios::MetricKind::duration) continue;
    DurationRow row = duration_row(record, phase, description.metric);
    // Metrics that nothing completed with, such as queue where no engine stamps it, say nothing.
    const bool headline = description.metric == Metric::ttft || description.metric == Metric::e2e;
    if (row.mean || (headline && row.samples > 0)) report.durations.push_back(std::move(row));
  }
  return report;
}

std::vector<EventRow> event_rows(const RunRecord& record) {
  std::vector<EventRow> rows;
  for (const TimelineEvent& event : record.timeline.events())
    rows.push_back({event.at,
                    event.agent < record.agents.size() ? record.agents[event.agent].hello.name : "",
                    event.what});
  return rows;
}

std::optional<Silence> longest_silence(const std::vector<TimelinePoint>& points) {
  std::optional<Silence> longest, current;
  double open = 0, seconds = 0;
  for (const TimelinePoint& point : points) {
    if (point.tokens > 0 || point.answers > 0 || point.in_flight <= 0) {
      current.reset();
      open = seconds = 0;
      continue;
    }
    const nanoseconds end = point.at + std::chrono::seconds(1);
    open += point.in_flight;
    ++seconds;
    current = Silence{current ? current->from : point.at, end, open / seconds};
    if (!longest || current->to - current->from > longest->to - longest->from) longest = current;
  }
  return longest;
}

/// What the agents' targets said of themselves; the first that did speaks for all.
void describe_target(const RunRecord& record, RunIdentity& identity) {
  identity.target_kind = name_of(record.scenario.target.kind);
  for (const AgentRecord& agent : record.agents) {
    if (!agent.ready) continue;
    if (identity.model.empty()) identity.model = agent.ready->model_name;  // what the server has
    identity.target_origin = agent.ready->target_origin;
    identity.token_counts = agent.ready->token_counts;
    return;
  }
}

std::vector<const AgentRecord*> pointers_to(const std::vector<AgentRecord>& agents) {
  std::vector<const AgentRecord*> pointers;
  for (const AgentRecord& agent : agents) pointers.push_back(&agent);
  return pointers;
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
  identity.simulated = is_simulated(record.scenario, pointers_to(record.agents));
  describe_target(record, identity);
  identity.phases = record.scenario.phases;
  return identity;
}

std::vector<std::string> banners(const RunRecord& record) {
  std::vector<std::string> result;
  if (is_simulated(record.scenario, pointers_to(record.agents)))
    result.emplace_back("SIMULATED TARGET: service times come from a law, nothing was inferred");
  const bool synthetic = std::any_of(
      record.agents.begin(), record.agents.end(),
      [](const AgentRecord& agent) { return agent.ready && agent.ready->model_is_synthetic; });
  if (synthetic)
    result.emplace_back("SYNTHETIC MODEL: random weights, speeds are real, answers are noise");
  if (record.insecure) result.emplace_back(insecure_banner);
  if (record.interrupted) result.emplace_back("INTERRUPTED: partial figures");
  if (record.broken) result.push_back("BROKEN OFF: " + *record.broken + "; partial figures");
  return result;
}

}  // namespace

RunReport make_run_report(const RunRecord& record) {
  RunReport report;
  report.identity = identity_of(record);
  report.banners = banners(record);
  report.warnings = run_warnings(pointers_to(record.agents));
  report.audit = audit(record);
  report.thresholds = judge_thresholds(record);
  report.threshold_notes = record.threshold_notes;
  report.threshold_changes = record.threshold_changes;
  report.verdict = judge(record, report.audit, report.thresholds);
  report.measured = phase_report(record, Phase::measure);
  report.warm_up = phase_report(record, Phase::warm_up);
  report.throughput = throughput_report(record.timeline.measured());
  const std::vector<RequestAccount> accounts = accounts_of(record);
  report.total = sum_of(accounts);
  for (std::size_t index = 0; index < record.agents.size(); ++index)
    report.agents.push_back(agent_report(record, index, accounts[index]));
  report.campaign = make_campaign_report(record, accounts);
  report.resources = make_resource_report(record);
  report.hardware = make_hardware_report(record.agents);
  report.timeline = record.timeline.points();
  report.events = event_rows(record);
  report.events_left_out = record.timeline.events_left_out();
  report.silence = longest_silence(report.timeline);
  return report;
}

bool is_simulated(const scenarios::Scenario& scenario,
                  const std::vector<const AgentRecord*>& agents) {
  return scenario.target.kind == scenarios::TargetKind::simulated ||
         std::ranges::any_of(agents, [](const AgentRecord* agent) {
           return agent->ready && agent->ready->target_is_simulated;
         });
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
