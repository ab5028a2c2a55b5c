#pragma once
// The course of the last minutes as charts of a live view: throughput, and time to first token.
// Pure.

#include <string>
#include <vector>

#include "coordinator/live/live_panels.hpp"

namespace squall::coordinator {

/// Fewer rows are no chart: a title, two rows, the axis and its times.
inline constexpr std::size_t shortest_chart = 5;

/// `space.rows` lines, the first of them a title. The whole run where it is short, else its last
/// five minutes.
Panel throughput_chart(const LiveStatus& status, const PanelSpace& space);

/// The median filled, the 95th percentile as a line; of the requests that ended in each second.
Panel latency_chart(const LiveStatus& status, const PanelSpace& space);

}  // namespace squall::coordinator
