#include "coordinator/live/live_frame.hpp"

#include <algorithm>
#include <array>

#include "coordinator/live/light_panels.hpp"
#include "coordinator/live/live_charts.hpp"
#include "coordinator/live/live_panels.hpp"

namespace squall::coordinator {

namespace {

/// In the order in which they are drawn.
enum class Part : unsigned char {
  head,
  progress,
  throughput,
  latency_course,
  load,
  rates,
  latencies,
  errors,
  thresholds,
  audit,
  agents,
  news,
  keys
};
constexpr std::size_t part_count = 13;

constexpr std::size_t index_of(Part part) { return static_cast<std::size_t>(part); }

/// Two charts stand side by side from this width on.
constexpr std::size_t wide = 100;

/// Who gets room, and how many rows in all by then; one after the other, while there is room.
struct Claim {
  Part part;
  std::size_t rows;
};
constexpr std::size_t everything = 10'000;
constexpr std::array claims{Claim{Part::head, 1},
                            Claim{Part::progress, 1},
                            Claim{Part::load, 1},
                            Claim{Part::rates, 1},
                            Claim{Part::latencies, 2},
                            Claim{Part::thresholds, 1},
                            Claim{Part::audit, 1},
                            Claim{Part::errors, 1},
                            Claim{Part::keys, 1},
                            Claim{Part::news, 1},
                            Claim{Part::agents, 3},
                            Claim{Part::throughput, shortest_chart},
                            Claim{Part::thresholds, 3},
                            Claim{Part::latencies, 4},
                            Claim{Part::audit, 2},
                            Claim{Part::latency_course, shortest_chart},
                            Claim{Part::agents, 5},
                            Claim{Part::throughput, 8},
                            Claim{Part::latency_course, 8},
                            Claim{Part::thresholds, 6},
                            Claim{Part::audit, 3},
                            Claim{Part::news, 3},
                            Claim{Part::agents, 9},
                            Claim{Part::throughput, 10},
                            Claim{Part::latency_course, 10},
                            Claim{Part::thresholds, everything},
                            Claim{Part::agents, everything}};

/// A blank line stands before these, where rows are left over.
constexpr std::array groups{Part::throughput, Part::load,  Part::latencies, Part::errors,
                            Part::thresholds, Part::audit, Part::agents,    Part::news};

/// One panel to the right of another that is `field` wide.
Panel beside(Panel left, const Panel& right, std::size_t field) {
  left.resize(std::max(left.size(), right.size()));
  for (std::size_t i = 0; i < right.size(); ++i) {
    left[i].add(std::string(field - std::min(field, left[i].width()), ' '));
    left[i].append(right[i]);
  }
  return left;
}

class Frame {
 public:
  Frame(const LiveStatus& status, const FrameStyle& style)
      : status_(status), style_(style), side_by_side_(style.width >= wide) {
    deal();
  }

  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    for (std::size_t part = 0; part < index_of(Part::keys); ++part) {
      const Panel panel = panel_of(static_cast<Part>(part));
      if (panel.empty()) continue;
      const bool begins = std::ranges::find(groups, static_cast<Part>(part)) != groups.end();
      if (begins && spare_ > 0) {
        lines.emplace_back();
        --spare_;
      }
      for (const StyledLine& line : panel)
        lines.push_back(line.written(style_.width, style_.colour));
    }
    if (rows_of(Part::keys) > 0) {
      // At the very bottom, where they do not move.
      while (lines.size() + 1 < style_.rows) lines.emplace_back();
      lines.push_back(keys_line().written(style_.width, style_.colour));
    }
    return lines;
  }

 private:
  std::size_t& rows_of(Part part) { return rows_.at(index_of(part)); }

  void deal() {
    spare_ = style_.rows;
    for (const Claim& claim : claims) {
      std::size_t& rows = rows_of(claim.part);
      const std::size_t wanted = std::min(claim.rows, most(claim.part));
      if (wanted <= rows) continue;
      const std::size_t more = std::min(wanted - rows, spare_);
      if (rows + more < least(claim.part)) continue;
      rows += more;
      spare_ -= more;
    }
  }

  std::size_t most(Part part) const {
    switch (part) {
      case Part::latencies:
        return latency_panel(status_, space(everything)).size();
      case Part::thresholds:
        return status_.thresholds.size();
      case Part::audit:
        return audit_panel(status_, space(everything)).size();
      case Part::agents:
        return status_.agents.empty()
                   ? 0
                   : status_.agents.size() + (status_.agents_left_out > 0 ? 2 : 1);
      case Part::news:
        return style_.news.size();
      case Part::throughput:
        return everything;
      case Part::latency_course:
        return side_by_side_ ? 0 : everything;  // else it has no rows of its own
      default:
        return 1;
    }
  }

  /// With less it says nothing.
  std::size_t least(Part part) const {
    if (part == Part::throughput || part == Part::latency_course) return shortest_chart;
    if (part == Part::agents) return std::min<std::size_t>(most(part), 3);
    return 1;
  }

  PanelSpace space(std::size_t rows) const { return {style_.width, rows, style_.unicode}; }

  Panel panel_of(Part part) {
    const std::size_t rows = rows_of(part);
    if (rows == 0) return {};
    switch (part) {
      case Part::head:
        return {head_line(status_, style_.width)};
      case Part::progress:
        return {progress_line(status_, style_.width)};
      case Part::throughput:
        return charts(rows);
      case Part::latency_course:
        return latency_chart(status_, space(rows));
      case Part::load:
        return {load_line(status_)};
      case Part::rates:
        return {rates_line(status_, style_.width)};
      case Part::latencies:
        return latency_panel(status_, space(rows));
      case Part::errors:
        return {errors_line(status_)};
      case Part::thresholds:
        return thresholds_panel(status_, space(rows));
      case Part::audit:
        return audit_panel(status_, space(rows));
      case Part::agents:
        return agents_panel(status_, space(rows));
      case Part::news:
        return newest_news(rows);
      case Part::keys:
        break;
    }
    return {};
  }

  Panel charts(std::size_t rows) const {
    if (!side_by_side_) return throughput_chart(status_, space(rows));
    const std::size_t half = (style_.width - 2) / 2;
    const PanelSpace each{half, rows, style_.unicode};
    return beside(throughput_chart(status_, each), latency_chart(status_, each), half + 2);
  }

  Panel newest_news(std::size_t rows) const {
    Panel panel;
    for (std::size_t i = style_.news.size() - rows; i < style_.news.size(); ++i)
      panel.emplace_back(style_.news[i], Style::warning);
    return panel;
  }

  StyledLine keys_line() const {
    if (style_.paused)
      return StyledLine("view paused, the run goes on; p: follow it again", Style::warning);
    if (!style_.keys) return StyledLine("Ctrl-C: stop the load and report", Style::dim);
    if (style_.help)
      return StyledLine(
          "p: hold the view still; q: stop the load and report, as one Ctrl-C does; ?: hide this",
          Style::dim);
    return StyledLine("p pause view   q quit   ? keys", Style::dim);
  }

  const LiveStatus& status_;
  const FrameStyle& style_;
  bool side_by_side_;
  std::array<std::size_t, part_count> rows_{};
  std::size_t spare_ = 0;  // rows that nobody claimed
};

}  // namespace

std::vector<std::string> live_frame(const LiveStatus& status, const FrameStyle& style) {
  return Frame(status, style).lines();
}

}  // namespace squall::coordinator
