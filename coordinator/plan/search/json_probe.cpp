#include "coordinator/plan/search/json_probe.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "coordinator/plan/search/load_stability.hpp"
#include "coordinator/plan/search/slo_excess.hpp"

namespace squall::coordinator {

using nlohmann::json;
using scenarios::Metric;
using scenarios::Threshold;

namespace {

constexpr std::size_t most_stretches = 12;  // of a run, whose scatter tells the dependence

const json& member(const json& object, const char* key) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::optional<double> number(const json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

/// The seconds of the measured phase.
std::vector<const json*> measured_seconds(const json& report) {
  const json& phases = report.at("scenario").at("phases");
  const double from = phases.at("warm_up").get<double>();
  const double to = from + phases.at("measure").get<double>();
  std::vector<const json*> seconds;
  for (const json& point : report.at("timeline")) {
    const double at = point.at("at").get<double>();
    if (at >= from - 1e-6 && at < to - 1e-6) seconds.push_back(&point);
  }
  // The last may be a part of one.
  if (seconds.size() > 1 && std::fmod(to - from, 1.0) > 1e-6) seconds.pop_back();
  return seconds;
}

/// The share of a second's requests above a limit, between the three percentiles that are kept of
/// it: straight over the logarithm.
double share_above(const json& quantiles, double limit) {
  const double values[] = {quantiles.at("p50").get<double>(), quantiles.at("p95").get<double>(),
                           quantiles.at("p99").get<double>()};
  constexpr double shares[] = {0.5, 0.95, 0.99};
  if (limit <= values[0]) {
    if (values[0] <= 0) return 0;
    // Below the middle: as far as twice the distance, then all.
    return std::min(1.0, 0.5 + 0.5 * (1 - limit / values[0]));
  }
  for (int i = 1; i < 3; ++i) {
    if (limit > values[i]) continue;
    const double part = std::log(limit / std::max(values[i - 1], 1e-9)) /
                        std::log(values[i] / std::max(values[i - 1], 1e-9));
    return 1 - (shares[i - 1] + part * (shares[i] - shares[i - 1]));
  }
  return 0;
}

double inflation_of(const std::vector<const json*>& seconds, const Threshold& threshold) {
  const std::string metric(scenarios::describe(threshold.metric).name);
  if (seconds.size() < 2 || threshold.statistic != Threshold::Statistic::percentile) return 1;
  const std::size_t width = (seconds.size() + most_stretches - 1) / most_stretches;
  std::vector<StretchShare> stretches((seconds.size() + width - 1) / width);
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const json& quantiles = member(*seconds[i], metric.c_str());
    const double count = number(member(quantiles, "count")).value_or(0);
    if (count <= 0 || !number(member(quantiles, "p99"))) continue;
    StretchShare& stretch = stretches[i / width];
    const double share = share_above(quantiles, threshold.limit);
    const double together = stretch.samples + count;
    stretch.share = (stretch.share * stretch.samples + share * count) / together;
    stretch.samples = together;
  }
  return variance_inflation(stretches);
}

/// Limits that are worked out when a run begins are judged by the number that came of it.
std::optional<JudgedLimit> judged_limit(const json& row) {
  JudgedLimit judged;
  try {
    judged.threshold = scenarios::parse_threshold(text_of(row.at("threshold")));
  } catch (const scenarios::ThresholdError&) {
    return std::nullopt;  // of a newer release
  }
  judged.threshold.limit = number(member(row, "limit")).value_or(judged.threshold.limit);
  judged.status = text_of(row.at("status"));
  judged.samples = row.at("samples").get<std::uint64_t>();
  judged.violations = row.at("violations").get<std::uint64_t>();
  judged.measured = number(member(row, "measured"));
  return judged;
}

ProbeLimit shown_limit(const json& row, const JudgedLimit& judged) {
  return {judged.threshold.text,
          judged.status,
          judged.measured,
          judged.threshold.limit,
          member(row, "at_least") == json(true),
          text_of(member(row, "explanation"))};
}

std::optional<double> percentile_of(const json& report, const char* metric, double percentile) {
  const json& row = member(report.at("phases").at("measure").at("durations"), metric);
  for (const json& estimate : member(row, "percentiles"))
    if (estimate.at("percentile").get<double>() == percentile)
      return number(member(estimate, "value"));
  return std::nullopt;
}

void read_figures(LoadProbe& probe, const json& report) {
  const json& throughput = report.at("throughput");
  probe.window = number(member(throughput, "window")).value_or(0);
  probe.tokens_per_second = number(member(throughput, "tokens_per_second"));
  probe.requests_per_second = number(member(throughput, "requests_per_second"));
  probe.mean_in_flight = number(member(throughput, "mean_in_flight"));
  probe.answers = report.at("phases").at("measure").at("ledger").at("ok").get<std::uint64_t>();
  probe.ttft_p50 = percentile_of(report, "ttft", 50);
  probe.ttft_p95 = percentile_of(report, "ttft", 95);
  probe.e2e_p50 = percentile_of(report, "e2e", 50);
  probe.e2e_p95 = percentile_of(report, "e2e", 95);
  const json& bottleneck = member(member(report, "resources"), "bottleneck");
  probe.bottleneck = text_of(member(bottleneck, "limit"));
  probe.bottleneck_sentence = text_of(member(bottleneck, "sentence"));
}

void read_stability(LoadProbe& probe, const std::vector<const json*>& seconds) {
  std::vector<double> in_flight;
  for (const json* point : seconds)
    in_flight.push_back(number(member(*point, "in_flight")).value_or(0));
  probe.stability = stability_of(in_flight, 1);
}

std::string in_words(const ProbeLimit& limit) {
  return limit.text + (limit.status == "inconclusive" ? ": " : " " + limit.status + ": ") +
         limit.explanation;
}

void judge(LoadProbe& probe, const json& report, const std::vector<JudgedLimit>& limits) {
  const SloJudgement judged = judge_limits(limits);
  probe.judgement = judged.judgement;
  probe.excess = judged.excess;
  probe.why = in_words(probe.limits[judged.decisive]);
  if (probe.stability.unstable) {
    probe.judgement = ProbeJudgement::fail;
    probe.why = "requests in flight grew: the service did not keep up";
  }
  const json& verdict = report.at("verdict");
  const std::string outcome = text_of(verdict.at("outcome"));
  if (outcome != "invalid" && outcome != "interrupted") return;
  probe.judgement = ProbeJudgement::invalid;
  probe.excess.reset();
  probe.why = text_of(member(verdict, "sentence"));
}

ProbedSystem system_of(const json& report) {
  ProbedSystem system;
  const json& target = report.at("target");
  system.target_kind = text_of(target.at("kind"));
  system.target_origin = text_of(member(target, "origin"));
  system.simulated = member(report, "simulated") == json(true);
  system.model = text_of(member(report.at("scenario"), "model"));
  system.hardware_fingerprint = text_of(member(report, "hardware_fingerprint"));
  system.tool_version = text_of(member(report.at("run"), "tool_version"));
  for (const json& banner : member(report, "banners")) system.banners.push_back(text_of(banner));
  std::set<std::string> hosts, machines;
  for (const json& agent : report.at("agents")) {
    hosts.insert(text_of(member(agent, "host")));
    const std::string processor = text_of(member(member(agent, "hardware"), "processor"));
    if (!processor.empty()) machines.insert(processor);
  }
  system.agents = report.at("agents").size();
  system.hosts = hosts.size();
  system.machines.assign(machines.begin(), machines.end());
  return system;
}

ProbeReport read(const json& report, LoadKind kind) {
  ProbeReport result;
  const auto seconds = measured_seconds(report);
  std::vector<JudgedLimit> limits;
  for (const json& row : report.at("thresholds")) {
    auto judged = judged_limit(row);
    if (!judged || !limits_load(judged->threshold)) {
      result.left_out.push_back(text_of(row.at("threshold")));
      continue;
    }
    judged->inflation = inflation_of(seconds, judged->threshold);
    result.probe.limits.push_back(shown_limit(row, *judged));
    result.limits.push_back(judged->threshold.text);
    limits.push_back(std::move(*judged));
  }
  if (limits.empty())
    throw ProbeUnreadable(
        "has no limit that a load could exceed; add thresholds such as \"ttft p95 < 300ms\" to the "
        "scenario, or --slo \"ttft p95 < 300ms\"");
  result.probe.run = text_of(report.at("run").at("id"));
  read_figures(result.probe, report);
  if (kind == LoadKind::requests) read_stability(result.probe, seconds);
  judge(result.probe, report, limits);
  result.system = system_of(report);
  return result;
}

}  // namespace

ProbeReport probe_of_report(const std::string& text, LoadKind kind) {
  try {
    const json report = json::parse(text);
    if (!text_of(member(report, "schema")).starts_with("squall-run/"))
      throw ProbeUnreadable("is no report of a run");
    return read(report, kind);
  } catch (const json::exception& error) {
    throw ProbeUnreadable(std::string("is no report of a run, or is damaged: ") + error.what());
  }
}

}  // namespace squall::coordinator
