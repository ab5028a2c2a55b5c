#pragma once
// A chart as data, without markup: what the pages' script draws, the same in run reports,
// comparisons, trends, campaigns, capacity plans and the live dashboard. Undefined values are
// absent: a line has a gap there, never a 0.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace squall::coordinator {

/// "s", "tokens/s", "B", "B/s", "share" (0..1), "users", "" …: the script writes values as text
/// reports do ("12.3 ms", "1.2 GiB"). Of x axes also "clock" (seconds since the start: "1:05"),
/// "date" (seconds since 1970, UTC) and "percentile" (0..<100, drawn over 1 / (1 - p), so that 90,
/// 99 and 99.9 are equally far apart).
struct ChartAxis {
  std::string label, unit;
  bool logarithmic = false;
  std::vector<std::string> names{};  // of 0, 1, 2, … where these are no numbers: runs, metrics
};

enum class ChartStyle { line, dashed, steps, points, bars };

/// One value for each x; a band where low and high are given. Steps hold their value until the next
/// x. Bars on a logarithmic axis reach from their x to the next one (histograms), else they stand
/// in the middle of it.
struct ChartSeries {
  std::string name;
  ChartStyle style = ChartStyle::line;
  std::vector<double> x;
  std::vector<std::optional<double>> y;
  std::vector<std::optional<double>> low{}, high{};  // empty, or as long as x
};

/// A moment or a limit worth a line of its own: an event, a phase's end, a threshold, the knee.
struct ChartMark {
  std::string label;
  double at = 0;
  bool horizontal = false;  // `at` is of the y axis
};

/// How often what lay in which cell: time across, values up.
struct ChartHeat {
  std::vector<double> x_edges, y_edges;          // one more than cells; y of logarithmic width
  std::vector<std::vector<std::uint64_t>> rows;  // [x cell][y cell]
};

struct Chart {
  std::string id;     // see id_within(): where in the page it stands
  std::string title;  // what it shows, in a few words
  ChartAxis x, y;
  std::vector<ChartSeries> series{};
  std::vector<ChartMark> marks{};
  std::optional<ChartHeat> heat{};
  std::string linked{};  // charts of one name share zoom and cursor; empty: alone
};

/// "ttft-p99-9" of "ttft_p99.9": a name within an id, of letters, digits and '-' alone.
std::string id_within(const std::string& name);

/// What window.SquallCharts.draw and .update take. Values to six significant digits.
nlohmann::ordered_json chart_json(const Chart& chart);

/// At most so many points: each stretch keeps its smallest and greatest value, so that no spike is
/// lost. For long runs, whose page must stay small.
ChartSeries thinned(const ChartSeries& series, std::size_t points);

}  // namespace squall::coordinator
