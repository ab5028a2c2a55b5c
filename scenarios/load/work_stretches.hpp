#pragma once
// When a load shape lies above a level: the stretches of time in which one user is at work.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scenarios/load/load_shape.hpp"

namespace squall::scenarios {

/// From `start` on, and no longer from `end` on.
struct WorkStretch {
  nanoseconds start{0};
  nanoseconds end{0};

  friend bool operator==(const WorkStretch&, const WorkStretch&) = default;
};

/// Cuts a shape into parts that only rise or only fall, once, and then finds any level in it.
class WorkStretches {
 public:
  /// Nothing at or after `until` is looked at.
  WorkStretches(const LoadShape& shape, nanoseconds until);

  /// When the shape lies above `user`, in order of time; stretches that touch are one. Straight
  /// parts between whole values are cut with whole numbers: exactly at length * (user - from) /
  /// (to - from), rounded down.
  std::vector<WorkStretch> above(std::uint64_t user) const;

 private:
  struct Part {  // of one piece
    nanoseconds piece_begin;
    nanoseconds begin, end;  // offsets in the piece
    double first, last;      // values at both ends; between them the value only rises or only falls
    LoadPiece piece;
  };
  static nanoseconds crossing(const Part& part, std::uint64_t user);
  static nanoseconds crossing_by_interpolation(const Part& part, double level);
  void add_parts(const LoadPiece& piece, nanoseconds begin, nanoseconds length);

  std::vector<Part> parts_;
};

}  // namespace squall::scenarios
