#include "coordinator/selftest/interval_coverage.hpp"

#include <algorithm>
#include <cmath>

#include "actors/metrics/metrics_recorder.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using actors::Instant;
using actors::Phase;
using scenarios::Distribution;

namespace {

constexpr std::uint64_t purpose_selftest = 0x73656c66;  // "self"
constexpr double nominal = 0.95;
constexpr double false_alarm = 0.01;  // of all checks together

nanoseconds in_nanoseconds(double seconds) { return nanoseconds(std::llround(seconds * 1e9)); }

/// Equal intervals between starts: latencies here do not depend on them.
Instant start_of(std::uint64_t request) {
  return Instant{} + std::chrono::hours(1) + std::chrono::milliseconds(10) * request;
}

void measure(std::uint64_t request, nanoseconds latency, actors::MetricsRecorder& recorder) {
  actors::RequestTimeline timeline;
  timeline.request = request;
  timeline.scheduled = timeline.dispatched = start_of(request);
  timeline.content = {timeline.dispatched + latency};
  timeline.ended = timeline.content.back();
  timeline.output_tokens = 1;
  timeline.outcome = actors::Completed{};
  recorder.on_scheduled(timeline.phase);
  recorder.on_issued(timeline.phase, timeline.dispatched);
  recorder.on_ended(timeline);
}

/// What the coordinator knows when all agents' snapshots have come.
actors::PhaseMetrics merged_run(const Distribution& law, const CoverageOptions& options,
                                std::uint64_t seed) {
  actors::PhaseMetrics whole;
  const unsigned between = std::max(1U, options.requests / options.agents / options.snapshots);
  for (unsigned agent = 0; agent < options.agents; ++agent) {
    actors::MetricsRecorder recorder(start_of(0));
    unsigned measured = 0;
    for (std::uint64_t request = agent; request < options.requests; request += options.agents) {
      scenarios::Random random(seed, purpose_selftest, request);
      measure(request, in_nanoseconds(law.sample(random)), recorder);
      if (++measured % between == 0)
        whole.merge(recorder.take_snapshot(start_of(request))[Phase::measure]);
    }
    whole.merge(recorder.take_snapshot(start_of(options.requests))[Phase::measure]);
  }
  return whole;
}

void add_run(const actors::Histogram& latencies, Coverage& coverage) {
  const auto estimate = actors::estimate_percentile({&latencies, 0, {}}, coverage.percentile);
  ++coverage.runs;
  if (!estimate.enough) return;
  if (estimate.low <= coverage.truth && coverage.truth <= estimate.high) ++coverage.held;
  // Running means.
  coverage.mean_estimate += (estimate.value - coverage.mean_estimate) / coverage.runs;
  const double width = std::chrono::duration<double>(estimate.high - estimate.low) /
                       std::chrono::duration<double>(coverage.truth);
  coverage.mean_width += (width - coverage.mean_width) / coverage.runs;
}

std::string share_of(unsigned held, unsigned runs) {
  return readable_count(held) + " of " + readable_count(runs) + " runs (" +
         readable_share(static_cast<double>(held) / runs) + ")";
}

SelftestCheck check_of(const Coverage& coverage, double alarm) {
  const unsigned least = least_plausible(coverage.runs, nominal, alarm);
  return {coverage.law + ", " + percentile_name(coverage.percentile),
          "true " + readable(coverage.truth) + " held by 95 %: " + readable_count(least) +
              " runs or more",
          share_of(coverage.held, coverage.runs) + ", width " + readable_share(coverage.mean_width),
          coverage.held >= least};
}

}  // namespace

std::vector<KnownLaw> known_laws() {
  constexpr double far = 1e5;  // seconds: no law here is cut off
  Distribution exponential{Distribution::Shape::exponential, 0.08, 0, 0, far, {}};
  Distribution lognormal{Distribution::Shape::lognormal, 0.08, 0.1, 0, far, {}};
  Distribution bimodal{Distribution::Shape::bimodal, 0, 0.006, 0, far, {{0.04, 0.8}, {0.3, 0.2}}};
  return {{"exponential", exponential}, {"lognormal", lognormal}, {"bimodal", bimodal}};
}

std::vector<Coverage> interval_coverage(const CoverageOptions& options,
                                        const std::function<bool()>& go_on) {
  std::vector<Coverage> all;
  for (const KnownLaw& law : known_laws()) {
    std::vector<Coverage> of_law;
    for (const double percentile : proven_percentiles)
      of_law.push_back({law.name,
                        percentile,
                        in_nanoseconds(law.seconds.quantile(percentile / 100)),
                        0,
                        0,
                        {},
                        0});
    for (unsigned run = 0; run < options.runs; ++run) {
      if (go_on && !go_on()) return all;
      const auto metrics = merged_run(law.seconds, options, options.first_seed + run);
      const auto ttft = static_cast<std::size_t>(scenarios::Metric::ttft);
      for (Coverage& coverage : of_law) add_run(metrics.durations[ttft], coverage);
    }
    all.insert(all.end(), of_law.begin(), of_law.end());
  }
  return all;
}

unsigned least_plausible(unsigned runs, double p, double alarm) {
  // The binomial distribution from below, term by term; in logarithms, for the first are tiny.
  double below = 0;
  for (unsigned k = 0; k < runs; ++k) {
    const double logarithm = std::lgamma(runs + 1.0) - std::lgamma(k + 1.0) -
                             std::lgamma(runs - k + 1.0) + k * std::log(p) +
                             (runs - k) * std::log1p(-p);
    below += std::exp(logarithm);
    if (below > alarm) return k;
  }
  return runs;
}

std::vector<SelftestCheck> coverage_checks(const std::vector<Coverage>& coverage) {
  std::vector<SelftestCheck> checks;
  const double alarm = false_alarm / static_cast<double>(coverage.size() + 1);
  unsigned runs = 0;
  unsigned held = 0;
  for (const Coverage& each : coverage) {
    checks.push_back(check_of(each, alarm));
    runs += each.runs;
    held += each.held;
  }
  if (runs == 0) return checks;
  // The percentiles of one run hang together: at worst, all of a run count as one.
  const auto independent = static_cast<unsigned>(runs / proven_percentiles.size());
  const double least =
      static_cast<double>(least_plausible(independent, nominal, alarm)) / independent;
  checks.push_back({"all of them", "95 %: " + readable_share(least) + " or more",
                    share_of(held, runs), held >= least * runs});
  return checks;
}

}  // namespace squall::coordinator
