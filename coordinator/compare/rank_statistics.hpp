#pragma once
// How far one set of values lies from another, without any assumption about their distribution:
// the Hodges-Lehmann shift, with exact rank p values and exact intervals. Pure arithmetic.
//
// Sources: Wilcoxon, "Individual comparisons by ranking methods", 1945; Mann and Whitney, 1947;
// Hodges and Lehmann, "Estimates of location based on rank tests", 1963; intervals by order
// statistics: Hollander, Wolfe and Chicken, "Nonparametric statistical methods", 3rd edition,
// sections 3.3 and 4.3; Pratt, "Remarks on zeros and ties", 1959; Holm, 1979.

#include <cstddef>
#include <vector>

namespace squall::coordinator {

struct Shift {
  double estimate = 0;
  double low = 0, high = 0;  // infinite where so few values allow no interval
  double confidence = 0;     // of the closed interval, at least 0.95: ranks come in steps
  double p = 1;              // two-sided, of "no shift"
};

/// The most values on a side for which the exact distributions are worked out.
inline constexpr std::size_t most_ranked_values = 60;

/// How far `second` lies above `first`: the median of all differences. Wilcoxon's rank-sum test;
/// equal values have mid-ranks, and the distribution is that of these very ranks. Neither is empty,
/// neither is longer than most_ranked_values.
Shift shift_between(const std::vector<double>& first, const std::vector<double>& second);

/// How far paired differences lie above 0: the median of their Walsh averages. Wilcoxon's
/// signed-rank test; zeros are ranked and then count on neither side (Pratt). Fewer than six pairs
/// allow no 95 % interval.
Shift shift_of_pairs(const std::vector<double>& differences);

/// Holm's step-down adjustment: adjusted values up to a level may be rejected together at it.
std::vector<double> holm_adjusted(const std::vector<double>& p);

/// The middle value, or the mean of the two in the middle. Not of nothing.
double median_of(std::vector<double> values);

/// The median of the distances from the median (MAD).
double deviation_of(const std::vector<double>& values);

}  // namespace squall::coordinator
