#pragma once
// Runs of an imagined service, to count how often a comparison is right: latencies that follow each
// other (log-normal AR(1), as servers with queues have them), and runs that differ although nothing
// was changed.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "coordinator/compare/repeat/repeat_course.hpp"
#include "scenarios/load/random.hpp"
#include "tests/coordinator/compare/compared_runs.hpp"

namespace squall::coordinator {

/// What was changed on one side; 1: nothing.
struct Injection {
  double latencies = 1;  // all of them
  double tail = 1;       // those beyond the 95th percentile, so that p99 moves and the median stays
  double rate = 1;       // tokens per second
};

struct SyntheticService {
  std::size_t requests = 10'000;  // of a run
  double correlation = 0.8;       // of one latency with the next
  double log_deviation = 0.5;     // of latencies
  double run_to_run = 0.02;       // deviation of each figure's run effect
};

inline double value_at(std::vector<double>& values, double share) {
  const auto rank =
      static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(values.size())) - 1);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

inline RunFigures synthetic_run(const SyntheticService& service, scenarios::Random& random,
                                const Injection& injection, const std::string& id) {
  const double run_effect = std::exp(service.run_to_run * random.normal());
  const double innovation = std::sqrt(1 - service.correlation * service.correlation);
  constexpr double beyond_95 = 1.6449;  // of a normal variable
  std::vector<double> latencies;
  double state = random.normal();
  for (std::size_t i = 0; i < service.requests; ++i) {
    latencies.push_back(0.1 * run_effect * injection.latencies *
                        std::exp(service.log_deviation * state) *
                        (state > beyond_95 ? injection.tail : 1));
    state = service.correlation * state + innovation * random.normal();
  }
  RunFigures run = a_run(id);
  run.figures["ttft_p50"] = value_at(latencies, 0.5);
  run.figures["ttft_p99"] = value_at(latencies, 0.99);
  run.figures["tpot_p50"] = 0.01 * std::exp(service.run_to_run * random.normal());
  run.figures["tokens_per_second"] =
      1000 * injection.rate * std::exp(service.run_to_run * random.normal());
  return run;
}

/// How many of the comparisons came out how.
struct GateRates {
  std::size_t comparisons = 0, pass = 0, regression = 0, inconclusive = 0;
  std::size_t rounds = 0;  // pairs, or runs a side, of all comparisons

  double share(std::size_t count) const {
    return static_cast<double>(count) / static_cast<double>(comparisons);
  }
};

struct GateTrial {
  SyntheticService service;
  Injection injection;
  std::vector<Gate> gates = usual_gates();
  bool in_pairs = true;  // else against a baseline of `at_least` runs
  std::size_t at_least = fewest_pairs, at_most = 20;
  std::size_t comparisons = 200;
  std::uint64_t seed = 1;
};

/// Goes on while it is inconclusive, as `squall run --ab` and --against do.
inline GateRates gate_rates(const GateTrial& trial) {
  GateRates rates;
  for (std::size_t i = 0; i < trial.comparisons; ++i) {
    scenarios::Random random(trial.seed, 0, i);
    std::size_t number = 0;
    const auto run = [&](const Injection& injection) {
      return synthetic_run(trial.service, random, injection, "run-" + std::to_string(++number));
    };
    RepeatRules rules;
    rules.kind = trial.in_pairs ? RepeatRules::Kind::in_pairs : RepeatRules::Kind::against;
    rules.at_least = trial.at_least;
    rules.at_most = trial.at_most;
    rules.comparison.gates = trial.gates;
    rules.comparison.paired = trial.in_pairs;
    if (!trial.in_pairs)
      while (rules.known_base.size() < trial.at_least) rules.known_base.push_back(run({}));
    RepeatCourse course(rules);
    while (const auto side = course.next(nanoseconds{0}))
      course.ended(run(*side == RepeatSide::run ? trial.injection : Injection{}), nanoseconds{1});
    const auto judgement = course.comparison()->judgement;
    ++rates.comparisons;
    rates.rounds += course.rounds();
    rates.pass += judgement == Judgement::pass ? 1 : 0;
    rates.regression += judgement == Judgement::regression ? 1 : 0;
    rates.inconclusive += judgement == Judgement::inconclusive ? 1 : 0;
  }
  return rates;
}

}  // namespace squall::coordinator
