#pragma once
// What a series of figures tells over time, one figure a run: its slope, its steps, its outliers.
// Pure arithmetic, on any scale; trends of rates and durations are worked out on logarithms.
//
// Sources: Theil, 1950; Sen, "Estimates of the regression coefficient based on Kendall's tau",
// 1968; Iglewicz and Hoaglin, "How to detect and handle outliers", 1993 (robust z of 3.5); Matteson
// and James, "A nonparametric approach for multiple change point analysis", 2014 (E-divisive).

#include <cstddef>
#include <cstdint>
#include <vector>

namespace squall::coordinator {

/// The median slope per step between any two points, with its 95 % interval from Kendall's S.
struct Slope {
  double estimate = 0;
  double low = 0, high = 0;  // infinite where so few points allow no interval
  double p = 1;              // two-sided, of "no trend"
};

inline constexpr std::size_t fewest_for_slope = 3;
inline constexpr std::size_t most_in_series = 400;

/// Of at least fewest_for_slope and at most most_in_series values, a step apart each.
Slope theil_sen(const std::vector<double>& values);

/// How few values may lie on either side of a change.
inline constexpr std::size_t smallest_segment = 5;

/// A change of level: the values from `first_after` on differ from those before, back to the change
/// point before that.
struct ChangePoint {
  std::size_t first_after = 0;
  double p = 1;  // of the permutation test
};

/// E-divisive on the energy distance, segments of at least smallest_segment, changes up to p = 0.01
/// for the first and half of its predecessor's level for those beside it, by at least
/// `permutations` seeded permutations. In order of place.
std::vector<ChangePoint> change_points(const std::vector<double>& values, std::uint64_t seed,
                                       std::size_t permutations = 499);

/// How many robust deviations each value lies from the median of all; 0 where nothing varies.
std::vector<double> robust_scores(const std::vector<double>& values);
inline constexpr double anomalous_score = 3.5;

}  // namespace squall::coordinator
