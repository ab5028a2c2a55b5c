#pragma once
// Whether requests in flight grow while a load is held: then the service does not keep up, whatever
// the latencies of those who were lucky say. Also how much a figure of many dependent samples is
// worth. Pure arithmetic.

#include <vector>

#include "coordinator/plan/search/load_probe.hpp"

namespace squall::coordinator {

/// `in_flight` is evenly spaced, `spacing` seconds apart. Least squares; the error of the slope
/// allows for dependence by n(1 - r)/(1 + r), r being the correlation of neighbouring residuals,
/// corrected for its bias in short series (Kendall, "Note on bias in the estimation of
/// autocorrelation", 1954). Fewer than 8 values tell nothing.
Stability stability_of(const std::vector<double>& in_flight, double spacing);

/// P(a variable of Student's t with that many degrees of freedom is above `t`), by Wallace's
/// approximation ("Bounds on normal approximations to Student's and the chi-square
/// distributions", 1959); within a tenth for 3 degrees and more.
double student_above(double t, double degrees);

/// Of one stretch of a run: how many samples, and what share of them violated a limit.
struct StretchShare {
  double samples = 0;
  double share = 0;
};

/// By how much the variance of the whole share is greater than that of independent samples: from
/// the scatter of stretches much longer than the dependence lasts. At least 1, at most 100; 1 when
/// fewer than 4 stretches have samples, or nothing (everything) was violated.
double variance_inflation(const std::vector<StretchShare>& stretches);

}  // namespace squall::coordinator
