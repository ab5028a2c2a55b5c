#include "coordinator/plan/output/plan_charts.hpp"

#include <algorithm>
#include <cmath>

#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t curve_points = 60;
constexpr double drawn_beyond = 1.5, asked_beyond = 3;  // of the largest N measured

std::string axis_of(LoadKind kind) {
  return kind == LoadKind::users ? "users" : "requests asked per second";
}

/// Measured points of one figure, those within the limits and those beyond them.
template <class Figure>
void add_points(Chart& chart, const CapacityPlan& plan, Figure figure) {
  ChartSeries met{.name = "within the limits", .style = ChartStyle::points, .x = {}, .y = {}};
  ChartSeries missed{.name = "limits missed", .style = ChartStyle::points, .x = {}, .y = {}};
  std::vector<const LoadProbe*> probes;
  for (const auto& probe : plan.probes)
    if (probe.usable() && figure(probe)) probes.push_back(&probe);
  std::ranges::stable_sort(probes, {}, [](const LoadProbe* probe) { return probe->load; });
  for (const LoadProbe* probe : probes) {
    ChartSeries& series = probe->missed() ? missed : met;
    series.x.push_back(probe->load);
    series.y.push_back(figure(*probe));
  }
  for (auto* series : {&met, &missed})
    if (!series->x.empty()) chart.series.push_back(std::move(*series));
}

void add_answer(Chart& chart, const CapacityFindings& findings) {
  if (findings.estimate.capacity > 0)
    chart.marks.push_back({"capacity", findings.estimate.capacity, false});
  if (findings.confirmed())
    chart.marks.push_back({"confirmed", findings.confirmation->load, false});
}

/// The fitted law with its band. Beyond what the measurement supports it is a series of its own.
void add_law(Chart& chart, const ScalingLaw& law, bool extrapolate) {
  ChartSeries fitted{.name = "scaling law, 95 % band", .style = ChartStyle::line, .x = {}, .y = {}};
  ChartSeries beyond{.name = "extrapolated", .style = ChartStyle::dashed, .x = {}, .y = {}};
  const double from = law.points.front().users;
  const double to = law.largest * (extrapolate ? asked_beyond : drawn_beyond);
  for (std::size_t i = 0; i <= curve_points; ++i) {
    const double share = static_cast<double>(i) / curve_points;
    const double users = from * std::pow(to / from, share);
    ChartSeries& series = law.is_extrapolated(users) ? beyond : fitted;
    const Interval band = law.band(users);
    series.x.push_back(users);
    series.y.push_back(law.fitted.throughput(users));
    series.low.push_back(band.low);
    series.high.push_back(band.high);
  }
  chart.series.push_back(std::move(fitted));
  if (!beyond.x.empty()) chart.series.push_back(std::move(beyond));
}

Chart throughput_chart(const CapacityPlan& plan, const CapacityFindings& findings,
                       bool extrapolate) {
  Chart chart{.id = "throughput",
              .title = "Answers per second against load",
              .x = {axis_of(plan.kind), "", false},
              .y = {"answers per second", "", false}};
  add_points(chart, plan, [](const LoadProbe& probe) { return probe.requests_per_second; });
  // The law of an open load is over requests in flight, and has a chart of its own.
  if (plan.kind == LoadKind::users && findings.law) {
    add_law(chart, *findings.law, extrapolate);
    if (findings.knee) chart.marks.push_back({"knee", *findings.knee, false});
  }
  add_answer(chart, findings);
  return chart;
}

Chart law_chart(const ScalingLaw& law, const CapacityFindings& findings, bool extrapolate) {
  Chart chart{.id = "scaling-law",
              .title = "Answers per second against requests in flight",
              .x = {"requests in flight, mean", "", true},
              .y = {"answers per second", "", false}};
  ChartSeries measured{.name = "measured", .style = ChartStyle::points, .x = {}, .y = {}};
  for (const auto& point : law.points) {
    measured.x.push_back(point.users);
    measured.y.push_back(point.throughput);
  }
  chart.series.push_back(std::move(measured));
  add_law(chart, law, extrapolate);
  if (findings.knee) chart.marks.push_back({"knee", *findings.knee, false});
  return chart;
}

/// The latency of a percentile with the limits that are on it.
template <class Figure>
Chart latency_chart(const char* metric, const CapacityPlan& plan, const CapacityFindings& findings,
                    Figure figure) {
  Chart chart{.id = std::string(metric) + "-against-load",
              .title = std::string(metric) + " p95 against load",
              .x = {axis_of(plan.kind), "", false},
              .y = {std::string(metric) + " p95", "s", true}};
  add_points(chart, plan, figure);
  for (const auto& text : plan.limits) {
    try {
      const auto limit = scenarios::parse_threshold(text);
      const bool here = scenarios::describe(limit.metric).name == metric && limit.limit > 0 &&
                        limit.percentile == 95;
      if (here) chart.marks.push_back({text, limit.limit, true});
    } catch (const scenarios::ThresholdError&) {
      continue;  // of a newer release
    }
  }
  add_answer(chart, findings);
  return chart;
}

}  // namespace

std::vector<Chart> plan_charts(const CapacityPlan& plan, const CapacityFindings& findings,
                               bool extrapolate) {
  std::vector<Chart> charts;
  const auto add = [&](Chart chart) {
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  };
  add(throughput_chart(plan, findings, extrapolate));
  if (plan.kind == LoadKind::requests && findings.law)
    add(law_chart(*findings.law, findings, extrapolate));
  add(latency_chart("ttft", plan, findings, [](const auto& probe) { return probe.ttft_p95; }));
  add(latency_chart("e2e", plan, findings, [](const auto& probe) { return probe.e2e_p95; }));
  return charts;
}

}  // namespace squall::coordinator
