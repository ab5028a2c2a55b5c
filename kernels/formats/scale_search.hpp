#pragma once
// Finds the scale of a group of weights that loses least when the weights are rounded to its steps.
//
// Least is the sum of weight * error^2, where large values weigh more, since they do more to a
// product: weight = root mean square of the group + |value|. In double precision throughout: no
// float, however large, overflows it.

#include <cstddef>
#include <span>

namespace squall::kernels {

/// Quants that a group may have.
struct QuantRange {
  int lowest;
  int highest;
};

/// value = scale * quant - least
struct Steps {
  double scale = 0.0;
  double least = 0.0;
};

constexpr std::size_t largest_group = 32;

class GroupOfWeights {
 public:
  GroupOfWeights() = default;
  explicit GroupOfWeights(std::span<const float> values);  // at most largest_group

  /// The best scale of any sign; `least` is 0.
  Steps best_symmetric(QuantRange range) const;
  /// The best scale and least, neither below 0; range.lowest is 0.
  Steps best_affine(QuantRange range) const;

  /// Of each value the nearest quant.
  void round(const Steps& steps, QuantRange range, int* quants) const;
  /// What is lost then.
  double error(const Steps& steps, QuantRange range) const;

 private:
  std::size_t count_ = 0;
  double values_[largest_group] = {};
  double weights_[largest_group] = {};
};

}  // namespace squall::kernels
