#pragma once
// A whole terminal full of a running test. What there is no room for gives way in a fixed order, so
// that a small terminal shows the same things in the same places at every moment. Pure;
// terminal.hpp says where it is drawn.
//
// Kept longest: what runs, how far it is, the load, the rates, the latencies, the worst threshold,
// the audit, the errors, the keys. Then, where there is room, come news, agents, the chart of
// throughput, all thresholds, the table of latencies, the chart of latency; and all of them grow.

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/live/live_status.hpp"

namespace squall::coordinator {

struct FrameStyle {
  std::size_t width = 80, rows = 24;  // that may be written to
  bool colour = false, unicode = false;
  bool paused = false;              // says so: the figures are those of some time ago
  bool help = false;                // says what the keys do
  bool keys = true;                 // whether there are any
  std::vector<std::string> news{};  // what was told above the view, in order; safe to print
};

/// At most `rows` lines, none wider than `width`.
std::vector<std::string> live_frame(const LiveStatus& status, const FrameStyle& style);

}  // namespace squall::coordinator
