#include "coordinator/report/formats/json_vllm.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/metrics/percentile.hpp"
#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

/// Theirs (vllm/benchmarks/serve.py of vLLM), and what is meant by it here.
struct Mapped {
  const char* theirs;
  const char* ours;
};
constexpr std::array mapped{Mapped{"ttft", "ttft_service"}, Mapped{"tpot", "tpot"},
                            Mapped{"itl", "icl"}, Mapped{"e2el", "e2e_service"}};
constexpr std::array shown_percentiles{50.0, 90.0, 95.0, 99.0};

double milliseconds(nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Of the population, as vLLM's; values within a bucket are taken as its middle.
double deviation_of(const actors::Histogram& histogram) {
  const double mean = milliseconds(histogram.mean());
  double squares = 0;
  std::uint64_t rank = 0;
  for (const auto& [bucket, times] : histogram.parts().counts) {
    const double value = milliseconds(histogram.value_at_rank(rank + 1 + histogram.underflow()));
    squares += static_cast<double>(times) * (value - mean) * (value - mean);
    rank += times;
  }
  return rank > 0 ? std::sqrt(squares / static_cast<double>(rank)) : 0;
}

void add_percentile(json& out, json& withheld, const std::string& key,
                    const actors::Histogram& histogram, double percentile) {
  const auto estimate = actors::estimate_percentile({&histogram, 0, nanoseconds{0}}, percentile);
  out[key] = estimate.enough ? json(milliseconds(estimate.value)) : json(nullptr);
  if (!estimate.enough) withheld[key] = insufficiency(estimate);
}

void add_metric(json& out, json& withheld, const ReportedRun& run, const Mapped& metric) {
  const actors::Histogram* histogram = nullptr;
  for (const ReportedDuration& row : run.measured.durations)
    if (row.metric == metric.ours && row.histogram && row.histogram->count() > 0)
      histogram = &*row.histogram;
  const std::string suffix = std::string("_") + metric.theirs + "_ms";
  out["mean" + suffix] = histogram ? json(milliseconds(histogram->mean())) : json(nullptr);
  out["std" + suffix] = histogram ? json(deviation_of(*histogram)) : json(nullptr);
  for (const double percentile : shown_percentiles) {
    const std::string name = percentile == 50.0 ? "median" : percentile_name(percentile);
    if (histogram)
      add_percentile(out, withheld, name + suffix, *histogram, percentile);
    else
      out[name + suffix] = nullptr;
  }
}

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

/// "20261121-063341" of "2026-11-21T06:33:41Z".
std::string date_of(const std::string& instant) {
  std::string date;
  for (const char c : instant) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) date += c;
    if (c == 'T') date += '-';
  }
  return date;
}

std::optional<double> per_second(std::uint64_t amount, const ReportedRun& run) {
  if (!run.window || *run.window <= 0) return std::nullopt;
  return static_cast<double>(amount) / *run.window;
}

json squall_json(const ReportedRun& run, json withheld) {
  json durations = json::object();
  for (const Mapped& metric : mapped) durations[metric.theirs] = metric.ours;
  return {{"run", run.run},
          {"tool_version", run.tool_version},
          {"simulated", run.simulated},
          {"banners", run.banners},
          {"scenario", run.scenario},
          {"scenario_hash", run.scenario_hash},
          {"load", run.load},
          {"verdict", run.outcome},
          {"durations", std::move(durations)},
          {"notes",
           {"ttft counts from the dispatch here, as vLLM's does; Squall's own ttft counts from the "
            "intended start and is in its own reports",
            "itl are gaps between content chunks, pooled",
            "percentiles are of completed requests, by rank, without interpolation",
            "request_throughput and output_throughput count what came within the measured window, "
            "completed and total_* the requests that were due in it"}},
          {"withheld", std::move(withheld)}};
}

}  // namespace

std::string json_vllm(const ReportedRun& run) {
  const actors::Ledger ledger = run.measured.ledger.value_or(actors::Ledger{});
  const std::uint64_t input = run.measured.prompt_tokens;
  const std::uint64_t output = run.measured.output_tokens;
  json out;
  json withheld = json::object();
  out["date"] = date_of(run.started_at);
  out["endpoint_type"] = run.target_kind;
  out["backend"] = run.target_kind;
  out["label"] = run.scenario;
  out["model_id"] = run.target_model.empty() ? run.model : run.target_model;
  out["tokenizer_id"] = nullptr;
  out["num_prompts"] = ledger.scheduled;
  // A load here need not be one number; in words it is in squall.load.
  for (const char* key : {"request_rate", "burstiness", "max_concurrency"}) out[key] = nullptr;
  out["duration"] = or_null(run.window);
  out["completed"] = ledger.ok;
  out["failed"] = ledger.error + ledger.timeout;
  out["total_input_tokens"] = input;
  out["total_output_tokens"] = output;
  out["request_throughput"] = or_null(run.requests_per_second);
  out["request_goodput"] =
      run.measured.good ? or_null(per_second(*run.measured.good, run)) : json(nullptr);
  out["output_throughput"] = or_null(run.tokens_per_second);
  out["total_token_throughput"] = or_null(per_second(input + output, run));
  for (const Mapped& metric : mapped) add_metric(out, withheld, run, metric);
  out["squall"] = squall_json(run, std::move(withheld));
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace squall::coordinator
