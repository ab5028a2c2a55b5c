#include "coordinator/dashboard/live_course.hpp"

#include <algorithm>

namespace squall::coordinator {

namespace {

CoursePoint::Quantiles quantiles_of(const LatencyQuantiles& of) {
  if (of.count == 0) return {};
  return {in_seconds(of.p50), in_seconds(of.p95), in_seconds(of.p99)};
}

void take_worst(CoursePoint::Quantiles& mine, const CoursePoint::Quantiles& others) {
  for (std::size_t i = 0; i < mine.size(); ++i)
    mine[i] = std::max(mine[i], others[i]);  // an absent one is the least
}

}  // namespace

CoursePoint::CoursePoint(const TimelinePoint& point, std::optional<double> planned_then)
    : at(in_seconds(point.at)),
      tokens(point.tokens_per_second),
      answers(point.answers_per_second),
      errors(static_cast<double>(point.errors)),
      starts(static_cast<double>(point.starts)),
      in_flight(point.in_flight),
      users(static_cast<double>(point.active_users)),
      planned(planned_then),
      ttft(quantiles_of(point.ttft)),
      tpot(quantiles_of(point.tpot)),
      e2e(quantiles_of(point.e2e)) {}

void CoursePoint::merge(const CoursePoint& later) {
  const double mine = seconds, all = static_cast<double>(seconds) + later.seconds;
  const auto mean = [&](double& value, double other) {
    value = (value * mine + other * (all - mine)) / all;
  };
  mean(tokens, later.tokens);
  mean(answers, later.answers);
  mean(errors, later.errors);
  mean(starts, later.starts);
  mean(in_flight, later.in_flight);
  mean(users, later.users);
  if (planned && later.planned)
    mean(*planned, *later.planned);
  else if (later.planned)
    planned = later.planned;
  take_worst(ttft, later.ttft);
  take_worst(tpot, later.tpot);
  take_worst(e2e, later.e2e);
  seconds += later.seconds;
}

void LiveCourse::add(const TimelinePoint& second, std::optional<double> planned) {
  if (newest_ && second.at <= *newest_) return;
  newest_ = second.at;
  if (!points_.empty() && points_.back().seconds < seconds_a_point_) {
    points_.back().merge(CoursePoint(second, planned));
    return;
  }
  if (points_.size() == most_points) halve();
  points_.emplace_back(second, planned);
}

void LiveCourse::halve() {
  for (std::size_t i = 0; i < points_.size() / 2; ++i) {
    points_[i] = points_[2 * i];
    points_[i].merge(points_[2 * i + 1]);
  }
  points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(points_.size() / 2), points_.end());
  seconds_a_point_ *= 2;
  ++generation_;
}

std::vector<CoursePoint> LiveCourse::points_from(double at) const {
  const auto first = std::ranges::lower_bound(points_, at, {}, &CoursePoint::at);
  return {first, points_.end()};
}

}  // namespace squall::coordinator
