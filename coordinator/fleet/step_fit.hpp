#pragma once
// From measured engine steps to a law: non-negative least squares on relative errors, with what is
// left unexplained. Pure arithmetic.

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "coordinator/fleet/engine_law.hpp"

namespace squall::coordinator {

/// Steps of the same work, measured some times.
struct MeasuredStep {
  StepWork work;
  double seconds = 0;  // the mean, above 0
  double lowest = 0, highest = 0;
  std::uint64_t times = 1;
};

/// How well a law tells the steps that it was fitted to: (law - measured) / measured.
struct FitResiduals {
  std::vector<double> relative;  // one a step, in their order
  double median = 0;             // of the absolute ones
  double p95 = 0, largest = 0;   // likewise
  double spread = 0;  // median over steps of (highest - lowest) / measured: how unquiet it was
};

/// Too few steps, or none that differ: what to measure.
struct FitError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Fills in the costs of `known`, whose limits and names stay. Rows cost piecewise: between the
/// numbers of rows 1, 4, 16, 64 … that were measured. Throws FitError.
EngineLaw fit_law(std::span<const MeasuredStep> steps, EngineLaw known);

FitResiduals residuals(std::span<const MeasuredStep> steps, const EngineLaw& law);

}  // namespace squall::coordinator
