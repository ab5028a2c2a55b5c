#include "coordinator/report/json_report.hpp"

#include <cassert>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "coordinator/report/json_campaign.hpp"
#include "coordinator/report/resources/json_resources.hpp"
#include "coordinator/report/timeline/json_timeline.hpp"
#include "scenarios/hardware/hardware_json.hpp"

namespace squall::coordinator {

using actors::Phase;
// Keys keep the order in which they are written here: a person reads these files too.
using json = nlohmann::ordered_json;

namespace {

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

template <class Value, class Write>
json or_null(const std::optional<Value>& value, Write write) {
  return value ? json(write(*value)) : json(nullptr);
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

const char* word(AuditStatus status) {
  switch (status) {
    case AuditStatus::passed:
      return "passed";
    case AuditStatus::warning:
      return "warning";
    case AuditStatus::failed:
      return "failed";
    case AuditStatus::not_applicable:
      return "not_applicable";
    case AuditStatus::not_enough:
      return "not_enough";
  }
  assert(false);
  return "";
}

const char* word(ThresholdStatus status) {
  switch (status) {
    case ThresholdStatus::pass:
      return "pass";
    case ThresholdStatus::fail:
      return "fail";
    case ThresholdStatus::inconclusive:
      return "inconclusive";
  }
  assert(false);
  return "";
}

const char* word(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::fail:
      return "fail";
    case Outcome::inconclusive:
      return "inconclusive";
    case Outcome::invalid:
      return "invalid";
    case Outcome::interrupted:
      return "interrupted";
  }
  assert(false);
  return "";
}

json to_json(const actors::Ledger& ledger) {
  return {{"scheduled", ledger.scheduled},
          {"issued", ledger.issued},
          {"dropped_late", ledger.dropped_late},
          {"cancelled_before_send", ledger.cancelled_before_send},
          {"ok", ledger.ok},
          {"error", ledger.error},
          {"timeout", ledger.timeout},
          {"cancelled", ledger.cancelled},
          {"open_at_end", ledger.open_at_end}};
}

json to_json(const RequestAccount& account) {
  return {{"planned", account.planned},
          {"completed", account.completed},
          {"failed", account.failed},
          {"cancelled", account.cancelled},
          {"lost", account.lost},
          {"timed_out", account.timed_out},
          {"open_at_end", account.open_at_end},
          {"not_sent", account.not_sent},
          {"left_out", account.left_out},
          {"moved_on", account.moved_on},
          {"lost_in_flight", account.lost_in_flight},
          {"never_reported", account.never_reported},
          {"surplus", account.surplus}};
}

json by_phase(const actors::Ledger& warm_up, const actors::Ledger& measure,
              const RequestAccount& account) {
  return {
      {"warm_up", to_json(warm_up)}, {"measure", to_json(measure)}, {"account", to_json(account)}};
}

json to_json(const actors::PercentileEstimate& estimate) {
  json result{{"percentile", estimate.percentile},
              {"samples", estimate.samples},
              {"samples_needed", estimate.samples_needed},
              {"enough", estimate.enough},
              {"value", nullptr},
              {"low", nullptr},
              {"high", nullptr},
              {"at_least", nullptr},
              {"high_at_least", nullptr},
              {"withheld", nullptr}};
  if (!estimate.enough) {
    result["withheld"] = insufficiency(estimate);
    return result;
  }
  result["value"] = seconds(estimate.value);
  result["low"] = seconds(estimate.low);
  result["high"] = seconds(estimate.high);
  result["at_least"] = estimate.at_least;
  result["high_at_least"] = estimate.high_at_least;
  return result;
}

json histogram_json(const DurationRow& row) {
  return {{"layout", "hdr, unit 1 us, 3 significant digits"},
          {"counts", row.histogram.counts},  // [bucket, count]
          {"underflow", row.histogram.underflow},
          {"overflow", row.histogram.overflow},
          {"sum_ns", row.histogram.sum.count()},
          {"minimum_ns", row.histogram.minimum.count()},
          {"maximum_ns", row.histogram.maximum.count()}};
}

json to_json(const DurationRow& row) {
  json percentiles = json::array();
  for (const auto& estimate : row.percentiles) percentiles.push_back(to_json(estimate));
  return {{"samples", row.samples},
          {"unanswered", row.unanswered},
          {"exact", row.exact},
          {"mean", or_null(row.mean, seconds)},
          {"min", or_null(row.minimum, seconds)},
          {"max", or_null(row.maximum, seconds)},
          {"percentiles", std::move(percentiles)},
          {"histogram", histogram_json(row)}};
}

template <class Items>
json list(const Items& items);  // each item by its to_json

json to_json(const CategoryRow& row) {
  const auto list_of = [](const std::vector<actors::PercentileEstimate>& estimates) {
    json percentiles = json::array();
    for (const auto& estimate : estimates) percentiles.push_back(to_json(estimate));
    return percentiles;
  };
  return {{"name", row.name},          {"ok", row.ok},
          {"failed", row.failed},      {"output_tokens", row.output_tokens},
          {"ttft", list_of(row.ttft)}, {"e2e", list_of(row.e2e)}};
}

json accuracy_json(const PhaseReport& phase) {
  const auto& share = phase.accuracy;
  return {{"asked", phase.accuracy_asked},
          {"agreed", phase.accuracy_agreed},
          {"share", share ? number(share->share) : json(nullptr)},
          {"low", share ? number(share->low) : json(nullptr)},
          {"high", share ? number(share->high) : json(nullptr)}};
}

json to_json(const PhaseReport& phase) {
  json durations = json::object();
  for (const auto& description : scenarios::metric_table)
    if (description.kind == scenarios::MetricKind::duration)
      durations[std::string(description.name)] = nullptr;
  for (const DurationRow& row : phase.durations)
    durations[std::string(scenarios::describe(row.metric).name)] = to_json(row);
  json errors = json::object();
  for (const auto& [reason, count] : phase.errors) errors[reason] = count;
  return {{"ledger", to_json(phase.ledger)},
          {"durations", std::move(durations)},
          {"errors", std::move(errors)},
          {"prompt_tokens", phase.prompt_tokens},
          {"output_tokens", phase.output_tokens},
          {"late", phase.late},
          {"attempts", phase.attempts},
          {"retried", phase.retried},
          {"cached", phase.cached},
          {"tokens_disputed", phase.tokens_disputed},
          {"accuracy", accuracy_json(phase)},
          {"good", phase.good ? json(*phase.good) : json(nullptr)},
          {"categories", list(phase.categories)}};
}

json to_json(const ThroughputReport& throughput) {
  return {{"window", seconds(throughput.window)},
          {"tokens_per_second", or_null(throughput.tokens_per_second, number)},
          {"requests_per_second", or_null(throughput.requests_per_second, number)},
          {"mean_in_flight", or_null(throughput.mean_in_flight, number)}};
}

json to_json(const actors::Calibration& calibration) {
  return {{"starts_per_second", number(calibration.starts_per_second)},
          {"chunks_per_second", number(calibration.chunks_per_second)},
          {"pacing_error_p99", seconds(calibration.pacing_error_p99)},
          {"cpu_per_start", seconds(calibration.cpu_per_start)},
          {"cpu_per_chunk", seconds(calibration.cpu_per_chunk)}};
}

json to_json(const AgentReport& agent) {
  const AgentRecord& record = agent.record;
  json result{
      {"name", record.hello.name},
      {"host", record.hello.host},
      {"process_id", record.hello.process_id},
      {"tool_version", record.hello.tool_version},
      {"share",
       {{"index", record.share.index},
        {"count", record.share.count},
        {"width", record.share.width}}},
      {"lost", record.lost ? json(*record.lost) : json(nullptr)},
      {"batches", record.batches},
      {"sealed_batches", record.sealed ? json(record.sealed->batches) : json(nullptr)},
      {"start_error", record.started ? seconds(record.started->start_error) : json(nullptr)}};
  for (const char* key :
       {"plan_fingerprint", "planned_requests", "planned_users", "model", "model_fingerprint",
        "model_is_synthetic", "model_choice", "model_origin", "instruction_set", "engine_threads",
        "load_time", "clock_error_bound", "target_kind", "target_is_simulated", "target_origin",
        "token_counts", "calibration", "hardware", "model_facts"})
    result[key] = nullptr;
  result["warnings"] = json::array();
  if (record.ready) {
    const auto& ready = *record.ready;
    result["plan_fingerprint"] = hexadecimal(ready.plan_fingerprint);
    result["planned_requests"] = ready.planned_requests;
    result["planned_users"] = ready.planned_users;
    result["model"] = ready.model_name;
    result["model_fingerprint"] = ready.model_fingerprint;
    result["model_is_synthetic"] = ready.model_is_synthetic;
    result["model_choice"] = ready.model_choice;
    result["model_origin"] = ready.model_origin;
    result["warnings"] = ready.warnings;
    result["instruction_set"] = ready.instruction_set;
    result["engine_threads"] = ready.engine_threads;
    result["load_time"] = seconds(ready.load_time);
    result["clock_error_bound"] = seconds(ready.clock_error_bound);
    result["target_kind"] = ready.target_kind;
    result["target_is_simulated"] = ready.target_is_simulated;
    result["target_origin"] = ready.target_origin;
    result["token_counts"] = ready.token_counts;
    if (ready.calibration != actors::Calibration{})
      result["calibration"] = to_json(ready.calibration);
    if (ready.hardware) result["hardware"] = scenarios::hardware_json(*ready.hardware);
    if (ready.model_facts) result["model_facts"] = scenarios::model_facts_json(*ready.model_facts);
  }
  const bool measured = agent.window.length > nanoseconds{0};
  result["window"] = {
      {"length", seconds(agent.window.length)},
      {"process_cpu", seconds(agent.window.process_cpu)},
      {"engine_cpu", seconds(agent.window.engine_cpu)},
      {"starts", agent.window.starts},
      {"peak_starts_per_second", agent.window.peak_starts},
      {"peak_tokens_per_second", agent.window.peak_tokens},
      {"cpu_per_start", or_null(agent.window.cpu_per_start(), seconds)},
      {"generator_cores", measured ? number(agent.window.generator_cores()) : json(nullptr)},
      {"worst_loop_lag", measured ? seconds(agent.window.worst_loop_lag) : json(nullptr)},
      {"peak_resident_bytes", measured ? json(agent.window.peak_resident_bytes) : json(nullptr)}};
  return result;
}

json to_json(const EventRow& event) {
  return {{"at", seconds(event.at)}, {"agent", event.agent}, {"what", event.what}};
}

json to_json(const Silence& silence) {
  return {{"from", seconds(silence.from)},
          {"to", seconds(silence.to)},
          {"mean_open", number(silence.mean_open)}};
}

json to_json(const AuditLine& line) {
  return {{"name", line.name},
          {"status", word(line.status)},
          {"measured", line.measured},
          {"limit", line.limit},
          {"explanation", line.explanation}};
}

json to_json(const scenarios::ThresholdStep& step) {
  return {{"rule", step.rule}, {"source", step.source}, {"value", or_null(step.value, number)}};
}

json to_json(const ThresholdChange& change) {
  return {{"at", seconds(change.at)}, {"what", change.what}};
}

json to_json(const ThresholdResult& result) {
  return {{"threshold", result.threshold.text},
          {"metric", scenarios::describe(result.threshold.metric).name},
          {"limit", number(result.threshold.limit)},
          {"status", word(result.status)},
          {"measured", or_null(result.measured, number)},
          {"at_least", result.at_least},
          {"samples", result.samples},
          {"violations", result.violations},
          {"more_needed", result.more_needed},
          {"explanation", result.explanation},
          {"guess", result.guess.empty() ? json(nullptr) : json(result.guess)},
          {"provenance", list(result.steps)}};
}

json aborted_json(const std::optional<RunAborted>& aborted) {
  if (!aborted) return nullptr;
  return {{"threshold", aborted->threshold},
          {"why", aborted->why},
          {"at", seconds(aborted->at)},
          {"from", seconds(aborted->from)},
          {"to", seconds(aborted->to)}};
}

template <class Items>
json list(const Items& items) {
  json result = json::array();
  for (const auto& item : items) result.push_back(to_json(item));
  return result;
}

json run_json(const RunIdentity& run) {
  return {{"id", run.id}, {"tool_version", run.tool_version}, {"started_at", run.started_at}};
}

json scenario_json(const RunReport& report, const RunRecord& record) {
  const RunIdentity& run = report.identity;
  return {{"name", run.scenario},
          {"description", run.description},
          {"file", run.scenario_file},
          {"hash", run.scenario_hash},
          {"seed", run.seed},
          {"model", run.model},
          {"load", run.load},
          {"phases",
           {{"warm_up", seconds(run.phases.warm_up)},
            {"measure", seconds(run.phases.measure)},
            {"drain", seconds(run.phases.drain)}}},
          {"text", record.scenario_text}};
}

json ledger_json(const RunReport& report) {
  json agents = json::array();
  for (const AgentReport& agent : report.agents) {
    json row = by_phase(agent.kept[static_cast<std::size_t>(Phase::warm_up)],
                        agent.kept[static_cast<std::size_t>(Phase::measure)], agent.account);
    row["name"] = agent.record.hello.name;
    agents.push_back(std::move(row));
  }
  return {{"total", by_phase(report.warm_up.ledger, report.measured.ledger, report.total)},
          {"agents", std::move(agents)}};
}

}  // namespace

std::string json_report(const RunReport& report, const RunRecord& record) {
  json out;
  out["schema"] = "squall-run/5";
  out["simulated"] = report.identity.simulated;
  out["run"] = run_json(report.identity);
  out["banners"] = report.banners;
  out["warnings"] = report.warnings;
  out["verdict"] = {{"outcome", word(report.verdict.outcome)},
                    {"exit_code", report.verdict.exit_code},
                    {"sentence", report.verdict.sentence}};
  out["interrupted"] = record.interrupted;
  out["broken"] = record.broken ? json(*record.broken) : json(nullptr);
  out["scenario"] = scenario_json(report, record);
  out["target"] = {{"kind", report.identity.target_kind},
                   {"simulated", report.identity.simulated},
                   {"origin", report.identity.target_origin},
                   {"model", report.identity.model},
                   {"token_counts", report.identity.token_counts}};
  out["thresholds"] = list(report.thresholds);
  out["threshold_notes"] = report.threshold_notes;
  out["threshold_changes"] = list(report.threshold_changes);
  out["aborted"] = aborted_json(record.aborted);
  out["audit"] = list(report.audit);
  out["throughput"] = to_json(report.throughput);
  out["ledger"] = ledger_json(report);
  out["phases"] = {{"warm_up", to_json(report.warm_up)}, {"measure", to_json(report.measured)}};
  out["agents"] = list(report.agents);
  const std::string& machines = report.hardware.fingerprint;
  out["hardware_fingerprint"] = machines.empty() ? json(nullptr) : json(machines);
  out["campaign"] = campaign_json(report.campaign);
  out["resources"] = resources_json(report.resources);
  out["timeline"] = timeline_json(report.timeline, record.scenario);
  out["latency_course"] = latency_course_json(record.timeline.latency_course());
  out["events"] = list(report.events);
  out["events_left_out"] = report.events_left_out;
  out["longest_silence"] = report.silence ? to_json(*report.silence) : json(nullptr);
  // Names and errors come from elsewhere and may not be UTF-8: replaced rather than refused.
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace squall::coordinator
