#include "coordinator/fleet/fleet_course.hpp"

#include <algorithm>
#include <cmath>

namespace squall::coordinator {

namespace {

constexpr double most_moments = 600;

nanoseconds to_nanoseconds(double seconds) {
  return nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

/// Rank ceil(0.95 n), as everywhere.
nanoseconds p95_of(std::vector<float>& values) {
  if (values.empty()) return nanoseconds{0};
  const auto rank = static_cast<std::ptrdiff_t>((values.size() * 95 + 99) / 100);
  const auto place = values.begin() + (rank - 1);
  std::nth_element(values.begin(), place, values.end());
  return to_nanoseconds(static_cast<double>(*place));
}

}  // namespace

double overlap(double from, double to, double begin, double end) {
  return std::max(0.0, std::min(to, end) - std::max(from, begin));
}

FleetCourse::FleetCourse(double length, std::uint32_t machines)
    : length_(std::max(length, 1.0)),
      bin_length_(std::max(1.0, std::ceil(length_ / most_moments))),
      machines_(machines),
      bins_(static_cast<std::size_t>(std::ceil(length_ / bin_length_))) {}

FleetCourse::Bin& FleetCourse::bin_at(double at) {
  last_ = std::max(last_, at);
  const auto index = static_cast<std::size_t>(std::max(0.0, at) / bin_length_);
  return bins_[std::min(index, bins_.size() - 1)];
}

void FleetCourse::spread(double Bin::*field, double from, double to, double rate) {
  to = std::min(to, length_);
  if (to <= from) return;
  last_ = std::max(last_, to);
  auto index = static_cast<std::size_t>(from / bin_length_);
  for (; index < bins_.size() && static_cast<double>(index) * bin_length_ < to; ++index) {
    const double begin = static_cast<double>(index) * bin_length_;
    bins_[index].*field += rate * overlap(from, to, begin, begin + bin_length_);
  }
}

std::vector<FleetMoment> FleetCourse::moments(double at_least) {
  const double until = std::min(length_, std::max(last_, at_least));
  std::vector<FleetMoment> all;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    const double begin = static_cast<double>(i) * bin_length_;
    const double length = overlap(begin, begin + bin_length_, 0, until);
    if (length <= 0) break;
    Bin& bin = bins_[i];
    all.push_back({.at = to_nanoseconds(begin),
                   .in_flight = bin.in_flight / length,
                   .waiting = bin.waiting / length,
                   .busy = bin.busy / length / machines_,
                   .tokens_per_second = bin.tokens / length,
                   .started = bin.started,
                   .answered = bin.answered,
                   .ttft_p95 = p95_of(bin.ttfts)});
  }
  return all;
}

}  // namespace squall::coordinator
