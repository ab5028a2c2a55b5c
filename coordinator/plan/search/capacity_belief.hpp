#pragma once
// Where the highest load within the limits may lie, as a probability over loads, given what every
// probe so far has shown: a probabilistic bisection. Pure arithmetic; the same on every machine.
//
// The model: on a scale of log odds the excess over a limit is a straight line over the logarithm
// of the load, of unknown steepness, that crosses 0 at the capacity; what lies far from the
// capacity may bend away from the line and counts for less. A few of a hundred probes may say
// anything at all. After Waeber, Frazier and Henderson, "Bisection search with noisy responses",
// 2013, with measured distances in place of mere signs where there are any.

#include <optional>
#include <vector>

#include "coordinator/plan/search/load_probe.hpp"

namespace squall::coordinator {

struct LoadEvidence {
  double load = 0;
  std::optional<Excess> excess{};  // none: only whether it was missed is known
  bool missed = false;
};

class CapacityBelief {
 public:
  /// Before any evidence every load between the two is as likely, on a scale of logarithms.
  /// Requires 0 < lowest < highest.
  CapacityBelief(const std::vector<LoadEvidence>& evidence, double lowest, double highest);

  /// The load below which the capacity lies with this probability, 0 < p < 1.
  double quantile(double p) const;
  /// By how much log odds grow with the logarithm of the load, near the capacity; the geometric
  /// mean of what it may be.
  double steepness() const { return steepness_; }

 private:
  void weigh(const std::vector<LoadEvidence>& evidence, double from, double to, std::size_t grid);
  double log_quantile(double p) const;

  std::vector<double> places_, weights_;  // logarithms of loads, and their probabilities
  double steepness_ = 0;
};

}  // namespace squall::coordinator
