#pragma once
// A run's JSON report ("squall-run/…") read back into plain values: the one reader that the store's
// index, comparisons and every format of a report share. What a report does not tell is absent,
// never 0. Durations are in seconds.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/metrics/histogram.hpp"
#include "actors/metrics/ledger.hpp"

namespace squall::coordinator {

/// The message continues "FILE …", or "the report of run X …".
struct ReportUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ReportedPercentile {
  double percentile = 0;
  std::uint64_t samples = 0, samples_needed = 0;
  std::optional<double> value, low, high;
  bool at_least = false, high_at_least = false;
  std::string withheld;  // why there is no value
};

/// One metric of one phase.
struct ReportedDuration {
  std::string metric;
  std::uint64_t samples = 0, unanswered = 0;
  std::optional<double> mean, minimum, maximum;
  std::vector<ReportedPercentile> percentiles;
  std::optional<actors::Histogram> histogram;  // of completed requests
};

struct ReportedCategory {
  std::string name;
  std::uint64_t ok = 0, failed = 0, output_tokens = 0;
  std::vector<ReportedPercentile> ttft, e2e;
};

struct ReportedPhase {
  std::optional<actors::Ledger> ledger;
  std::vector<ReportedDuration> durations;  // in the order of scenarios::metric_table
  std::map<std::string, std::uint64_t> errors;
  std::uint64_t prompt_tokens = 0, output_tokens = 0;
  std::optional<double> accuracy;
  std::optional<std::uint64_t> good;  // requests that kept every SLO
  std::vector<ReportedCategory> categories;
};

struct ReportedThreshold {
  std::string text, metric, status;  // "pass", "fail", "inconclusive"
  std::optional<double> limit, measured;
  bool at_least = false;
  std::string explanation, guess;
  std::vector<std::string> provenance;  // "base: 2 (scenario)", rule by rule
};

struct ReportedAuditLine {
  std::string name, status;  // "passed", "warning", "failed", "not_applicable", "not_enough"
  std::string measured, limit, explanation;
};

/// planned = completed + failed + cancelled + lost.
struct ReportedAccount {
  std::string name;  // of an agent; empty: all
  std::uint64_t planned = 0, completed = 0, failed = 0, cancelled = 0, lost = 0;
};

struct ReportedAgent {
  std::string name, host, model, model_fingerprint, instruction_set, plan_fingerprint;
  std::string processor, hardware_class;
  std::optional<std::string> lost;  // why
};

struct ReportedRun {
  std::string schema;
  int version = 0;  // the 4 of "squall-run/4"
  std::string run, started_at, tool_version;
  bool simulated = false;
  std::vector<std::string> banners, warnings;
  std::string outcome, sentence;
  std::optional<int> exit_code;
  std::string scenario, description, scenario_hash, scenario_text, scenario_file, load, model;
  std::optional<std::uint64_t> seed;
  std::optional<double> warm_up_length, measure_length, drain_length;
  std::string target_kind, target_origin, target_model;
  std::string hardware_fingerprint;
  std::vector<ReportedThreshold> thresholds;
  std::vector<std::string> threshold_notes;
  std::vector<ReportedAuditLine> audit;
  std::optional<double> window, tokens_per_second, requests_per_second, mean_in_flight;
  ReportedPhase warm_up, measured;
  std::optional<ReportedAccount> total;
  std::vector<ReportedAccount> accounts;  // by agent
  std::vector<ReportedAgent> agents;
  std::string bottleneck;            // in one sentence
  std::vector<std::string> missing;  // what every report has and this one lacks: "/run/id"
};

/// Parts of a newer report that are not known here are passed over. Throws ReportUnreadable for
/// anything but a report of a run.
ReportedRun read_reported_run(const std::string& json);

/// A table of numbers, a row each second.
struct ReportedSeries {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<double>>> rows;
};

/// Every number of every second of the timeline; "ttft_p50" is p50 of ttft. Throws likewise.
ReportedSeries read_timeline(const std::string& json);

}  // namespace squall::coordinator
