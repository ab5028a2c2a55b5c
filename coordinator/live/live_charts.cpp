#include "coordinator/live/live_charts.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "coordinator/preview/block_chart.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

/// Which seconds a chart shows: its left end, and how long it is.
struct Span {
  std::int64_t from = 0, length = 10;
};

Span span_of(const LiveStatus& status) {
  const auto whole = std::chrono::ceil<std::chrono::seconds>(status.planned).count();
  Span span;
  span.length = std::clamp<std::int64_t>(whole, 10, LiveStatus::seconds_shown);
  if (status.course.empty()) return span;
  const auto newest = std::chrono::floor<std::chrono::seconds>(status.course.back().at).count() + 1;
  span.from = std::max<std::int64_t>(0, newest - span.length);
  return span;
}

/// One value for each place of the chart, made by `value` of the seconds that it stands for:
/// several where there are more seconds than places, the same for several places where there are
/// fewer.
template <class Value>
std::vector<std::optional<double>> placed(const LiveStatus& status, const Span& span,
                                          std::size_t places, Value value) {
  std::vector<const TimelinePoint*> seconds(static_cast<std::size_t>(span.length));
  for (const TimelinePoint& point : status.course) {
    const auto at = std::chrono::floor<std::chrono::seconds>(point.at).count() - span.from;
    if (at >= 0 && at < span.length) seconds[static_cast<std::size_t>(at)] = &point;
  }
  std::vector<std::optional<double>> values(places);
  for (std::size_t i = 0; i < places; ++i) {
    const std::size_t first = i * seconds.size() / places;
    const std::size_t next = std::max(first + 1, (i + 1) * seconds.size() / places);
    std::vector<const TimelinePoint*> told;
    for (std::size_t at = first; at < next; ++at)
      if (seconds[at] != nullptr) told.push_back(seconds[at]);
    if (!told.empty()) values[i] = value(told);
  }
  return values;
}

using Seconds = std::vector<const TimelinePoint*>;

double mean_throughput(const Seconds& seconds) {
  double sum = 0;
  for (const TimelinePoint* each : seconds) sum += each->tokens_per_second;
  return sum / static_cast<double>(seconds.size());
}

/// The highest: a peak stays a peak however long the run.
std::optional<double> highest(const Seconds& seconds, nanoseconds LatencyQuantiles::*quantile) {
  std::optional<double> highest;
  for (const TimelinePoint* each : seconds)
    if (each->ttft.count > 0)
      highest = std::max(highest.value_or(0), in_seconds(each->ttft.*quantile));
  return highest;
}

Panel charted(StyledLine title, const ChartCourse& course, const Span& span,
              const BlockChartStyle& style, std::string (*written)(double)) {
  Panel panel{std::move(title)};
  const std::string from = readable_clock(std::chrono::seconds(span.from));
  const std::string to = readable_clock(std::chrono::seconds(span.from + span.length));
  for (std::string& line : course_chart(course, from, to, style, written))
    panel.emplace_back(std::move(line));
  return panel;
}

BlockChartStyle style_of(const PanelSpace& space) {
  assert(space.rows >= shortest_chart);
  return {space.width, space.rows - 3, space.unicode};
}

std::string seconds_in_words(double seconds) {
  return readable(std::chrono::round<nanoseconds>(std::chrono::duration<double>(seconds)));
}

}  // namespace

Panel throughput_chart(const LiveStatus& status, const PanelSpace& space) {
  const BlockChartStyle style = style_of(space);
  const Span span = span_of(status);
  ChartCourse course;
  course.area = placed(status, span, course_values(style), mean_throughput);
  return charted(StyledLine("tokens/s", Style::bold), course, span, style, readable_rate);
}

Panel latency_chart(const LiveStatus& status, const PanelSpace& space) {
  const BlockChartStyle style = style_of(space);
  const Span span = span_of(status);
  const std::size_t places = course_values(style);
  ChartCourse course;
  course.area = placed(status, span, places, [](const Seconds& seconds) {
    return highest(seconds, &LatencyQuantiles::p50);
  });
  course.line = placed(status, span, places, [](const Seconds& seconds) {
    return highest(seconds, &LatencyQuantiles::p95);
  });
  StyledLine title("ttft", Style::bold);
  title.add("  p50 filled, p95 above it", Style::dim);
  return charted(std::move(title), course, span, style, seconds_in_words);
}

}  // namespace squall::coordinator
