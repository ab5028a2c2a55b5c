#pragma once
// Cosines and sines of the angles that a batch's positions turn by; every layer asks for the same.
//
// Kept as the kernels use them: element i of a head becomes
// value[i] * cosines[i] + value of i's partner * sines[i], the sign being in the sine.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/backend.hpp"

namespace squall::kernels {

/// How one position turns every head.
struct Rotation {
  RopePairs pairs;
  std::size_t dimensions;  // of a head that turn
  const float* cosines;    // [dimensions], with 8 floats to spare behind them
  const float* sines;      // likewise
};

class RotationTable {
 public:
  /// Computes what differs from the last call; operator[] then serves these positions.
  void prepare(std::span<const std::int32_t> positions, const RopeOptions& options);

  Rotation operator[](std::size_t index) const {
    const float* cosines = angles_.data() + index * stride();
    return {.pairs = pairs_,
            .dimensions = dimensions_,
            .cosines = cosines,
            .sines = cosines + dimensions_ + spare};
  }

 private:
  static constexpr std::size_t spare = 8;  // whole vectors may be read at the end
  std::size_t stride() const { return 2 * (dimensions_ + spare); }
  void set_frequencies(const RopeOptions& options);

  std::vector<std::int32_t> positions_;
  std::size_t dimensions_ = 0;
  RopePairs pairs_ = RopePairs::neighbours;
  std::vector<double> frequencies_;  // of each pair: angle per position
  std::vector<double> wanted_;       // scratch of prepare
  std::vector<float> angles_;        // [positions, 2, dimensions + spare]: cosines, sines
};

}  // namespace squall::kernels
