#pragma once
// Do the printed 95 % intervals hold the true percentiles 95 times in a hundred? Requests of a
// known law go through the code that measures real ones (recorder, snapshots, merge, histogram,
// order statistics) on virtual time, once for each of many seeds. Pure arithmetic.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/metrics/percentile.hpp"
#include "coordinator/selftest/selftest_check.hpp"
#include "scenarios/load/distribution.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

struct KnownLaw {
  std::string name;
  scenarios::Distribution seconds;
};

/// Exponential, lognormal, and one of two modes: what queues, caches and mixed prompts look like.
std::vector<KnownLaw> known_laws();

inline constexpr std::array proven_percentiles{50.0, 90.0, 99.0, 99.9};

struct CoverageOptions {
  std::uint64_t first_seed = 1;
  unsigned runs = 200;        // one a seed
  unsigned requests = 5'000;  // of each run; p99.9 needs 3,688
  unsigned agents = 4;        // that share them
  unsigned snapshots = 5;     // of each agent
};

/// How often one percentile of one law was held.
struct Coverage {
  std::string law;
  double percentile = 0;
  nanoseconds truth{0};
  unsigned runs = 0;
  unsigned held = 0;  // runs whose interval held the truth
  nanoseconds mean_estimate{0};
  double mean_width = 0;  // of the interval, as a share of the truth
};

/// In the order of known_laws and proven_percentiles. `go_on` is asked before each run.
std::vector<Coverage> interval_coverage(const CoverageOptions& options,
                                        const std::function<bool()>& go_on = {});

/// The fewest of `runs` that are still plausible when each holds with probability `p`: fewer come
/// with probability at most `alarm`.
unsigned least_plausible(unsigned runs, double p, double alarm);

/// A right tool fails any of these with probability of at most 1 %: an interval holds the truth
/// with probability 0.95 or a little more, so the count of 200 that do scatters, by 3.1.
std::vector<SelftestCheck> coverage_checks(const std::vector<Coverage>& coverage);

}  // namespace squall::coordinator
