#pragma once
// A finished run as figures and sentences, without any markup: made once from the record, shown by
// text_summary and json_report. Undefined figures are absent, never 0.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/metrics/percentile.hpp"
#include "coordinator/report/campaign_report.hpp"
#include "coordinator/report/machines/hardware_section.hpp"
#include "coordinator/report/resources/resource_report.hpp"
#include "coordinator/run/audit.hpp"
#include "coordinator/run/audit/request_account.hpp"
#include "coordinator/run/run_record.hpp"
#include "coordinator/run/threshold_result.hpp"
#include "coordinator/run/verdict.hpp"

namespace squall::coordinator {

/// The percentiles that every report shows.
inline constexpr std::array reported_percentiles{50.0, 90.0, 95.0, 99.0, 99.9};

/// One metric of one phase.
struct DurationRow {
  scenarios::Metric metric{};
  std::uint64_t samples = 0;     // the unanswered included
  std::uint64_t unanswered = 0;  // known only as "at least"
  bool exact = false;            // percentiles are of single requests, not of the histogram's 0.1 %
  std::vector<actors::PercentileEstimate> percentiles;  // in the order of reported_percentiles
  std::optional<nanoseconds> mean, minimum, maximum;    // of completed requests
  actors::Histogram::Parts histogram;                   // of completed requests
};

/// One category of prompts in one phase.
struct CategoryRow {
  std::string name;
  std::uint64_t ok = 0, failed = 0, output_tokens = 0;
  std::vector<actors::PercentileEstimate> ttft, e2e;  // in the order of category_percentiles
};
inline constexpr std::array category_percentiles{50.0, 95.0, 99.0};

struct PhaseReport {
  actors::Ledger ledger;
  std::uint64_t late = 0, attempts = 0, retried = 0, cached = 0, tokens_disputed = 0;
  std::optional<std::uint64_t> good;  // requests that kept every SLO; none where there are no SLOs
  std::uint64_t accuracy_asked = 0, accuracy_agreed = 0;
  std::optional<actors::ShareEstimate> accuracy;  // none when nothing was asked again
  std::vector<CategoryRow> categories;            // none where there is only one
  std::vector<DurationRow> durations;             // metrics without any sample are left out
  std::map<std::string, std::uint64_t> errors;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t output_tokens = 0;
};

struct ThroughputReport {
  nanoseconds window{0};
  std::optional<double> tokens_per_second, requests_per_second, mean_in_flight;
};

struct AgentReport {
  AgentRecord record;
  RequestAccount account;
  std::array<actors::Ledger, actors::phase_count> kept;  // indexed by Phase
  AgentWindow window;
};

/// What an agent wanted to be known of the course of the run.
struct EventRow {
  nanoseconds at{0};  // since the common start
  std::string agent, what;
};

/// The longest stretch of whole seconds in which requests were open and no token came.
struct Silence {
  nanoseconds from{0}, to{0};
  double mean_open = 0;
};

/// What was run, and how to run it again.
struct RunIdentity {
  std::string id, tool_version, started_at;
  std::string scenario, description, scenario_file, scenario_hash;
  std::uint64_t seed = 0;
  std::string model;          // as the scenario names it
  std::string load;           // "8 users", "12.0 arrivals/s (poisson)"
  std::string target_kind;    // "engine", "openai", "simulated"
  std::string target_origin;  // an address without credentials; engine: empty
  std::string token_counts;   // how prompt tokens are known: "estimated"
  bool simulated = false;     // every output says so
  scenarios::Phases phases;
};

struct RunReport {
  RunIdentity identity;
  std::vector<std::string> banners;   // what the reader must know before any figure
  std::vector<std::string> warnings;  // what else the agents want to be known
  Verdict verdict;
  std::vector<ThresholdResult> thresholds;
  std::vector<std::string> threshold_notes;  // what the limits are for, and what was left out
  std::vector<ThresholdChange> threshold_changes;
  std::vector<AuditLine> audit;
  PhaseReport measured, warm_up;
  ThroughputReport throughput;
  std::vector<AgentReport> agents;
  RequestAccount total;
  CampaignReport campaign;
  ResourceReport resources;
  HardwareReport hardware;
  std::vector<TimelinePoint> timeline;
  std::vector<EventRow> events;  // in order of time
  std::uint64_t events_left_out = 0;
  std::optional<Silence> silence;
};

RunReport make_run_report(const RunRecord& record);

/// Whether what answered was a law of service times, by the scenario's or any agent's word.
bool is_simulated(const scenarios::Scenario& scenario,
                  const std::vector<const AgentRecord*>& agents);

/// "p99.9: insufficient (n = 412, needs 3,688)"; empty when there is enough.
std::string insufficiency(const actors::PercentileEstimate& estimate);

/// "p50", "p99.9".
std::string percentile_name(double percentile);

}  // namespace squall::coordinator
