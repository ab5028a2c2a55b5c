#include "coordinator/fleet/output/fleet_page.hpp"

#include <algorithm>
#include <functional>

#include "coordinator/pages/page.hpp"
#include "coordinator/run/metrics_timeline.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;
using Rows = std::vector<std::vector<PageCell>>;

PageCell text(std::string value, Tone tone = Tone::plain) { return {std::move(value), tone}; }
PageCell number(std::string value, Tone tone = Tone::plain) {
  return {std::move(value), tone, true};
}

void answer(Page& page, const FleetPrediction& told) {
  const FleetResult& result = told.result;
  if (told.search && told.search->machines) {
    page.verdict(Tone::good, plural(*told.search->machines, "machine"),
                 "are the fewest that meet every threshold, in the simulation.");
  } else if (told.search) {
    page.verdict(Tone::bad, "Not even " + plural(told.most, "machine"),
                 "meet every threshold, in the simulation.");
  } else {
    page.verdict(Tone::plain, readable_rate(result.tokens_per_second) + " tokens/s",
                 "and " + readable_rate(result.requests_per_second) + " answers/s come from " +
                     plural(result.machines, "machine") + ", in the simulation.");
  }
  page.paragraph("Load: " + told.load + ". Requests are sent " +
                 std::string(name_of(told.options.routing)) + ".");
}

void search(Page& page, const FleetPrediction& told) {
  if (!told.search) return;
  page.section("search", "How many machines?");
  PageTable table{"", {"machines", "", "tokens/s", "ttft p95"}, {}};
  for (const FleetProbe& probe : told.search->probes) {
    const auto ttft = estimate(probe.result, probe.result.ttft, 95);
    table.rows.push_back(
        {number(readable_count(probe.machines)),
         text(probe.enough ? "enough" : "too few", probe.enough ? Tone::good : Tone::bad),
         number(readable_rate(probe.result.tokens_per_second)),
         number(ttft.samples == 0 ? "" : (ttft.at_least ? ">= " : "") + readable(ttft.value))});
  }
  page.table(table);
}

void latency(Page& page, const FleetPrediction& told) {
  page.section("latency", "Latency, simulated");
  PageTable table{"", {"", "p50", "p90", "p95", "p99", "mean", "max"}, {}};
  const auto add = [&](const char* name, const actors::Histogram& durations) {
    std::vector<PageCell> row{text(name)};
    for (const double percentile : {50.0, 90.0, 95.0, 99.0}) {
      const auto found = estimate(told.result, durations, percentile);
      row.push_back(found.enough ? number((found.at_least ? ">= " : "") + readable(found.value))
                                 : number("insufficient", Tone::quiet));
    }
    const bool any = durations.count() > 0;
    row.push_back(number(any ? readable(durations.mean()) : ""));
    row.push_back(number(any ? readable(durations.maximum()) : ""));
    table.rows.push_back(std::move(row));
  };
  add("ttft", told.result.ttft);
  add("tpot", told.result.tpot);
  add("e2e", told.result.e2e);
  add("queue", told.result.queue);
  page.table(table);
}

void thresholds(Page& page, const FleetPrediction& told) {
  if (told.goals.empty()) return;
  page.section("thresholds", "Thresholds, simulated");
  PageTable table{"", {"threshold", "simulated", ""}, {}};
  for (const FleetGoal& goal : told.goals)
    table.rows.push_back(goal.predicted
                             ? std::vector<PageCell>{text(goal.threshold.text),
                                                     number(predicted_in_words(goal)),
                                                     text(goal.met ? "met" : "missed",
                                                          goal.met ? Tone::good : Tone::bad)}
                             : std::vector<PageCell>{text(goal.threshold.text), number(""),
                                                     text("not simulated", Tone::quiet)});
  page.table(table);
}

void machines(Page& page, const FleetPrediction& told) {
  page.section("machines", "Machines, simulated");
  PageTable table{
      "",
      {"kind", "machines", "busy", "least busy", "most busy", "batch", "waiting", "most waiting"},
      {}};
  for (const KindResult& kind : told.result.kinds)
    table.rows.push_back(
        {text(kind.name), number(readable_count(kind.count)),
         number(readable_share(kind.utilisation)), number(readable_share(kind.lowest_utilisation)),
         number(readable_share(kind.highest_utilisation)), number(readable_rate(kind.mean_batch)),
         number(readable_rate(kind.mean_waiting)), number(readable_count(kind.most_waiting))});
  page.table(table);
}

ChartSeries course_of(const FleetResult& result, const char* name,
                      const std::function<std::optional<double>(const FleetMoment&)>& value) {
  ChartSeries series{.name = name, .x = {}, .y = {}};
  for (const FleetMoment& moment : result.course) {
    series.x.push_back(in_seconds(moment.at));
    series.y.push_back(value(moment));
  }
  return series;
}

