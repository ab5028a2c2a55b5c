#include "coordinator/report/formats/interval_histograms.hpp"

#include <algorithm>

namespace squall::coordinator {

namespace {

std::int64_t whole_seconds(nanoseconds length) {
  return std::chrono::ceil<std::chrono::seconds>(length).count();
}

}  // namespace

IntervalHistograms::IntervalHistograms(nanoseconds run_length)
    : seconds_(std::max<std::int64_t>(
          1, (whole_seconds(run_length) + most_intervals - 1) / most_intervals)) {}

void IntervalHistograms::add(const actors::MetricsSnapshot& snapshot) {
  const auto& durations = snapshot[actors::Phase::measure].durations;
  const bool any =
      std::ranges::any_of(durations, [](const auto& each) { return each.count() > 0; });
  if (!any) return;
  const auto second = std::chrono::floor<std::chrono::seconds>(snapshot.from).count();
  auto& part = parts_[second / seconds_];
  for (std::size_t metric = 0; metric < durations.size(); ++metric)
    part[metric].merge(durations[metric]);
}

std::vector<IntervalHistograms::Interval> IntervalHistograms::intervals() const {
  std::vector<Interval> all;
  for (const auto& [number, durations] : parts_)
    all.push_back(
        {std::chrono::seconds(number * seconds_), std::chrono::seconds(seconds_), durations});
  return all;
}

}  // namespace squall::coordinator
