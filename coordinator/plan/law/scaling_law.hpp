#pragma once
// The universal scalability law, fitted to measured throughput:
//   X(N) = l N / (1 + s (N - 1) + k N (N - 1))
// l: what one user gets out of it alone; s: contention, the part that must wait for its turn; k:
// what users cost each other. Gunther, "Guerrilla capacity planning", 2007. Written as
// N / X = a + b (N - 1) + c N (N - 1) it is linear in a = 1/l, b = s/l, c = k/l, none of them
// negative: non-negative least squares, weighted so that relative errors of X count alike.
//
// It describes what was measured; it is no law of an engine that batches.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall::coordinator {

struct LevelPoint {
  double users = 0;       // N: users, or the mean of requests in flight
  double throughput = 0;  // X
};

struct UslCoefficients {
  double lambda = 0, sigma = 0, kappa = 0;

  double throughput(double users) const;
  /// Where throughput is greatest: sqrt((1 - s) / k); none where it never falls.
  std::optional<double> peak() const;
};

struct Interval {
  double low = 0, high = 0;
};

struct ScalingLaw {
  UslCoefficients fitted;
  Interval lambda, sigma, kappa;   // 95 %, by bootstrap of residuals
  std::optional<Interval> peak{};  // none unless at least 97.5 % of the resamples have one
  std::vector<LevelPoint> points;  // what it was fitted to, by users
  std::vector<double> residuals;   // relative, of each point: measured / fitted - 1
  double spread = 0;               // standard deviation of the residuals, relative
  double largest = 0;              // the greatest N measured
  std::vector<UslCoefficients> resamples;

  /// 95 % interval of X(N).
  Interval band(double users) const;
  /// Beyond 1.5 times the largest N measured nothing supports it.
  bool is_extrapolated(double users) const { return users > 1.5 * largest * (1 + 1e-9); }
};

inline constexpr std::size_t fewest_levels = 6;  // different N
inline constexpr std::size_t bootstrap_resamples = 2000;

/// How many different levels there are: closer than 2 % is one.
std::size_t levels_of(const std::vector<LevelPoint>& points);

/// Of points with users and throughput above 0. None for fewer than fewest_levels.
std::optional<ScalingLaw> fit_scaling_law(std::vector<LevelPoint> points, std::uint64_t seed,
                                          std::size_t resamples = bootstrap_resamples);

/// The point estimate alone; at least three different levels.
UslCoefficients fit_usl(const std::vector<LevelPoint>& points);

/// Whether throughput stopped growing among the points: the last quarter of the range of N gained
/// less than a tenth of what the best level has.
bool past_the_knee(const std::vector<LevelPoint>& points);

/// Where the fitted curve bends most, after Satopaa, Albrecht, Irwin and Raghavan, "Finding a
/// 'kneedle' in a haystack", 2011, on the smooth curve between the levels; an annotation, no gate.
/// None where the curve has no bend.
std::optional<double> knee_of(const ScalingLaw& law);

}  // namespace squall::coordinator
