#include "coordinator/report/formats/hlog_report.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include "coordinator/report/formats/hdr_encoding.hpp"
#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

double in_seconds_since_start(nanoseconds instant) {
  return std::chrono::duration<double>(instant).count();
}

std::string line_of(const std::string& tag, double from, double length,
                    const actors::Histogram& histogram) {
  std::array<char, 120> numbers{};
  std::snprintf(numbers.data(), numbers.size(), "%.3f,%.3f,%.3f,", from, length,
                std::chrono::duration<double, std::milli>(histogram.maximum()).count());
  return (tag.empty() ? std::string() : "Tag=" + tag + ",") + numbers.data() +
         hdr_base64(histogram) + "\n";
}

/// What readers understand …
std::string directive(const std::string& text) { return "#[" + text + "]\n"; }
/// … and what they pass over.
std::string comment(const std::string& text) { return "# " + printable(text, 400) + "\n"; }

/// Intervals are relative to the base time. The common start comes a little after the run's own.
std::string head(const ReportedRun& run) {
  const auto start = seconds_since_1970(run.started_at).value_or(0);
  const std::string seconds = std::to_string(start) + ".000 (seconds since epoch)";
  std::string text = directive("Histogram log format version 1.3");
  text += directive("StartTime: " + seconds + ", " + printable(run.started_at, 40));
  text += directive("BaseTime: " + seconds);
  text += comment("squall run " + run.run + ", scenario " + run.scenario);
  for (const std::string& banner : run.banners) text += comment(banner);
  text += comment("completed requests of the measured phase, by the interval in which they ended");
  text += comment("values in microseconds, Interval_Max in milliseconds");
  return text;
}

bool has_bucket(const actors::Histogram& histogram) {
  return histogram.count() > histogram.underflow() + histogram.overflow();
}

/// What the format has no place for.
std::string left_out(const ReportedDuration& row) {
  const std::uint64_t outside = row.histogram->underflow() + row.histogram->overflow();
  if (outside == 0) return {};
  return comment(row.metric + ": " + std::to_string(outside) +
                 " values below 0 or beyond 38 hours are left out");
}

std::string name_of(std::size_t duration_metric) {
  return std::string(scenarios::metric_table.at(duration_metric).name);
}

}  // namespace

std::optional<std::int64_t> seconds_since_1970(const std::string& instant) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int length = 0;
  const int read = std::sscanf(instant.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day,
                               &hour, &minute, &second, &length);
  if (read != 6 || static_cast<std::size_t>(length) != instant.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto since = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                     std::chrono::minutes(minute) + std::chrono::seconds(second);
  return std::chrono::duration_cast<std::chrono::seconds>(since.time_since_epoch()).count();
}

std::string hlog_report(const ReportedRun& run,
                        const std::vector<IntervalHistograms::Interval>& intervals,
                        const std::string& only) {
  const auto wanted = [&](const std::string& metric) { return only.empty() || metric == only; };
  const auto tag = [&](const std::string& metric) { return only.empty() ? metric : ""; };
  std::string text = head(run);
  for (const ReportedDuration& row : run.measured.durations)
    if (row.histogram && wanted(row.metric)) text += left_out(row);
  text +=
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
  for (const auto& interval : intervals)
    for (std::size_t metric = 0; metric < interval.durations.size(); ++metric)
      if (wanted(name_of(metric)) && has_bucket(interval.durations[metric]))
        text += line_of(tag(name_of(metric)), in_seconds_since_start(interval.from),
                        in_seconds_since_start(interval.length), interval.durations[metric]);
  if (!intervals.empty()) return text;
  const double from = run.warm_up_length.value_or(0);
  const double length = run.window.value_or(run.measure_length.value_or(0));
  for (const ReportedDuration& row : run.measured.durations)
    if (row.histogram && wanted(row.metric) && has_bucket(*row.histogram))
      text += line_of(tag(row.metric), from, length, *row.histogram);
  return text;
}

}  // namespace squall::coordinator
