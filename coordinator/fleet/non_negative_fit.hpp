#pragma once
// Least squares whose answers are never negative, for laws that are sums of costs. Pure arithmetic
// for a few unknowns.
//
// Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23 (algorithm NNLS), on the
// normal equations of columns scaled to length 1.

#include <vector>

namespace squall::coordinator {

/// One coefficient, 0 or above, for each column of `rows` (all equally long, at least one row): the
/// sum of squares of rows * coefficients - values is smallest. A column that others make up already
/// gets 0.
std::vector<double> non_negative_least_squares(const std::vector<std::vector<double>>& rows,
                                               const std::vector<double>& values);

}  // namespace squall::coordinator