void course(Page& page, const FleetPrediction& told) {
  const FleetResult& result = told.result;
  if (result.course.size() < 2) return;
  page.section("course", "Over time, simulated");
  const ChartAxis time{"time since the start", "clock"};
  Chart tokens{.id = "tokens", .title = "Output tokens", .x = time, .y = {"", "tokens/s"}};
  tokens.linked = "course";
  tokens.series.push_back(course_of(
      result, "tokens", [](const FleetMoment& moment) { return moment.tokens_per_second; }));
  page.chart(tokens);
  Chart requests{.id = "requests", .title = "Requests", .x = time, .y = {"requests", ""}};
  requests.linked = "course";
  requests.series.push_back(
      course_of(result, "in flight", [](const FleetMoment& moment) { return moment.in_flight; }));
  requests.series.push_back(
      course_of(result, "waiting", [](const FleetMoment& moment) { return moment.waiting; }));
  page.chart(requests);
  Chart ttft{.id = "ttft", .title = "Time to first token, p95", .x = time, .y = {"", "s"}};
  ttft.linked = "course";
  ttft.series.push_back(course_of(result, "ttft p95", [](const FleetMoment& moment) {
    return moment.ttft_p95 > nanoseconds{0} ? std::optional(in_seconds(moment.ttft_p95))
                                            : std::nullopt;
  }));
  page.chart(ttft);
  Chart busy{.id = "busy", .title = "Machines at work", .x = time, .y = {"", "share"}};
  busy.linked = "course";
  busy.series.push_back(
      course_of(result, "busy", [](const FleetMoment& moment) { return moment.busy; }));
  page.chart(busy);
}

void measured(Page& page, const FleetPrediction& told) {
  if (!told.measured) return;
  page.section("measured", "Beside a measurement");
  page.paragraph("Run " + told.measured->run + " was measured" +
                 (told.measured->same_scenario
                      ? " with this scenario."
                      : " with another scenario: figures differ for that, too."));
  PageTable table{"", {"figure", "simulated", "measured", "difference"}, {}};
  for (const FigurePair& pair : beside_measurement(told))
    table.rows.push_back({text(pair.name), number(figure_in_words(pair.name, pair.predicted)),
                          number(figure_in_words(pair.name, pair.measured)),
                          number(difference_in_words(pair.error()))});
  page.table(table);
}

/// Each measured step with what the law says of it: points on the line are told exactly.
void law(Page& page, const LawFile& file, const std::string& kind, std::size_t place) {
  page.section("law-" + std::to_string(place + 1), "Law of step times: " + kind);
  std::string source =
      file.law.model.empty() ? "Nobody said which model this law is of" : "Model " + file.law.model;
  if (!file.law.backend.empty()) source += ", " + file.law.backend;
  if (file.law.threads > 0) source += ", " + plural(file.law.threads, "thread");
  page.paragraph(source + ".");
  if (!file.residuals)
    return page.paragraph("It is as it was written, not fitted to a measurement.");
  page.paragraph("Fitted to " + plural(file.steps.size(), "measured step") + ". It is off by " +
                 readable_share(file.residuals->median) + " (median), " +
                 readable_share(file.residuals->p95) + " (p95), " +
                 readable_share(file.residuals->largest) +
                 " (largest); repetitions of one step spread over " +
                 readable_share(file.residuals->spread) + " (median).");
  Chart chart{.id = "law-chart-" + std::to_string(place + 1),
              .title = "Step times: law and measurement",
              .x = {"measured", "s", true},
              .y = {"by the law", "s", true}};
  ChartSeries points{.name = "steps", .style = ChartStyle::points, .x = {}, .y = {}};
  std::vector<double> ends;
  for (const MeasuredStep& step : file.steps) {
    points.x.push_back(step.seconds);
    points.y.push_back(file.law.seconds(step.work));
    ends.push_back(step.seconds);
  }
  const auto [least, most] = std::ranges::minmax(ends);
  chart.series.push_back(std::move(points));
  chart.series.push_back(
      {.name = "equal", .style = ChartStyle::dashed, .x = {least, most}, .y = {least, most}});
  page.chart(chart);
}

}  // namespace

std::string fleet_page(const FleetPrediction& told) {
  Page page("Simulated fleet: " + told.scenario);
  page.banner(simulated_banner);
  answer(page, told);
  search(page, told);
  measured(page, told);
  thresholds(page, told);
  latency(page, told);
  machines(page, told);
  course(page, told);
  for (std::size_t i = 0; i < told.laws.size(); ++i)
    law(page, told.laws[i], told.options.machines[i].name, i);
  page.section("assumptions", "What this takes for granted");
  page.list(told.assumptions);
  return page.html();
}

}  // namespace squall::coordinator
