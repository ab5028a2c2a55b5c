#pragma once
// A quantity over time: users at work, or arrivals per second. What a scenario calls constant,
// ramp, steps, spike, sine, soak or stages is a list of pieces here, so that plans, previews and
// tests know one thing only. Pure arithmetic with portable functions: the same on every machine.

#include <chrono>
#include <cstddef>
#include <vector>

namespace squall::scenarios {

using std::chrono::nanoseconds;

/// From its beginning, at offset u: from + (to - from) * u / length + amplitude * sin(2 pi u /
/// period). Never negative.
struct LoadPiece {
  nanoseconds length{0};  // above 0, but for the last: 0 there means for ever
  double from = 0, to = 0;
  double amplitude = 0;  // at most min(from, to): a load is never negative
  nanoseconds period{0};

  double value_at(nanoseconds offset) const;
  /// The integral from the piece's beginning, in quantity times seconds.
  double total_until(nanoseconds offset) const;
  /// The largest value before `offset`, or a little more where it waves.
  double highest(nanoseconds offset) const;

  friend bool operator==(const LoadPiece&, const LoadPiece&) = default;
};

class LoadShape {
 public:
  /// At least one piece. After the last piece its final value holds.
  explicit LoadShape(std::vector<LoadPiece> pieces);
  static LoadShape constant(double value);

  double value_at(nanoseconds since_start) const;
  /// The integral from 0, in quantity times seconds; never decreasing.
  double total_until(nanoseconds since_start) const;
  /// The last instant at which total_until is at most `total`, rounded to a nanosecond: where the
  /// load is zero for a while, what is due at its beginning comes at its end. The far future
  /// (nanoseconds::max()) when the total never becomes more.
  nanoseconds when_total_is(double total) const;
  double highest(nanoseconds until) const;  // an upper bound of the value before `until`

  const std::vector<LoadPiece>& pieces() const { return pieces_; }
  /// When piece `index` begins; pieces().size(): when the final value begins to hold.
  nanoseconds beginning(std::size_t index) const { return beginnings_[index]; }

  friend bool operator==(const LoadShape& one, const LoadShape& other) {
    return one.pieces_ == other.pieces_;
  }

 private:
  struct Position {
    const LoadPiece* piece;
    nanoseconds begin;
    double total;  // until `begin`
  };
  Position position_at(nanoseconds since_start) const;

  std::vector<LoadPiece> pieces_;
  LoadPiece final_;                      // holds after the last piece
  std::vector<nanoseconds> beginnings_;  // of each piece, then of `final_`
  std::vector<double> totals_;           // until then
};

}  // namespace squall::scenarios
