#include <algorithm>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

const std::vector<Json>& seconds_of(const Json& report) {
  return entries(part(report, {"timeline"}));
}

Chart chart_over_time(const Json& report, const char* id, const char* title, const char* unit) {
  Chart chart;
  chart.id = id;
  chart.title = title;
  chart.x = {"time since the start", "clock"};
  chart.y = {"", unit};
  chart.marks = phase_marks(report);
  chart.linked = time_link;
  return chart;
}

/// One figure of each second, as `read` finds it.
template <class Read>
ChartSeries over_time(const Json& report, std::string name, ChartStyle style, Read read) {
  ChartSeries series;
  series.name = std::move(name);
  series.style = style;
  for (const Json& second : seconds_of(report)) {
    const auto at = number_in(second, "at");
    if (!at) continue;
    series.x.push_back(*at);
    series.y.push_back(read(second));
  }
  return series;
}

ChartSeries over_time(const Json& report, std::string name, const char* key,
                      ChartStyle style = ChartStyle::line) {
  return over_time(report, std::move(name), style,
                   [key](const Json& second) { return number_in(second, key); });
}

bool tells(const ChartSeries& series) {
  return std::ranges::any_of(series.y, [](const auto& value) { return value.has_value(); });
}

void add(Chart& chart, const ChartSeries& series) {
  if (tells(series)) chart.series.push_back(thinned(series, points_drawn));
}

void show(const Chart& chart, Page& page) {
  if (!chart.series.empty()) page.chart(chart);
}

/// Events that a reader should see in the chart; the table has them all.
std::vector<ChartMark> event_marks(const Json& report) {
  constexpr std::size_t most = 40;
  std::vector<ChartMark> marks;
  const auto add_from = [&](const Json& list, const char* what) {
    for (const Json& each : entries(list))
      if (const auto at = number_in(each, "at"); at && marks.size() < most)
        marks.push_back({text_in(each, "agent") + ": " + what + text_in(each, "what"), *at, false});
  };
  add_from(part(report, {"campaign", "lost"}), "lost");
  add_from(part(report, {"events"}), "");
  return marks;
}

void add_load_charts(const Json& report, Page& page) {
  Chart users = chart_over_time(report, "load-users", "Users at work: planned and real", "users");
  add(users, over_time(report, "planned", "planned_users", ChartStyle::dashed));
  const auto at_work = over_time(report, "at work", "active_users");
  const bool closed =
      std::ranges::any_of(at_work.y, [](const auto& value) { return value.value_or(0) > 0; });
  if (closed) add(users, at_work);
  if (closed || !users.series.empty()) show(users, page);

  Chart starts =
      chart_over_time(report, "load-requests",
                      "Load: requests planned, started and answered each second", "requests/s");
  add(starts, over_time(report, "planned", "planned_arrivals", ChartStyle::dashed));
  add(starts, over_time(report, "started", "starts"));
  add(starts, over_time(report, "answered", "answers_per_second"));
  const auto events = event_marks(report);
  starts.marks.insert(starts.marks.end(), events.begin(), events.end());
  show(starts, page);

  Chart tokens = chart_over_time(report, "throughput", "Output tokens each second", "tokens/s");
  add(tokens, over_time(report, "tokens", "tokens_per_second"));
  show(tokens, page);
}

/// Limits on the metric that can be drawn in its chart.
void add_limits(const Json& report, const std::string& metric, Chart& chart) {
  for (const Json& result : entries(part(report, {"thresholds"}))) {
    const auto limit = number_in(result, "limit");
    if (limit && text_in(result, "metric") == metric)
      chart.marks.push_back({text_in(result, "threshold"), *limit, true});
  }
}

void add_latency_chart(const Json& report, const std::string& metric, const std::string& meaning,
                       Page& page) {
  const auto quantile = [&](const char* which) {
    return [&metric, which](const Json& second) {
      return number_in(part(second, {metric.c_str()}), which);
    };
  };
  const std::string id = "course-" + metric, title = metric + ": " + meaning;
  Chart chart = chart_over_time(report, id.c_str(), title.c_str(), "s");
  ChartSeries band = over_time(report, "p50, up to p95", ChartStyle::line, quantile("p50"));
  if (!tells(band)) return;
  band.low = band.y;
  band.high = over_time(report, "", ChartStyle::line, quantile("p95")).y;
  add(chart, band);
  add(chart, over_time(report, "p99", ChartStyle::dashed, quantile("p99")));
  add_limits(report, metric, chart);
  show(chart, page);
}

