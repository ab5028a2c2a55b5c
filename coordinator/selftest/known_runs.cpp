#include "coordinator/selftest/known_runs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "coordinator/report/run_report.hpp"
#include "coordinator/selftest/interval_coverage.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using std::chrono::seconds;

namespace {

nanoseconds in_nanoseconds(double value) { return nanoseconds(std::llround(value * 1e9)); }

std::string plain(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

struct Parts {
  std::string target;  // keys of [target]
  std::string load;    // a section
  seconds measure{0};
};

std::string scenario(const std::string& name, std::uint64_t seed, const Parts& parts) {
  return "name = \"selftest: " + name + "\"\nseed = " + std::to_string(seed) +
         "\n[target]\nkind = \"simulated\"\n" + parts.target + "\n" + parts.load +
         "\n[prompts]\ntokens = 16\n[answers]\ntokens = 1\n[phases]\nmeasure = \"" +
         std::to_string(parts.measure.count()) + "s\"\ndrain = \"10s\"\n";
}

std::string exponential(double mean) {
  return "first_token = { distribution = \"exponential\", mean = \"" + plain(mean * 1e3) +
         "ms\" }\n";
}

std::string arrivals(const char* process, double rate) {
  return std::string("[arrivals]\nprocess = \"") + process + "\"\nrate = " + plain(rate) + "\n";
}

/// One interval of 95 % misses the truth one time in twenty, so a single run is given twice its
/// width, which misses one time in some ten thousand; and, above the truth, twice the lateness that
/// the run has measured of its own sending and stamping, since latencies are real here.
SelftestCheck holds(const SelftestFigures& figures, double percentile, nanoseconds truth) {
  const auto& found = figures.ttft_at(percentile);
  SelftestCheck check{percentile_name(percentile), readable(truth), "", false};
  if (!found.enough) {
    check.measured = "insufficient (n = " + readable_count(figures.samples) + ")";
    return check;
  }
  check.measured =
      readable(found.value) + " (" + readable_interval(found.low, found.high, found.value) + ")";
  const nanoseconds low = found.value - 2 * (found.value - found.low) - 2 * figures.own_error();
  const nanoseconds high = found.value + 2 * (found.high - found.value);
  check.ok = low <= truth && truth <= high;
  return check;
}

/// What this machine adds of its own; a busy one adds more.
SelftestCheck own_error(const SelftestFigures& figures) {
  constexpr nanoseconds limit = 20ms;
  return {
      "own lateness, mean", "below " + readable(limit),
      "sending " + readable(figures.dispatch_delay) + ", stamping " + readable(figures.stamp_delay),
      figures.own_error() < limit};
}

KnownRun law_run(bool quick, std::uint64_t seed) {
  const KnownLaw law = known_laws().front();
  const double rate = quick ? 500 : 400;
  const seconds measure = quick ? 9s : 30s;  // p99.9 needs 3,688 answers
  KnownRun run{"a known law at " + plain(rate) + " arrivals/s, two agents", "", 2, measure, 0, {}};
  run.scenario = scenario("known law", seed,
                          {exponential(law.seconds.mean), arrivals("poisson", rate), measure});
  run.judge = [=](const SelftestFigures& figures) {
    std::vector<SelftestCheck> checks;
    for (const double percentile : proven_percentiles)
      checks.push_back(
          holds(figures, percentile, in_nanoseconds(law.seconds.quantile(percentile / 100))));
    checks.push_back(own_error(figures));
    const double expected = rate * static_cast<double>(measure.count());
    const double scatter = 4 * std::sqrt(expected);  // Poisson: one time in 16,000 further off
    checks.push_back({"arrivals",
                      readable_count(static_cast<std::uint64_t>(expected)) + " +- " +
                          readable_count(static_cast<std::uint64_t>(scatter)),
                      readable_count(figures.scheduled),
                      std::abs(static_cast<double>(figures.scheduled) - expected) <= scatter});
    return checks;
  };
  return run;
}

/// Keys of a target that answers in 50 ms on average, and not at all for a while.
std::string frozen_target(seconds freeze) {
  return exponential(0.05) + "freezes = [{ at = \"3s\", length = \"" +
         std::to_string(freeze.count()) + "s\" }]\n";
}

KnownRun open_freeze_run(bool quick, std::uint64_t seed) {
  const seconds freeze = quick ? 2s : 6s;
  const seconds measure = quick ? 8s : 30s;
  KnownRun run{"a freeze of " + readable(freeze) + ", open model", "", 1, measure, 0, {}};
  run.scenario = scenario("freeze, open model", seed,
                          {frozen_target(freeze), arrivals("constant", 200), measure});
  // Who arrives x before the freeze's end waits x; who was being answered when it began, a mean
  // answer longer. So of all arrivals the share (freeze + 50 ms - x) / measure waits longer than x.
  const nanoseconds truth = freeze + 50ms - nanoseconds(measure) / 100;
  run.judge = [=](const SelftestFigures& figures) {
    return std::vector{
        holds(figures, 99, truth),
        SelftestCheck{"longest wait", "about " + readable(freeze), readable(figures.longest),
                      figures.longest > freeze - 100ms && figures.longest < freeze + 2s}};
  };
  return run;
}

KnownRun closed_freeze_run(std::uint64_t seed) {
  constexpr unsigned users = 10;
  KnownRun run{"a freeze of 6 s, closed model", "", 1, 30s, 0, {}};
  run.scenario = scenario("freeze, closed model", seed,
                          {frozen_target(6s), "[users]\ncount = " + std::to_string(users), 30s});
  // A user who waits asks nothing: the freeze is met once by each, and p99 cannot see it.
  run.judge = [](const SelftestFigures& figures) {
    const auto& p99 = figures.ttft_at(99);
    return std::vector{
        SelftestCheck{"p99 hides it", "below 1 s", readable(p99.value),
                      p99.enough && p99.value < 1s},
        SelftestCheck{"longest wait tells it", "about 6 s", readable(figures.longest),
                      figures.longest > 5900ms && figures.longest < 8s},
        SelftestCheck{"waits above 1 s", readable_count(users) + ", one a user",
                      readable_count(figures.waited_a_second), figures.waited_a_second == users}};
  };
  return run;
}

KnownRun slow_agent_run(bool quick, std::uint64_t seed) {
  constexpr unsigned agents = 10;
  constexpr double mean = 0.0106;
  constexpr double factor = 30.2;
  const seconds measure = quick ? 8s : 20s;
  KnownRun run{"one slow agent among ten", "", agents, measure, 0, {}};
  run.scenario =
      scenario("one slow agent among ten", seed,
               {exponential(mean) + "slow_agent = 6\nslow_factor = " + plain(factor) + "\n",
                arrivals("poisson", 500), measure});
  // A tenth of all answers takes 320 ms on average: 1 % of all are above 320 ms * ln 10. The mean
  // of the ten p99s, ln 100 * (0.9 * 10.6 ms + 0.1 * 320 ms) = 191 ms, would hide it.
  const nanoseconds truth = in_nanoseconds(mean * factor * std::log(10.0));
  run.judge = [=](const SelftestFigures& figures) {
    SelftestCheck merged = holds(figures, 99, truth);
    merged.name = "merged p99";
    merged.expected += ", not the mean of p99s, 191 ms";
    return std::vector{merged};
  };
  return run;
}

KnownRun pacing_run(double rate, nanoseconds limit, std::uint64_t seed) {
  KnownRun run{"pacing at " + plain(rate) + " starts/s, one agent", "", 1, 10s, rate, {}};
  run.scenario =
      scenario("pacing", seed, {"first_token = \"5ms\"\n", arrivals("poisson", rate), 10s});
  run.judge = [=](const SelftestFigures& figures) {
    const double each = std::chrono::duration<double>(figures.generator_cpu).count() /
                        static_cast<double>(std::max<std::uint64_t>(1, figures.issued));
    // A thread that only sleeps shows what the machine allows; ours wakes a second one.
    const nanoseconds allowed = std::max(limit, 2 * figures.noise_floor_p99);
    return std::vector{SelftestCheck{
        "lateness, p99",
        "below " + readable(limit) + ", or twice a bare sleeping thread's " +
            readable(figures.noise_floor_p99),
        readable(figures.dispatch_delay_p99) + ", CPU a start " + readable(in_nanoseconds(each)),
        figures.samples > 0 && figures.dispatch_delay_p99 < allowed}};
  };
  return run;
}

}  // namespace

std::vector<KnownRun> known_runs(bool quick, std::uint64_t seed) {
  std::vector<KnownRun> runs{law_run(quick, seed), open_freeze_run(quick, seed)};
  if (!quick) runs.push_back(closed_freeze_run(seed));
  runs.push_back(slow_agent_run(quick, seed));
  if (!quick) {
    runs.push_back(pacing_run(1'000, 200us, seed));
    runs.push_back(pacing_run(10'000, 1ms, seed));
  }
  return runs;
}

namespace {

/// What the run says of itself. One that came late on a busy machine is told, and no failure here:
/// each check allows for the lateness that was measured.
SelftestCheck own_audit(const SelftestFigures& figures) {
  std::string found;
  for (const auto* lines : {&figures.failed_audits, &figures.late_audits})
    for (const std::string& line : *lines) found += (found.empty() ? "" : "; ") + line;
  return {"its own audit", "nothing but lateness", found.empty() ? "all is well" : found,
          figures.failed_audits.empty()};
}

}  // namespace

std::vector<SelftestCheck> checks_of_any_run(const SelftestFigures& figures, unsigned agents) {
  return {{"accounts balance", "all issued have ended, " + plural(agents, "agent"),
           readable_count(figures.ended) + " of " + readable_count(figures.issued) + ", " +
               plural(figures.agents, "agent"),
           figures.ended == figures.issued && figures.issued > 0 && figures.agents == agents},
          {"says that it is simulated", "yes", figures.simulated ? "yes" : "no", figures.simulated},
          own_audit(figures)};
}

}  // namespace squall::coordinator
