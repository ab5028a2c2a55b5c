#pragma once
// The parts of a live view that say how the run stands: thresholds and audit as lights, each with a
// symbol and a colour, and the agents as rows. Pure; what others wrote is made safe to print here.

#include "coordinator/live/live_panels.hpp"

namespace squall::coordinator {

/// In the order in which they are judged; where there are more than rows, the worst.
Panel thresholds_panel(const LiveStatus& status, const PanelSpace& space);

/// One after the other, the worst first.
Panel audit_panel(const LiveStatus& status, const PanelSpace& space);

/// A heading, the worst agents, and how many more there are; at least three rows, unless there is
/// one agent. The narrower, the fewer columns.
Panel agents_panel(const LiveStatus& status, const PanelSpace& space);

}  // namespace squall::coordinator
