// squall-bench-compare: how often the gate is right. Comparisons of runs that are known to be the
// same, and of runs that are known to be worse.
//
// Latencies are log-normal and follow each other (AR(1), 0.8 from one to the next, log-deviation
// 0.5); runs differ by 2 % although nothing was changed. Seeded: the same figures every time.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/coordinator/compare/synthetic_runs.hpp"

using namespace squall::coordinator;

namespace {

struct Row {
  const char* what;
  GateTrial trial;
  enum class Wanted { few_regressions, many_regressions, nothing } wanted = Wanted::nothing;
};

std::vector<Row> rows(std::size_t comparisons, std::size_t requests, std::uint64_t seed) {
  GateTrial trial;
  trial.comparisons = comparisons;
  trial.service.requests = requests;
  trial.seed = seed;
  GateTrial fixed = trial;
  fixed.in_pairs = false;
  fixed.at_least = fixed.at_most = fewest_runs;
  GateTrial against = fixed;
  against.at_most = 20;
  const auto with = [](GateTrial made, const Injection& injection) {
    made.injection = injection;
    return made;
  };
  const auto finer = [](GateTrial made) {
    made.gates = gates_of({"ttft_p99=5%"}, false);
    return made;
  };
  using Wanted = Row::Wanted;
  return {
      {"A/A, 5 against 5", fixed, Wanted::few_regressions},
      {"A/A, baseline of 5, up to 20 runs", against, Wanted::few_regressions},
      {"A/A, 6 to 20 pairs", trial, Wanted::few_regressions},
      {"A/A, 6 to 20 pairs, p99 margin 5 %", finer(trial), Wanted::few_regressions},
      {"tokens/s -10 %, 5 against 5", with(fixed, {1, 1, 0.9}), Wanted::nothing},
      {"tokens/s -10 %, 6 to 20 pairs", with(trial, {1, 1, 0.9}), Wanted::many_regressions},
      {"all latencies +10 %, 6 to 20 pairs", with(trial, {1.1, 1, 1}), Wanted::many_regressions},
      {"p99 alone +10 %, its margin 5 %", finer(with(trial, {1, 1.1, 1})),
       Wanted::many_regressions},
      {"p99 alone +10 %, its margin 10 %", with(trial, {1, 1.1, 1}), Wanted::nothing},
  };
}

/// False: a rate is not what it must be.
bool print(const Row& row, const GateRates& rates) {
  const double regressions = rates.share(rates.regression);
  const char* judged = "";
  bool good = true;
  if (row.wanted == Row::Wanted::few_regressions) {
    good = regressions <= 0.05;
    judged = good ? "  at most 5 %: ok" : "  at most 5 %: MISSED";
  }
  if (row.wanted == Row::Wanted::many_regressions) {
    good = regressions >= 0.90;
    judged = good ? "  at least 90 %: ok" : "  at least 90 %: MISSED";
  }
  std::printf("%-38s %10.1f %% %10.1f %% %12.1f %% %8.1f%s\n", row.what, 100 * regressions,
              100 * rates.share(rates.pass), 100 * rates.share(rates.inconclusive),
              static_cast<double>(rates.rounds) / static_cast<double>(rates.comparisons), judged);
  std::fflush(stdout);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Counts how often squall's comparisons are right, on runs whose truth is known."};
  std::size_t comparisons = 200;
  std::size_t requests = 10'000;
  std::uint64_t seed = 1;
  app.add_option("--comparisons", comparisons, "of each row")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--requests", requests, "of a run")
      ->check(CLI::Range(100, 10'000'000))
      ->capture_default_str();
  app.add_option("--seed", seed, "of all that is drawn")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::printf("%zu comparisons a row, runs of %zu requests\n", comparisons, requests);
  std::printf("%-38s %12s %12s %14s %8s\n", "", "regression", "pass", "inconclusive", "rounds");
  bool good = true;
  for (const auto& row : rows(comparisons, requests, seed))
    good = print(row, gate_rates(row.trial)) && good;
  return good ? 0 : 1;
}
