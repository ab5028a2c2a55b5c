#include "scenarios/load/work_stretches.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <optional>

#include "scenarios/load/portable_math.hpp"

namespace squall::scenarios {

namespace {

constexpr double two_pi = 0x1.921fb54442d18p+2;

// The two offsets within a period, in turns, at which the value turns from rising to falling and
// back: where amplitude * cos(2 pi x) * 2 pi / period = -slope. None when the straight part is too
// steep for the wave to turn it.
std::optional<std::array<double, 2>> turning_points(const LoadPiece& piece) {
  if (piece.amplitude <= 0) return std::nullopt;
  if (piece.from == piece.to) return std::array<double, 2>{0.25, 0.75};
  const double cosine = -(piece.to - piece.from) / static_cast<double>(piece.length.count()) *
                        static_cast<double>(piece.period.count()) / (piece.amplitude * two_pi);
  if (!(std::abs(cosine) < 1)) return std::nullopt;
  double low = 0, high = 0.5;  // the cosine falls from 1 to -1 between them
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (sine_of_turns(middle + 0.25) > cosine ? low : high) = middle;
  }
  return std::array<double, 2>{low, 1 - low};
}

// Whether both ends are whole numbers with which the crossing can be computed without rounding.
bool is_whole(const LoadPiece& piece) {
  const auto whole = [](double value) { return std::floor(value) == value && value <= 1e9; };
  return piece.amplitude == 0 && whole(piece.from) && whole(piece.to);
}

// length * part / whole, rounded down, without the product, which can exceed 64 bits.
nanoseconds fraction(nanoseconds length, std::int64_t part, std::int64_t whole) {
  const std::int64_t count = length.count();
  return nanoseconds(count / whole * part + count % whole * part / whole);
}

}  // namespace

WorkStretches::WorkStretches(const LoadShape& shape, nanoseconds until) {
  const auto& pieces = shape.pieces();
  for (std::size_t i = 0; i < pieces.size() && shape.beginning(i) < until; ++i) {
    const nanoseconds left = until - shape.beginning(i);
    const bool ends = pieces[i].length.count() > 0 && pieces[i].length < left;
    add_parts(pieces[i], shape.beginning(i), ends ? pieces[i].length : left);
  }
  const nanoseconds end = shape.beginning(pieces.size());
  if (pieces.back().length.count() > 0 && end < until) {
    const double value = shape.value_at(end);
    add_parts({nanoseconds{0}, value, value, 0, {}}, end, until - end);
  }
}

void WorkStretches::add_parts(const LoadPiece& piece, nanoseconds begin, nanoseconds length) {
  const auto add = [&](nanoseconds from, nanoseconds to) {
    to = std::min(to, length);
    if (from < to) {
      parts_.push_back({begin, from, to, piece.value_at(from), piece.value_at(to), piece});
    }
  };
  const auto turns = turning_points(piece);
  if (!turns) return add(nanoseconds{0}, length);
  nanoseconds before{0};
  for (nanoseconds period{0}; before < length; period += piece.period) {
    for (const double turn : *turns) {
      const double offset = turn * static_cast<double>(piece.period.count());
      const nanoseconds at = period + nanoseconds(static_cast<std::int64_t>(offset));
      add(before, at);
      before = at;
    }
  }
}

nanoseconds WorkStretches::crossing(const Part& part, std::uint64_t user) {
  const auto level = static_cast<double>(user);
  const LoadPiece& piece = part.piece;
  if (is_whole(piece)) {
    const bool rises = piece.to > piece.from;
    const double passed = rises ? level - piece.from : piece.from - level;
    const double whole = rises ? piece.to - piece.from : piece.from - piece.to;
    return fraction(piece.length, static_cast<std::int64_t>(passed),
                    static_cast<std::int64_t>(whole));
  }
  return crossing_by_interpolation(part, level);
}

// Regula falsi as the Illinois rule improves it: an end that stays twice counts half. Where the
// bracket still shrinks slowly it is halved.
nanoseconds WorkStretches::crossing_by_interpolation(const Part& part, double level) {
  nanoseconds low = part.begin, high = part.end;
  double low_excess = part.first - level, high_excess = part.last - level;
  const bool rises = part.last > part.first;
  for (int step = 1, side = 0; high - low > nanoseconds{1}; ++step) {
    const auto width = static_cast<double>((high - low).count());
    const double share = step % 4 == 0 ? 0.5 : low_excess / (low_excess - high_excess);
    const auto offset = nanoseconds(static_cast<std::int64_t>(width * share));
    const nanoseconds middle =
        std::clamp(low + offset, low + nanoseconds{1}, high - nanoseconds{1});
    const double excess = part.piece.value_at(middle) - level;
    if ((excess > 0) == rises) {
      high = middle;
      high_excess = excess;
      if (side == 1) low_excess /= 2;
      side = 1;
    } else {
      low = middle;
      low_excess = excess;
      if (side == -1) high_excess /= 2;
      side = -1;
    }
  }
  return high;
}

std::vector<WorkStretch> WorkStretches::above(std::uint64_t user) const {
  const auto level = static_cast<double>(user);
  std::vector<WorkStretch> stretches;
  const auto add = [&](nanoseconds start, nanoseconds end) {
    if (start >= end) return;
    if (!stretches.empty() && stretches.back().end == start) {
      stretches.back().end = end;
    } else {
      stretches.push_back({start, end});
    }
  };
  for (const Part& part : parts_) {
    const nanoseconds begin = part.piece_begin + part.begin, end = part.piece_begin + part.end;
    const bool first = part.first > level, last = part.last > level;
    if (first && last) add(begin, end);
    if (first == last) continue;
    const nanoseconds at = std::clamp(part.piece_begin + crossing(part, user), begin, end);
    first ? add(begin, at) : add(at, end);
  }
  return stretches;
}

}  // namespace squall::scenarios
