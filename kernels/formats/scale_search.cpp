#include "kernels/formats/scale_search.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::kernels {
namespace {

/// Nearest whole number, ties to even, of |x| < 2^51. Unlike std::nearbyint, loops of it vectorize.
double nearest(double x) {
  constexpr double whole_steps = 0x1.8p52;
  return (x + whole_steps) - whole_steps;
}

double quant_of(double value, double inverse, QuantRange range) {
  return nearest(std::clamp(value * inverse, static_cast<double>(range.lowest),
                            static_cast<double>(range.highest)));
}

}  // namespace

GroupOfWeights::GroupOfWeights(std::span<const float> values) : count_(values.size()) {
  assert(values.size() <= largest_group);
  double squares = 0.0;
  for (std::size_t i = 0; i < count_; ++i) {
    values_[i] = static_cast<double>(values[i]);
    squares += values_[i] * values_[i];
  }
  const double root_mean_square = std::sqrt(squares / static_cast<double>(count_));
  for (std::size_t i = 0; i < count_; ++i) weights_[i] = root_mean_square + std::abs(values_[i]);
}

Steps GroupOfWeights::best_symmetric(QuantRange range) const {
  double extreme = 0.0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (std::abs(values_[i]) > std::abs(extreme)) extreme = values_[i];
  }
  if (extreme == 0.0) return {};
  Steps best;
  double best_gain = 0.0;
  // The extreme value shall be near an end of the range, up to a step beyond or before it.
  for (const int end : {range.lowest, range.highest}) {
    for (int tenth = -10; tenth <= 10; tenth += 2) {
      const double inverse = (end + 0.1 * tenth) / extreme;
      double products = 0.0;
      double squares = 0.0;
      for (std::size_t i = 0; i < count_; ++i) {
        const double quant = quant_of(values_[i], inverse, range);
        products += weights_[i] * values_[i] * quant;
        squares += weights_[i] * quant * quant;
      }
      // With these quants the best scale is products / squares; it reduces the error by this much.
      const double gain = squares > 0.0 ? products * products / squares : 0.0;
      if (gain <= best_gain) continue;
      best_gain = gain;
      best.scale = products / squares;
    }
  }
  return best;
}

Steps GroupOfWeights::best_affine(QuantRange range) const {
  const auto [least_value, greatest_value] = std::minmax_element(values_, values_ + count_);
  const double bottom = std::min(*least_value, 0.0);
  const double width = *greatest_value - bottom;
  if (width <= 0.0) return {.scale = 0.0, .least = -bottom};

  Steps best{.scale = width / range.highest, .least = -bottom};
  double best_error = error(best, range);
  for (int tenth = -10; tenth <= 10; tenth += 2) {
    const double inverse = (range.highest + 0.1 * tenth) / width;
    double total = 0.0, of_quants = 0.0, of_squares = 0.0, of_values = 0.0, of_products = 0.0;
    for (std::size_t i = 0; i < count_; ++i) {
      const double quant = quant_of(values_[i] - bottom, inverse, range);
      total += weights_[i];
      of_quants += weights_[i] * quant;
      of_squares += weights_[i] * quant * quant;
      of_values += weights_[i] * values_[i];
      of_products += weights_[i] * values_[i] * quant;
    }
    // The straight line of least weighted squares through (quant, value).
    const double determinant = total * of_squares - of_quants * of_quants;
    if (determinant <= 0.0) continue;
    Steps line{.scale = (total * of_products - of_values * of_quants) / determinant,
               .least = (of_quants * of_products - of_squares * of_values) / determinant};
    if (line.least < 0.0) line = {.scale = of_products / of_squares, .least = 0.0};
    const double line_error = error(line, range);
    if (line.scale <= 0.0 || line_error >= best_error) continue;
    best = line;
    best_error = line_error;
  }
  return best;
}

void GroupOfWeights::round(const Steps& steps, QuantRange range, int* quants) const {
  const double inverse = steps.scale != 0.0 ? 1.0 / steps.scale : 0.0;
  for (std::size_t i = 0; i < count_; ++i) {
    quants[i] = static_cast<int>(quant_of(values_[i] + steps.least, inverse, range));
  }
}

double GroupOfWeights::error(const Steps& steps, QuantRange range) const {
  const double inverse = steps.scale != 0.0 ? 1.0 / steps.scale : 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < count_; ++i) {
    const double quant = quant_of(values_[i] + steps.least, inverse, range);
    const double difference = steps.scale * quant - steps.least - values_[i];
    sum += weights_[i] * difference * difference;
  }
  return sum;
}

}  // namespace squall::kernels
