#include "kernels/cpu/rotation_table.hpp"

#include <algorithm>
#include <cmath>

namespace squall::kernels {

/// Few pairs: computed afresh at each call, so that no pointer of the options has to be remembered.
void RotationTable::set_frequencies(const RopeOptions& options) {
  wanted_.clear();
  for (std::size_t i = 0; i < options.rotated_dimensions; i += 2) {
    const double exponent =
        static_cast<double>(i) / static_cast<double>(options.rotated_dimensions);
    const double divisor = options.frequency_divisors != nullptr
                               ? static_cast<double>(options.frequency_divisors[i / 2])
                               : 1.0;
    wanted_.push_back(static_cast<double>(options.scale) *
                      std::pow(static_cast<double>(options.base), -exponent) / divisor);
  }
}

void RotationTable::prepare(std::span<const std::int32_t> positions, const RopeOptions& options) {
  set_frequencies(options);
  if (std::ranges::equal(positions, positions_) && wanted_ == frequencies_ &&
      options.pairs == pairs_) {
    return;
  }
  positions_.clear();  // until the angles are there: memory may end on the way
  frequencies_ = wanted_;
  pairs_ = options.pairs;
  dimensions_ = options.rotated_dimensions;
  angles_.assign(positions.size() * stride(), 0.0F);
  const std::size_t pairs = dimensions_ / 2;
  float* cosines = angles_.data();
  for (const std::int32_t position : positions) {
    float* sines = cosines + dimensions_ + spare;
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(position) * frequencies_[i];
      const bool neighbours = pairs_ == RopePairs::neighbours;
      const std::size_t own = neighbours ? 2 * i : i;
      const std::size_t other = neighbours ? own + 1 : i + pairs;
      cosines[own] = cosines[other] = static_cast<float>(std::cos(angle));
      sines[other] = static_cast<float>(std::sin(angle));
      sines[own] = -sines[other];
    }
    cosines += stride();
  }
  positions_.assign(positions.begin(), positions.end());
}

}  // namespace squall::kernels
