#include "coordinator/report/reading/reported_run.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/schema/metric.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

/// Null where there is none.
const json& at(const json& object, const char* key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

/// Empty where there is none.
const json& list(const json& object, const char* key) {
  static const json nothing = json::array();
  const json& found = at(object, key);
  return found.is_array() ? found : nothing;
}

std::string text(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<double> number(const json& value) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

std::optional<double> number(const json& object, const char* key) {
  return number(at(object, key));
}

std::optional<std::uint64_t> known_count(const json& object, const char* key) {
  const json& value = at(object, key);
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::uint64_t count(const json& object, const char* key) {
  return known_count(object, key).value_or(0);
}

bool flag(const json& object, const char* key) { return at(object, key) == json(true); }

std::vector<std::string> texts(const json& object, const char* key) {
  std::vector<std::string> all;
  for (const json& each : list(object, key))
    if (each.is_string()) all.push_back(each.get<std::string>());
  return all;
}

std::vector<ReportedPercentile> percentiles_of(const json& row, const char* key) {
  std::vector<ReportedPercentile> all;
  for (const json& each : list(row, key)) {
    const auto rank = number(each, "percentile");
    if (!rank) continue;
    all.push_back({*rank, count(each, "samples"), count(each, "samples_needed"),
                   number(each, "value"), number(each, "low"), number(each, "high"),
                   flag(each, "at_least"), flag(each, "high_at_least"), text(each, "withheld")});
  }
  return all;
}

std::optional<actors::Histogram> histogram_of(const json& from) {
  actors::Histogram::Parts parts;
  if (!at(from, "counts").is_array()) return std::nullopt;
  for (const json& each : list(from, "counts")) {
    if (!each.is_array() || each.size() != 2 || !each[0].is_number_unsigned() ||
        !each[1].is_number_unsigned() ||
        each[0].get<std::uint64_t>() >= actors::Histogram::bucket_limit)
      return std::nullopt;
    parts.counts.emplace_back(each[0].get<std::uint32_t>(), each[1].get<std::uint64_t>());
  }
  parts.underflow = count(from, "underflow");
  parts.overflow = count(from, "overflow");
  const auto duration = [&](const char* key) {
    const json& value = at(from, key);
    return std::chrono::nanoseconds(value.is_number_integer() ? value.get<std::int64_t>() : 0);
  };
  parts.sum = duration("sum_ns");
  parts.minimum = duration("minimum_ns");
  parts.maximum = duration("maximum_ns");
  return actors::Histogram::from_parts(std::move(parts));
}

ReportedDuration duration_of(std::string metric, const json& row) {
  return {std::move(metric),
          count(row, "samples"),
          count(row, "unanswered"),
          number(row, "mean"),
          number(row, "min"),
          number(row, "max"),
          percentiles_of(row, "percentiles"),
          histogram_of(at(row, "histogram"))};
}

std::vector<ReportedDuration> durations_of(const json& rows) {
  std::vector<ReportedDuration> all;
  for (const auto& known : scenarios::metric_table) {
    std::string name(known.name);
    if (const json& row = at(rows, name.c_str()); row.is_object())
      all.push_back(duration_of(std::move(name), row));
  }
  return all;
}

std::optional<actors::Ledger> ledger_of(const json& from) {
  if (!from.is_object()) return std::nullopt;
  actors::Ledger ledger;
  ledger.scheduled = count(from, "scheduled");
  ledger.issued = count(from, "issued");
  ledger.dropped_late = count(from, "dropped_late");
  ledger.cancelled_before_send = count(from, "cancelled_before_send");
  ledger.ok = count(from, "ok");
  ledger.error = count(from, "error");
  ledger.timeout = count(from, "timeout");
  ledger.cancelled = count(from, "cancelled");
  ledger.open_at_end = count(from, "open_at_end");
  return ledger;
}

ReportedPhase phase_of(const json& from, const json& ledger_in_total) {
  ReportedPhase phase;
  phase.ledger = ledger_of(at(from, "ledger"));
  if (!phase.ledger) phase.ledger = ledger_of(ledger_in_total);
  phase.durations = durations_of(at(from, "durations"));
  if (const json& errors = at(from, "errors"); errors.is_object())
    for (const auto& [reason, times] : errors.items())
      if (times.is_number_unsigned()) phase.errors[reason] = times.get<std::uint64_t>();
  phase.prompt_tokens = count(from, "prompt_tokens");
  phase.output_tokens = count(from, "output_tokens");
  phase.accuracy = number(at(from, "accuracy"), "share");
  phase.good = known_count(from, "good");
  for (const json& each : list(from, "categories"))
    phase.categories.push_back({text(each, "name"), count(each, "ok"), count(each, "failed"),
                                count(each, "output_tokens"), percentiles_of(each, "ttft"),
                                percentiles_of(each, "e2e")});
  return phase;
}

std::string step_text(const json& step) {
  std::string words = text(step, "rule");
  if (const auto value = number(step, "value")) {
    std::array<char, 32> digits{};
    std::snprintf(digits.data(), digits.size(), " = %.6g", *value);
    words += digits.data();
  }
  const std::string source = text(step, "source");
  return source.empty() ? words : words + " (" + source + ")";
}

ReportedThreshold threshold_of(const json& from) {
  ReportedThreshold threshold{
      text(from, "threshold"),   text(from, "metric"),     text(from, "status"),
      number(from, "limit"),     number(from, "measured"), flag(from, "at_least"),
      text(from, "explanation"), text(from, "guess"),      {}};
  for (const json& step : list(from, "provenance")) threshold.provenance.push_back(step_text(step));
  return threshold;
}

std::optional<ReportedAccount> account_of(const json& from, std::string name) {
  if (!from.is_object()) return std::nullopt;
  return ReportedAccount{std::move(name),       count(from, "planned"),   count(from, "completed"),
                         count(from, "failed"), count(from, "cancelled"), count(from, "lost")};
}

ReportedAgent agent_of(const json& from) {
  ReportedAgent agent{text(from, "name"),
                      text(from, "host"),
                      text(from, "model"),
                      text(from, "model_fingerprint"),
                      text(from, "instruction_set"),
                      text(from, "plan_fingerprint"),
                      text(at(from, "hardware"), "processor"),
                      text(at(from, "hardware"), "class"),
                      {}};
  if (const json& lost = at(from, "lost"); lost.is_string()) agent.lost = lost.get<std::string>();
  return agent;
}

/// As parsed; its schema is that of a report of a run.
json parsed(const std::string& text_of_report) {
  json report;
  try {
    report = json::parse(text_of_report);
  } catch (const json::exception& error) {
    throw ReportUnreadable(std::string("is no report of a run, or is damaged: ") + error.what());
  }
  if (!text(report, "schema").starts_with("squall-run/"))
    throw ReportUnreadable("is no report of a run; `squall run --json FILE` writes one");
  return report;
}

int version_of(const std::string& schema) {
  int version = 0;
  const char* end = schema.data() + schema.size();
  std::from_chars(schema.data() + schema.find('/') + 1, end, version);
  return version;
}

std::vector<std::string> missing_in(const json& report) {
  std::vector<std::string> missing;
  for (const char* path : {"/run/id", "/run/started_at", "/verdict/outcome", "/scenario/name",
                           "/scenario/hash", "/scenario/seed", "/target/kind", "/agents",
                           "/throughput", "/phases/measure/ledger", "/phases/measure/durations"})
    if (!report.contains(json::json_pointer(path))) missing.emplace_back(path);
  return missing;
}

void read_scenario(const json& from, ReportedRun& run) {
  run.scenario = text(from, "name");
  run.description = text(from, "description");
  run.scenario_hash = text(from, "hash");
  run.scenario_text = text(from, "text");
  run.scenario_file = text(from, "file");
  run.load = text(from, "load");
  run.model = text(from, "model");
  run.seed = known_count(from, "seed");
  const json& phases = at(from, "phases");
  run.warm_up_length = number(phases, "warm_up");
  run.measure_length = number(phases, "measure");
  run.drain_length = number(phases, "drain");
}

void read_figures(const json& report, ReportedRun& run) {
  const json& throughput = at(report, "throughput");
  run.window = number(throughput, "window");
  run.tokens_per_second = number(throughput, "tokens_per_second");
  run.requests_per_second = number(throughput, "requests_per_second");
  run.mean_in_flight = number(throughput, "mean_in_flight");
  const json& ledger = at(report, "ledger");
  const json& total = at(ledger, "total");
  run.warm_up = phase_of(at(at(report, "phases"), "warm_up"), at(total, "warm_up"));
  run.measured = phase_of(at(at(report, "phases"), "measure"), at(total, "measure"));
  run.total = account_of(at(total, "account"), {});
  for (const json& agent : list(ledger, "agents"))
    if (auto account = account_of(at(agent, "account"), text(agent, "name")))
      run.accounts.push_back(*std::move(account));
}

void read_judgement(const json& report, ReportedRun& run) {
  const json& verdict = at(report, "verdict");
  run.outcome = text(verdict, "outcome");
  run.sentence = text(verdict, "sentence");
  if (const auto code = number(verdict, "exit_code"); code && std::abs(*code) < 256)
    run.exit_code = static_cast<int>(*code);
  for (const json& each : list(report, "thresholds")) run.thresholds.push_back(threshold_of(each));
  run.threshold_notes = texts(report, "threshold_notes");
  for (const json& each : list(report, "audit"))
    run.audit.push_back({text(each, "name"), text(each, "status"), text(each, "measured"),
                         text(each, "limit"), text(each, "explanation")});
}

}  // namespace

ReportedRun read_reported_run(const std::string& text_of_report) {
  const json report = parsed(text_of_report);
  ReportedRun run;
  run.schema = text(report, "schema");
  run.version = version_of(run.schema);
  run.simulated = flag(report, "simulated");
  run.banners = texts(report, "banners");
  run.warnings = texts(report, "warnings");
  const json& identity = at(report, "run");
  run.run = text(identity, "id");
  run.started_at = text(identity, "started_at");
  run.tool_version = text(identity, "tool_version");
  read_scenario(at(report, "scenario"), run);
  const json& target = at(report, "target");
  run.target_kind = text(target, "kind");
  run.target_origin = text(target, "origin");
  run.target_model = text(target, "model");
  run.hardware_fingerprint = text(report, "hardware_fingerprint");
  read_judgement(report, run);
  read_figures(report, run);
  for (const json& agent : list(report, "agents")) run.agents.push_back(agent_of(agent));
  run.bottleneck = text(at(at(report, "resources"), "bottleneck"), "sentence");
  run.missing = missing_in(report);
  return run;
}

namespace {

/// The numbers of an object by their names; those of an object in it with its name before theirs.
/// Lists, such as distributions, are no numbers.
template <class Take>
void for_each_number(const json& point, const Take& take) {
  const auto is_figure = [](const json& value) { return value.is_number() || value.is_null(); };
  for (const auto& [key, value] : point.items()) {
    if (is_figure(value)) take(key, value);
    if (!value.is_object()) continue;
    for (const auto& [inner, figure] : value.items())
      if (is_figure(figure)) take(key + "_" + inner, figure);
  }
}

}  // namespace

ReportedSeries read_timeline(const std::string& text_of_report) {
  const json report = parsed(text_of_report);
  ReportedSeries series;
  std::map<std::string, std::size_t> places;
  for (const json& point : list(report, "timeline")) {
    if (!point.is_object()) continue;
    auto& row = series.rows.emplace_back();
    for_each_number(point, [&](const std::string& name, const json& value) {
      const auto [place, is_new] = places.emplace(name, series.columns.size());
      if (is_new) series.columns.push_back(name);
      if (row.size() <= place->second) row.resize(place->second + 1);
      row[place->second] = number(value);
    });
  }
  for (auto& row : series.rows) row.resize(series.columns.size());
  return series;
}

}  // namespace squall::coordinator
