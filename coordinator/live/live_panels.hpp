#pragma once
// The parts of a live view that show figures, each as lines that may be cut at the right and still
// make sense. Pure; live_frame.hpp says which of them a terminal has room for. What agents and
// servers wrote is made safe to print here.

#include <cstddef>
#include <vector>

#include "coordinator/live/live_status.hpp"
#include "coordinator/text/styled_line.hpp"

namespace squall::coordinator {

using Panel = std::vector<StyledLine>;

/// Where a panel is drawn.
struct PanelSpace {
  std::size_t width = 80, rows = 24;
  bool unicode = false;
};

// One line each.
StyledLine head_line(const LiveStatus& status, std::size_t width);
StyledLine progress_line(const LiveStatus& status, std::size_t width);
StyledLine load_line(const LiveStatus& status);
StyledLine rates_line(const LiveStatus& status, std::size_t width);
StyledLine errors_line(const LiveStatus& status);
/// "ttft p50 1.20 ms  p95 …", of the whole run.
StyledLine latency_line(const std::string& name, const LiveLatency& latency, bool of_warm_up);

/// One row: ttft of the whole run. Two: e2e, too; three: tpot, too. Four: a table with those of
/// now, where it is wide enough.
Panel latency_panel(const LiveStatus& status, const PanelSpace& space);
/// "212 ms", ">=3.1 s", or "-" where there is none.
std::string value_in_words(const std::optional<nanoseconds>& value, bool at_least);
/// "160", or "-".
std::string rate_in_words(const std::optional<double>& rate);
/// "8/8 users, 7 in flight"
std::string users_in_words(const LiveStatus& status);
/// Those who are not well: ", 1 lost, 2 suspect, 1 paused"; empty when all are.
std::string troubled_agents(const LiveStatus& status);

}  // namespace squall::coordinator
