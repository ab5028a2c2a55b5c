#include "coordinator/campaign/results/campaign_page.hpp"

#include <algorithm>
#include <map>

#include "coordinator/campaign/results/result_tables.hpp"
#include "coordinator/pages/page.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t most_named_cells = 12;  // more names than this no legend can tell apart
constexpr double wide = 30;                   // of the greatest over the smallest: a log scale

PageCell to_page(const ResultCell& cell) {
  PageCell made{cell.text, PageCell::Tone::plain, cell.number};
  switch (cell.tone) {
    case ResultCell::Tone::good:
      made.tone = PageCell::Tone::good;
      break;
    case ResultCell::Tone::doubtful:
      made.tone = PageCell::Tone::doubtful;
      break;
    case ResultCell::Tone::bad:
      made.tone = PageCell::Tone::bad;
      break;
    case ResultCell::Tone::quiet:
      made.tone = PageCell::Tone::quiet;
      break;
    case ResultCell::Tone::plain:
      break;
  }
  return made;
}

void add_table(Page& page, const ResultTable& table) {
  PageTable made{table.caption, table.head, {}};
  for (const auto& row : table.rows) {
    std::vector<PageCell> cells;
    for (const auto& cell : row) cells.push_back(to_page(cell));
    made.rows.push_back(std::move(cells));
  }
  page.table(made);
}

std::string title_of(std::string figure) {
  std::replace(figure.begin(), figure.end(), '_', ' ');
  return figure;
}

struct FrontPoint {
  double throughput, latency;
  const CellResult* cell;
};

std::vector<FrontPoint> points_of(const CampaignResults& results) {
  std::vector<FrontPoint> points;
  for (const auto& cell : results.cells) {
    const auto throughput = cell.figures.find("tokens_per_second");
    const auto latency = cell.figures.find(results.front_latency);
    if (throughput != cell.figures.end() && latency != cell.figures.end())
      points.push_back({throughput->second.median, latency->second.median, &cell});
  }
  std::sort(points.begin(), points.end(), [](const FrontPoint& one, const FrontPoint& other) {
    return one.throughput < other.throughput;
  });
  return points;
}

template <class Values>
bool spans_wide(const Values& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return low != values.end() && *low > 0 && *high / *low > wide;
}

void add_points(Chart& chart, const std::vector<FrontPoint>& points) {
  const bool named = points.size() <= most_named_cells;
  for (const auto& point : points) {
    if (named || chart.series.empty())
      chart.series.push_back({.name = named ? point.cell->cell.label : "cells",
                              .style = ChartStyle::points,
                              .x = {},
                              .y = {}});
    chart.series.back().x.push_back(point.throughput);
    chart.series.back().y.emplace_back(point.latency);
  }
  ChartSeries front{.name = "not beaten by any other", .style = ChartStyle::line, .x = {}, .y = {}};
  for (const auto& point : points) {
    if (!point.cell->on_front) continue;
    front.x.push_back(point.throughput);
    front.y.emplace_back(point.latency);
  }
  if (!front.x.empty()) chart.series.push_back(std::move(front));
}

/// What the other axes of a cell are: the name of its line.
std::string other_values(const CellResult& cell, const std::string& axis) {
  std::string text;
  for (const auto& [title, label] : cell.cell.values)
    if (title != axis) text += (text.empty() ? "" : ", ") + title + "=" + label;
  return text.empty() ? "all cells" : text;
}

void add_gate(Page& page, const CampaignResults& results) {
  const ResultTable table = gate_table(results);
  if (table.rows.empty()) return;
  page.section("accepted", "Did it get worse?");
  page.paragraph("Each cell judged by its accepted runs, with exact rank statistics.");
  add_table(page, table);
}

void add_curves(Page& page, const CampaignResults& results) {
  const Chart front = front_chart(results);
  if (!front.series.empty()) {
    page.section("front", "Throughput against latency");
    page.paragraph(
        "A point is a cell's median. To the right is more throughput, below is a quicker answer; "
        "the line joins the cells that no other beats in both (Pareto front).");
    page.chart(front);
    add_table(page, front_table(results));
  }
  for (const auto& axis : numeric_axes(results)) {
    page.section("axis-" + id_within(axis), "Against " + axis);
    for (const auto& figure : figures_shown(results))
      if (Chart chart = axis_chart(results, axis, figure); !chart.series.empty()) page.chart(chart);
  }
}

PageCell::Tone tone_of(const CampaignResults& results) {
  if (results.exit_code == 0) return PageCell::Tone::good;
  return results.exit_code == 12 ? PageCell::Tone::doubtful : PageCell::Tone::bad;
}

}  // namespace

Chart front_chart(const CampaignResults& results) {
  Chart chart{.id = "chart-front",
              .title = "throughput against " + title_of(results.front_latency),
              .x = {"", "tokens/s"},
              .y = {title_of(results.front_latency), "s"}};
  const auto points = points_of(results);
  if (points.empty()) return chart;
  std::vector<double> latencies;
  for (const auto& point : points) latencies.push_back(point.latency);
  chart.y.logarithmic = spans_wide(latencies);
  add_points(chart, points);
  return chart;
}

Chart axis_chart(const CampaignResults& results, const std::string& axis,
                 const std::string& figure) {
  Chart chart{.id = "chart-" + id_within(axis + "-" + figure),
              .title = title_of(figure) + " against " + axis,
              .x = {axis, axis == "users" ? "users" : ""},
              .y = {"", unit_of_figure(figure)}};
  std::map<std::string, std::map<double, const FigureSpread*>> lines;
  std::vector<double> values;
  for (const auto& cell : results.cells) {
    const auto number = cell.cell.numbers.find(axis);
    const auto spread = cell.figures.find(figure);
    if (number == cell.cell.numbers.end() || spread == cell.figures.end()) continue;
    lines[other_values(cell, axis)][number->second] = &spread->second;
    values.push_back(number->second);
  }
  chart.x.logarithmic = spans_wide(values);
  for (const auto& [name, points] : lines) {
    ChartSeries series{.name = name, .style = ChartStyle::line, .x = {}, .y = {}};
    for (const auto& [x, spread] : points) {
      series.x.push_back(x);
      series.y.emplace_back(spread->median);
      if (results.repeats < 2) continue;  // no range
      series.low.emplace_back(spread->low);
      series.high.emplace_back(spread->high);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string campaign_page(const CampaignResults& results) {
  Page page("Campaign: " + results.campaign);
  const auto colon = results.sentence.find(": ");
  page.verdict(tone_of(results), results.sentence.substr(0, colon),
               results.sentence.substr(colon == std::string::npos ? 0 : colon + 2));
  for (const auto& banner : results.banners) page.banner(banner);
  if (!results.description.empty()) page.paragraph(results.description);
  page.paragraph(what_it_was(results));
  for (const auto& note : results.notes) page.paragraph(note);
  page.section("cells", "Cells");
  add_table(page, cell_table(results, true));
  if (!results.extremes.empty()) add_table(page, extremes_table(results));
  add_gate(page, results);
  add_curves(page, results);
  if (const ResultTable troubles = trouble_table(results); !troubles.rows.empty()) {
    page.section("troubles", "What did not go well");
    add_table(page, troubles);
  }
  return page.html();
}

}  // namespace squall::coordinator
