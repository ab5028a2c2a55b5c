#include "scenarios/load/load_shape.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "scenarios/load/portable_math.hpp"

namespace squall::scenarios {

namespace {

constexpr double pi = 0x1.921fb54442d18p+1;
constexpr double for_ever = std::numeric_limits<double>::infinity();

double seconds(nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

// The offset of a wave within its period, in turns: whole periods are taken off exactly.
double turns(const LoadPiece& piece, nanoseconds offset) {
  return static_cast<double>((offset % piece.period).count()) /
         static_cast<double>(piece.period.count());
}

double slope(const LoadPiece& piece) {
  return piece.length.count() > 0 ? (piece.to - piece.from) / seconds(piece.length) : 0;
}

double straight_total(const LoadPiece& piece, double u) {
  return piece.from * u + slope(piece) * u * u / 2;
}

// How much a whole wave's total rises above that of the straight part, at most: amplitude times
// (1 - cos) / (2 pi) periods.
double wave_height(const LoadPiece& piece) { return piece.amplitude * seconds(piece.period) / pi; }

// 1 - cos(2 a) = 2 sin(a)^2, without the cancellation.
double wave_total(const LoadPiece& piece, double turned) {
  const double sine = sine_of_turns(turned / 2);
  return wave_height(piece) * sine * sine;
}

// Where the straight part's total is `total`. The form of the solution that never cancels.
double when_straight_total_is(const LoadPiece& piece, double total) {
  if (total <= 0) return 0;
  const double bend = slope(piece);
  if (bend == 0) return total / piece.from;
  const double root = std::sqrt(std::max(0.0, piece.from * piece.from + 2 * bend * total));
  return 2 * total / (piece.from + root);
}

// The wave only adds, and never more than its height: that brackets the answer. Newton's steps,
// halved instead where they would leave the bracket.
double when_waving_total_is(const LoadPiece& piece, double total) {
  double low = when_straight_total_is(piece, std::max(0.0, total - wave_height(piece)));
  double high = when_straight_total_is(piece, total);
  const double per_period = 1 / seconds(piece.period);
  const double height = wave_height(piece);
  const double bend = slope(piece);
  double u = low + (high - low) / 2;
  for (int step = 0; step < 200; ++step) {
    const double turned = u * per_period - std::floor(u * per_period);
    const double half_sine = sine_of_turns(turned / 2);
    const double excess = (piece.from + bend * u / 2) * u + height * half_sine * half_sine - total;
    (excess > 0 ? high : low) = u;
    const double value = piece.from + bend * u + piece.amplitude * sine_of_turns(turned);
    const double next = value > 0 ? u - excess / value : for_ever;
    const double before = u;
    u = next > low && next < high ? next : low + (high - low) / 2;
    if (std::abs(u - before) <= 1e-13 + u * 0x1p-52) break;
  }
  return u;
}

double offset_of_total(const LoadPiece& piece, double total) {
  return piece.amplitude > 0 ? when_waving_total_is(piece, total)
                             : when_straight_total_is(piece, total);
}

bool is_sound(const LoadPiece& piece, bool last) {
  const bool lasts =
      piece.length.count() > 0 || (last && piece.length.count() == 0 && piece.from == piece.to);
  const double lowest = std::min(piece.from, piece.to);
  return lasts && lowest >= 0 && piece.amplitude >= 0 && piece.amplitude <= lowest &&
         (piece.amplitude == 0 || piece.period.count() > 0);
}

}  // namespace

double LoadPiece::value_at(nanoseconds offset) const {
  double value = from;
  if (from != to) {
    value +=
        (to - from) * (static_cast<double>(offset.count()) / static_cast<double>(length.count()));
  }
  if (amplitude > 0) value += amplitude * sine_of_turns(turns(*this, offset));
  return std::max(0.0, value);
}

double LoadPiece::total_until(nanoseconds offset) const {
  const double straight = straight_total(*this, seconds(offset));
  return amplitude > 0 ? straight + wave_total(*this, turns(*this, offset)) : straight;
}

double LoadPiece::highest(nanoseconds offset) const {
  const LoadPiece straight{length, from, to, 0, {}};
  return std::max(from, straight.value_at(offset)) + amplitude;
}

LoadShape::LoadShape(std::vector<LoadPiece> pieces) : pieces_(std::move(pieces)) {
  assert(!pieces_.empty());
  nanoseconds begin{0};
  double total = 0;
  for (const LoadPiece& piece : pieces_) {
    assert(is_sound(piece, &piece == &pieces_.back()));
    beginnings_.push_back(begin);
    totals_.push_back(total);
    begin += piece.length;
    total += piece.total_until(piece.length);
  }
  beginnings_.push_back(begin);
  totals_.push_back(total);
  final_ = pieces_.back();
  if (final_.length.count() > 0) {
    const double value = final_.value_at(final_.length);
    final_ = {nanoseconds{0}, value, value, 0, {}};
  }
}

LoadShape LoadShape::constant(double value) { return LoadShape({{nanoseconds{0}, value, value}}); }

LoadShape::Position LoadShape::position_at(nanoseconds since_start) const {
  assert(since_start.count() >= 0);
  const auto after = std::upper_bound(beginnings_.begin(), beginnings_.end(), since_start);
  const auto index = static_cast<std::size_t>(after - beginnings_.begin()) - 1;
  return {index < pieces_.size() ? &pieces_[index] : &final_, beginnings_[index], totals_[index]};
}

double LoadShape::value_at(nanoseconds since_start) const {
  const Position at = position_at(since_start);
  return at.piece->value_at(since_start - at.begin);
}

double LoadShape::total_until(nanoseconds since_start) const {
  const Position at = position_at(since_start);
  return at.total + at.piece->total_until(since_start - at.begin);
}

nanoseconds LoadShape::when_total_is(double total) const {
  // The last piece that has not more than `total` before it.
  const auto after = std::upper_bound(totals_.begin(), totals_.end(), total);
  if (after == totals_.begin()) return nanoseconds{0};
  const auto index = static_cast<std::size_t>(after - totals_.begin()) - 1;
  const LoadPiece& piece = index < pieces_.size() ? pieces_[index] : final_;
  if (&piece == &final_ && piece.from <= 0) return nanoseconds::max();
  const double rounded = std::floor(offset_of_total(piece, total - totals_[index]) * 1e9 + 0.5);
  const auto left = static_cast<double>((nanoseconds::max() - beginnings_[index]).count());
  if (!(rounded < left)) return nanoseconds::max();
  const nanoseconds at = beginnings_[index] + nanoseconds(static_cast<std::int64_t>(rounded));
  return &piece == &final_ ? at : std::min(at, beginnings_[index + 1]);
}

double LoadShape::highest(nanoseconds until) const {
  double highest = 0;
  for (std::size_t index = 0; index < pieces_.size() && beginnings_[index] < until; ++index) {
    const LoadPiece& piece = pieces_[index];
    const nanoseconds left = until - beginnings_[index];
    highest = std::max(
        highest, piece.highest(piece.length.count() > 0 ? std::min(left, piece.length) : left));
  }
  return std::max(highest, beginnings_.back() < until ? final_.from : 0);
}

}  // namespace squall::scenarios