/// The whole run in at most 30 stretches: what the charts show, for who cannot see them.
PageTable stretches_table(const Json& report) {
  constexpr std::size_t most = 30;
  const auto& seconds = seconds_of(report);
  PageTable table;
  table.caption = "The course of the run, in stretches";
  table.head = {"from",      "requests started",        "answered", "failed", "tokens/s",
                "in flight", "ttft p50, least and most"};
  const std::size_t each = std::max<std::size_t>(1, (seconds.size() + most - 1) / most);
  for (std::size_t from = 0; from < seconds.size(); from += each) {
    const std::size_t to = std::min(seconds.size(), from + each);
    std::uint64_t starts = 0, answers = 0, errors = 0;
    double tokens = 0, in_flight = 0;
    std::optional<double> least, most_ttft;
    for (std::size_t i = from; i < to; ++i) {
      starts += count_in(seconds[i], "starts");
      answers += count_in(seconds[i], "answers");
      errors += count_in(seconds[i], "errors");
      tokens += number_in(seconds[i], "tokens_per_second").value_or(0);
      in_flight += number_in(seconds[i], "in_flight").value_or(0);
      const auto ttft = number_in(part(seconds[i], {"ttft"}), "p50");
      if (!ttft) continue;
      least = std::min(least.value_or(*ttft), *ttft);
      most_ttft = std::max(most_ttft.value_or(*ttft), *ttft);
    }
    const auto length = static_cast<double>(to - from);
    const auto number = [](std::string text) {
      return PageCell{std::move(text), PageCell::Tone::plain, true};
    };
    const double at = std::clamp(number_in(seconds[from], "at").value_or(0), 0.0, 9e9);
    table.rows.push_back(
        {number(readable_clock(std::chrono::round<nanoseconds>(std::chrono::duration<double>(at)))),
         number(readable_count(starts)),
         number(readable_count(answers)),
         {readable_count(errors), errors > 0 ? PageCell::Tone::bad : PageCell::Tone::plain, true},
         number(readable_rate(tokens / length)),
         number(readable_rate(in_flight / length)),
         number(least ? duration_text(least) + " to " + duration_text(most_ttft) : "–")});
  }
  return table;
}

}  // namespace

std::vector<ChartMark> phase_marks(const Json& report) {
  const Json& phases = part(report, {"scenario", "phases"});
  const double warm_up = number_in(phases, "warm_up").value_or(0);
  std::vector<ChartMark> marks;
  if (warm_up > 0) marks.push_back({"measured from here", warm_up, false});
  if (const auto measure = number_in(phases, "measure"))
    marks.push_back({"load ends", warm_up + *measure, false});
  return marks;
}

void add_course(const Json& report, Page& page) {
  if (seconds_of(report).empty()) return;
  page.section("course", "The run over time");
  page.paragraph(
      "Charts over time share their cursor and zoom: drag over a stretch to look at it "
      "in all of them.");
  add_load_charts(report, page);
  add_latency_chart(report, "ttft", "time to first token, each second", page);
  add_latency_chart(report, "tpot", "time per output token, each second", page);
  add_latency_chart(report, "e2e", "whole answers, each second", page);
  Chart in_flight = chart_over_time(report, "in-flight", "Requests in flight", "requests");
  add(in_flight, over_time(report, "in flight", "in_flight"));
  show(in_flight, page);
  Chart errors = chart_over_time(report, "errors", "Errors and timeouts each second", "requests");
  add(errors, over_time(report, "failed", "errors", ChartStyle::steps));
  show(errors, page);
  Chart lag = chart_over_time(report, "loop-lag", "Lateness of the agents' own clocks, worst", "s");
  add(lag, over_time(report, "loop lag", "loop_lag"));
  show(lag, page);
  page.table(stretches_table(report));
}

void add_events(const Json& report, Page& page) {
  const auto& events = entries(part(report, {"events"}));
  const std::uint64_t left_out = count_in(report, "events_left_out");
  const Json& silence = part(report, {"longest_silence"});
  if (events.empty() && left_out == 0 && !silence.is_object()) return;
  page.section("events", "Events");
  if (silence.is_object())
    page.paragraph("No token came from " + duration_text(number_in(silence, "from")) + " to " +
                   duration_text(number_in(silence, "to")) + ", while " +
                   rate_text(number_in(silence, "mean_open")) + " requests were open on average.");
  constexpr std::size_t most = 300;
  PageTable table;
  table.head = {"at", "agent", "what"};
  for (std::size_t i = 0; i < std::min(most, events.size()); ++i)
    table.rows.push_back({{duration_text(number_in(events[i], "at")), PageCell::Tone::plain, true},
                          {text_in(events[i], "agent")},
                          {text_in(events[i], "what")}});
  if (!table.rows.empty()) page.table(table);
  if (events.size() > most)
    page.paragraph("And " + plural(events.size() - most, "more event") +
                   "; the JSON report has them.");
  if (left_out > 0) page.paragraph(plural(left_out, "more event") + " were not kept.");
}

}  // namespace squall::coordinator
